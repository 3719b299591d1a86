/**
 * What is shown on standard error and asked on standard input. Standard output belongs to the program.
 */
import { createInterface } from "node:readline";
import { type DeviceCode, SallyportError } from "@sallyport/auth-core";
import { requireOpenable } from "./browser.ts";

/** Print a line on standard error. */
function printLine(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Print the URL to sign in at. */
export function printUrl(url: URL): void {
  printLine(`Open this URL to sign in: ${url.href}`);
}

/** Print a device code and where to enter it (RFC 8628 §3.3). Throws `insecure_url` when that is no place for it. */
export function printDeviceCode({ userCode, verificationUri, verificationUriComplete, expiresAt }: DeviceCode): void {
  const minutes = Math.max(1, Math.round((expiresAt - Date.now()) / 60_000));
  const lines = [
    `To sign in, open ${openable(verificationUri)} on any device and enter the code ${printable(userCode)}`,
    ...(verificationUriComplete === undefined ? [] : [`or open ${openable(verificationUriComplete)}`]),
    `The code is good for ${minutes} ${minutes === 1 ? "minute" : "minutes"}.`,
  ];
  printLine(lines.join("\n"));
}

/** Ask for one line. Rejects with the signal's reason, or with `authorization_required` when the input ends. */
export function askLine(question: string, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    if (process.stdin.readableEnded || process.stdin.destroyed) return reject(inputEnded());
    // A terminal that reads by lines cuts them, at 1024 characters on some systems: shorter than many a callback.
    const terminal = process.stdin.isTTY === true;
    const reader = createInterface({ input: process.stdin, output: process.stderr, terminal, historySize: 0 });
    const finish = (settle: () => void): void => {
      signal.removeEventListener("abort", abort);
      reader.off("close", ended);
      reader.close();
      settle();
    };
    // What is printed next would stand behind the question.
    const unanswered = (reason: unknown): void =>
      finish(() => {
        printLine("");
        reject(reason);
      });
    const abort = (): void => unanswered(signal.reason);
    const ended = (): void => unanswered(inputEnded());
    signal.addEventListener("abort", abort, { once: true });
    reader.once("close", ended);
    // The reader takes the key from the terminal, which would have interrupted the program.
    reader.once("SIGINT", () => {
      reader.close();
      process.kill(process.pid, "SIGINT");
    });
    reader.question(question, (answer) => finish(() => resolve(answer)));
  });
}

function inputEnded(): SallyportError {
  return new SallyportError(
    "authorization_required",
    "The sign-in was not finished: standard input ended before the callback was pasted. Run this in a terminal.",
  );
}

function openable(text: string): string {
  if (URL.canParse(text)) return requireOpenable(new URL(text)).href;
  throw new SallyportError("insecure_url", "The authorization server's place to enter the code is no URL.");
}

// What a terminal obeys or hides: controls, marks of direction, separators of lines.
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "?");
}
