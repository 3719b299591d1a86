/** A real HTTP server that judges signed requests, and requests that are changed on their way to it. */
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { type Auth, createAuthFetch } from "@sallyport/auth-core";
import { onTestFinished } from "vitest";
import type { SignatureAccepted, SignatureRefused } from "../../src/index.ts";

/** What time it is at the server, and unless a test says otherwise at the client. */
export const at: number = Date.UTC(2026, 0, 1);

export type Verdict = SignatureAccepted | SignatureRefused;

export interface SignedServer {
  readonly url: string;
  readonly origin: string;
  /** What came of each request, with the body that was left to read. */
  readonly verdicts: (Verdict & { readonly body?: string })[];
}

/** Start a server; it stops with the test. */
export async function signedServer(verify: (request: Request) => Promise<Verdict>): Promise<SignedServer> {
  const verdicts: SignedServer["verdicts"] = [];
  const server = createServer(async (incoming, response) => {
    const verdict = await verify(asRequest(incoming)).catch((error: unknown) => error);
    if (verdict instanceof Error) {
      response.writeHead(503).end(verdict.message);
      return;
    }
    const judged = verdict as Verdict;
    const body = judged.valid ? Buffer.from(await judged.request.arrayBuffer()).toString("latin1") : "";
    verdicts.push({ ...judged, ...(judged.valid && { body }) });
    response.writeHead(judged.valid ? 200 : 401, { date: new Date(at).toUTCString() }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url: `${origin}/mcp`, origin, verdicts };
}

function asRequest(incoming: IncomingMessage): Request {
  const { method = "", url, headers, rawHeaders } = incoming;
  const pairs = rawHeaders.flatMap((name, index): [string, string][] =>
    index % 2 === 0 ? [[name, rawHeaders[index + 1] ?? ""]] : [],
  );
  // As frameworks do it, also without a body.
  const body = method === "GET" || method === "HEAD" ? null : (incoming as unknown as ReadableStream);
  const init: RequestInit & { duplex: "half" } = { method, headers: pairs, body, duplex: "half" };
  return new Request(`http://${headers.host}${url}`, init);
}

/** What is about to go over the wire. */
export interface Sent {
  url: string;
  readonly headers: Headers;
  method: string;
  body: BodyInit | null;
}

/** A `fetch` that signs, and then lets `tamper` change what is sent. */
export function tampered(auth: Auth, tamper: (sent: Sent) => void = () => {}): typeof fetch {
  return createAuthFetch(auth, {
    fetch: async (input, init = {}) => {
      const { method = "GET", body = null } = init;
      const sent: Sent = { url: String(input), headers: new Headers(init.headers), method, body };
      tamper(sent);
      return fetch(sent.url, { ...init, method: sent.method, headers: sent.headers, body: sent.body });
    },
  }) as typeof fetch;
}

/** A body whose sender lets time pass before its end, for a `Request`. */
export function heldBack(text: string, pass: () => void): RequestInit & { duplex: "half" } {
  const body = new ReadableStream(
    {
      pull(controller) {
        pass();
        controller.enqueue(new TextEncoder().encode(text));
        controller.close();
      },
    },
    { highWaterMark: 0 },
  );
  return { body, duplex: "half" };
}
