export { type Exit, exitCodes } from "./exit-codes.ts";
export type { Environment, Io, Output } from "./io.ts";
export { run } from "./run.ts";
