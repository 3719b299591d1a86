/**
 * What servers do that do not do what they should: answers for the script of a scripted authorization server.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { ScriptedAnswer } from "./scripted-types.ts";

/** An answer that is held back. */
export interface HeldAnswer extends ScriptedAnswer {
  /** Resolves once the first request waits for its answer. */
  readonly reached: Promise<void>;
  /** Give every request its usual answer, those that wait and those to come. */
  release(): void;
}

/** A status, with a body of JSON. */
export function answerJson(body: unknown, status = 200): ScriptedAnswer {
  return ({ response }) => {
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  };
}

/** A page where a message of the protocol was asked for, as proxies and captive portals send. */
export function answerHtml(status = 200): ScriptedAnswer {
  return ({ response }) => {
    response
      .writeHead(status, { "content-type": "text/html" })
      .end("<!doctype html><title>Sign in to the network</title>");
  };
}

/** A status without a body. */
export function answerStatus(status: number): ScriptedAnswer {
  return ({ response }) => {
    response.writeHead(status).end();
  };
}

/** A redirect. */
export function answerRedirect(location: string, status = 302): ScriptedAnswer {
  return ({ response }) => {
    response.writeHead(status, { location }).end();
  };
}

/** A redirect to itself with another query each time. */
export function answerEndlessRedirects(): ScriptedAnswer {
  let count = 0;
  return ({ request, response }) => {
    const path = request.url.split("?")[0];
    response.writeHead(302, { location: `${path}?${++count}` }).end();
  };
}

/** A body of JSON without an end: it flows until the client hangs up. */
export function answerEndlessBody(): ScriptedAnswer {
  return ({ response }) => {
    const chunk = " ".repeat(65_536);
    response.writeHead(200, { "content-type": "application/json" });
    const pour = () => {
      while (!response.destroyed && response.write(chunk));
    };
    response.on("drain", pour);
    pour();
  };
}

/** Headers, half a body, and nothing more. */
export function answerHalf(): ScriptedAnswer {
  return ({ response }) => {
    response.writeHead(200, { "content-type": "application/json", "content-length": "1000" }).write('{"issuer":');
  };
}

/** The socket is closed in place of an answer. */
export function answerHangUp(): ScriptedAnswer {
  return ({ response }) => {
    response.destroy();
  };
}

/** This answer to the first `times` requests, then the usual one. */
export function answerFirst(times: number, answer: ScriptedAnswer): ScriptedAnswer {
  let left = times;
  return (exchange) => (left-- > 0 ? answer(exchange) : exchange.usual());
}

/** No answer until it is released. */
export function answerHeld(): HeldAnswer {
  let release = (): void => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  let arrive = (): void => {};
  const reached = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  const held: ScriptedAnswer = async ({ usual }) => {
    arrive();
    await released;
    await usual();
  };
  return Object.assign(held, { reached, release });
}

/** An origin where nothing listens. */
export async function closedOrigin(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}
