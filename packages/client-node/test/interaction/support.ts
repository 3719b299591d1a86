/** What the tests of interactions share: raw requests, and errors by their code. */
import { type IncomingHttpHeaders, request } from "node:http";
import { connect } from "node:net";
import { isSallyportError, type SallyportError } from "@sallyport/auth-core";
import { expect } from "vitest";

/** An answer of the listener. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly title: string;
}

/** Visit a URL as a browser would, or with another method or other headers. */
export function visit(url: string | URL, method = "GET", headers: Record<string, string> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request(url, { method, headers, agent: false }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        body += chunk;
      });
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body, title: titleOf(body) }),
      );
      response.on("error", reject);
    })
      .on("error", reject)
      .end();
  });
}

/** Send bytes as they are and return all that comes back. */
export function sendRaw(port: number, text: string, host = "127.0.0.1"): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect(port, host, () => void socket.write(text));
    socket.setEncoding("utf8").on("data", (chunk: string) => {
      answer += chunk;
    });
    socket.on("close", () => resolve(answer)).on("error", reject);
  });
}

/** What a promise fails with: one of our errors. */
export async function failureOf(run: Promise<unknown>): Promise<SallyportError> {
  const error: unknown = await run.catch((error: unknown) => error);
  return isSallyportError(error) ? error : expect.unreachable(`no SallyportError: ${String(error)}`);
}

/** The URL that a sign-in begins at. */
export function authorizationUrl(state: string): URL {
  return new URL(`https://as.example/authorize?client_id=c&state=${state}`);
}

function titleOf(html: string): string {
  return /<title>(.*)<\/title>/.exec(html)?.[1] ?? "";
}
