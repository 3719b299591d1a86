/**
 * The calls that are compared: a POST as the MCP SDKs send it, over the network and with a `fetch` that answers at once.
 */
import { type AuthFetch, createAuthFetch } from "@sallyport/auth-core";
import type { Variant } from "./measure.ts";
import type { Scheme } from "./schemes.ts";

/** What every other row is compared with. */
export const bare = "bare fetch";
/** The same once more: how far it is from the first is what the noise of the machine is. */
export const bareAgain = "bare fetch, again";

/** About 300 bytes: a call of a tool. */
const body = JSON.stringify({
  jsonrpc: "2.0",
  id: 17,
  method: "tools/call",
  params: {
    name: "search",
    arguments: { query: "authentication ".repeat(10), limit: 10 },
    _meta: { progressToken: 17 },
  },
});

const protocolHeaders = {
  accept: "application/json, text/event-stream",
  "content-type": "application/json",
  "mcp-protocol-version": "2025-11-25",
  "mcp-session-id": "5f2b9d6c-7c1e-4d0b-9d55-3c8f0e5b7a21",
};

/** @param send - carries the requests: the platform's own, or {@link answerAtOnce}. */
export function variants(schemes: readonly Scheme[], origin: string, send: AuthFetch): Variant[] {
  const byHand = { ...protocolHeaders, authorization: "Bearer bench-token" };
  return [
    { name: bare, call: post(send, `${origin}/mcp`, byHand) },
    { name: bareAgain, call: post(send, `${origin}/mcp`, byHand) },
    ...schemes.map(({ name, auth, path = "/mcp" }) => ({
      name,
      call: post(createAuthFetch(auth, { fetch: send }), `${origin}${path}`, protocolHeaders),
    })),
  ];
}

/** Answers as the server does, without a network. */
export const answerAtOnce: AuthFetch = async (url, init) => {
  const challenge = challenges[new URL(String(url)).pathname];
  const refused = challenge !== undefined && !new Headers(init?.headers).has("authorization");
  if (!refused) return new Response("{}", { headers: { "content-type": "application/json" } });
  return new Response(null, { status: 401, headers: { "www-authenticate": challenge } });
};

const challenges: Readonly<Record<string, string>> = {
  "/digest": 'Digest realm="bench", qop="auth", algorithm=SHA-256, nonce="bmVpdGhlcg"',
  "/oauth": 'Bearer realm="bench"',
};

function post(send: AuthFetch, url: string, headers: Record<string, string>): Variant["call"] {
  return async (signal) => {
    const response = await send(url, { method: "POST", headers: new Headers(headers), body, signal });
    if (response.status !== 200) throw new Error(`${url} answered ${response.status}.`);
    await response.text();
  };
}
