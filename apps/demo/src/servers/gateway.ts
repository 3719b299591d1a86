/**
 * A gateway as many companies run: it knows callers by a password, a key or a pair of headers, and passes them on to
 * the MCP server under a token of its own. It is here to answer every scheme of the configuration with the real thing.
 */
import { timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type OutgoingHttpHeaders, type Server, request as send } from "node:http";
import type { People } from "../people.ts";

/** Headers by which callers identify themselves; none of them goes further than the gateway. */
const credentialHeaders = ["authorization", "cookie", "x-api-key", "x-service-key", "x-account", "x-secret"];

/** @param target - URL of the MCP server behind the gateway. */
export function gateway(target: string, people: People): Server {
  return createServer((incoming, response) => {
    const token = tokenFor(incoming, people);
    const headers: OutgoingHttpHeaders = { ...incoming.headers, host: new URL(target).host };
    for (const name of credentialHeaders) delete headers[name];
    if (token !== undefined) headers["authorization"] = `Bearer ${token}`;

    const outgoing = send(target, { method: incoming.method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      answer.pipe(response);
    });
    outgoing.once("error", () => response.headersSent || response.writeHead(502).end());
    response.once("close", () => outgoing.destroy());
    incoming.pipe(outgoing);
  });
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

function same(given: string | string[] | null | undefined, expected: string): boolean {
  const [a, b] = [Buffer.from(String(given ?? "")), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
