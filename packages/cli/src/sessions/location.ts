/**
 * Where sessions are kept.
 */
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import type { Environment } from "../io.ts";

/** Absolute path of the session folder: `~/.sallyport`, or where `SALLYPORT_HOME` says. */
export function sessionFolder(env: Environment): string {
  const chosen = env["SALLYPORT_HOME"];
  return chosen ? resolve(chosen) : join(homedir(), ".sallyport");
}
