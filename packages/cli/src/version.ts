/**
 * The version of this package, put in place when it is built.
 */
import manifest from "../package.json" with { type: "json" };

export const version: string = manifest.version;
