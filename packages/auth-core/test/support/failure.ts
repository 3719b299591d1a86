/** The error that a promise or a function ends with; fails the test when there is none. */
import { expect } from "vitest";
import { isSallyportError, type SallyportError } from "../../src/index.ts";

export async function failureOf(run: Promise<unknown> | (() => unknown)): Promise<SallyportError> {
  try {
    await (typeof run === "function" ? run() : run);
  } catch (error) {
    if (!isSallyportError(error)) throw error;
    return error;
  }
  return expect.unreachable("it should have failed");
}
