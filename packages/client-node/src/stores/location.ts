/**
 * Where Sallyport keeps what outlives a process.
 */
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import type { Environment } from "../environment.ts";

/**
 * Absolute path of the folder for everything that is kept: `~/.sallyport`, or where `SALLYPORT_HOME` says.
 *
 * @param env - the environment. Default: `process.env`.
 *
 * @example
 * ```ts
 * import { sallyportHome } from "@sallyport/client-node";
 *
 * sallyportHome({ SALLYPORT_HOME: "/srv/agent" }); // "/srv/agent"
 * ```
 */
export function sallyportHome(env: Environment = process.env): string {
  const chosen = env["SALLYPORT_HOME"];
  return chosen ? resolve(chosen) : join(homedir(), ".sallyport");
}

/** Absolute path of the folder for credentials: the one that was chosen, or `credentials` in {@link sallyportHome}. */
export function credentialFolder(chosen: string | undefined): string {
  return chosen === undefined ? join(sallyportHome(), "credentials") : resolve(chosen);
}
