/**
 * Where the stdio test server lies: a script for a child process, `node <path>`.
 */
import { fileURLToPath } from "node:url";

/** A server of SDK 2.x over stdio, with the tools `echo`, `environment` (the value of a variable) and `count` (with progress). */
export const stdioServerScript: string = fileURLToPath(new URL("../fixtures/stdio-server.mjs", import.meta.url));
