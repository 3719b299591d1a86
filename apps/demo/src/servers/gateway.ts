/**
 * A gateway as many companies run: it knows callers by a password, a key, a pair of headers or a signature, and passes
 * them on to the MCP server under a token of its own. It is here to answer every scheme of the configuration with the
 * real thing.
 */
import type { KeyObject } from "node:crypto";
import {
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type Server,
  type ServerResponse,
  request as send,
} from "node:http";
import type { People } from "../people.ts";
import { same } from "./same.ts";
import { SignedCaller } from "./signed-callers.ts";

/** Headers by which callers identify themselves; none of them goes further than the gateway. */
const credentialHeaders =
  /^(?:authorization|cookie|content-digest|signature|signature-input|x-(?:api-key|service-key|account|secret|timestamp|nonce|signature|amz-.*))$/;

/**
 * @param target - URL of the MCP server behind the gateway.
 * @param aliceKey - verifies what Alice signs with her private key.
 */
export function gateway(target: string, people: People, aliceKey: KeyObject): Server {
  const alice = new SignedCaller(people.alice, aliceKey);
  const answer = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await readBody(incoming);
    if (body === undefined) return void response.writeHead(413).end();
    const token =
      tokenFor(incoming, people) ?? ((await alice.signed(webRequest(incoming, body))) ? people.alice : undefined);
    if (token === undefined) return void response.writeHead(401, { "www-authenticate": alice.challenge }).end();
    const headers: OutgoingHttpHeaders = {
      ...incoming.headers,
      host: new URL(target).host,
      authorization: `Bearer ${token}`,
    };
    for (const name of Object.keys(incoming.headers)) {
      if (credentialHeaders.test(name) && name !== "authorization") delete headers[name];
    }

    const outgoing = send(target, { method: incoming.method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      answer.pipe(response);
    });
    outgoing.once("error", () => response.headersSent || response.writeHead(502).end());
    response.once("close", () => outgoing.destroy());
    outgoing.end(body);
  };
  return createServer((incoming, response) => {
    // A caller that hangs up in the middle of its request.
    answer(incoming, response).catch(() => response.destroy());
  });
}

const bodyLimit = 1_000_000;

/** The body, which signatures are verified over; `undefined` when it is too large. */
async function readBody(incoming: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > bodyLimit) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function webRequest({ method = "GET", url = "/", headers }: IncomingMessage, body: Buffer): Request {
  const pairs = Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)]);
  const content = method === "GET" || method === "HEAD" ? null : new Uint8Array(body);
  return new Request(`http://${headers.host}${url}`, { method, headers: pairs, body: content });
}

/** The token of the person whose credential this is, by the first scheme that fits. */
function tokenFor({ headers, url }: IncomingMessage, people: People): string | undefined {
  const basic = `Basic ${Buffer.from(`alice:${people.alice}`).toString("base64")}`;
  const cookies = headers.cookie?.split("; ") ?? [];
  const isAlice =
    same(headers.authorization, basic) ||
    same(headers["x-api-key"], people.alice) ||
    same(headers["x-service-key"], `Key ${people.alice}`) ||
    same(new URL(url ?? "/", "http://gateway").searchParams.get("key"), people.alice) ||
    cookies.some((cookie) => same(cookie, `session=${people.alice}`));
  if (isAlice) return people.alice;
  return headers["x-account"] === "bob" && same(headers["x-secret"], people.bob) ? people.bob : undefined;
}
