/** What becomes of an authorization server's refusals: RFC 6749 §5.2; no secret in them, and foreign words bounded. */
import {
  type AuthorizationServer,
  type Client,
  ClientSecretBasic,
  ClientSecretPost,
  genericTokenEndpointRequest,
  isDPoPNonceError,
  processGenericTokenEndpointResponse,
} from "oauth4webapi";
import { describe, expect, it } from "vitest";
import { SallyportError } from "../../../src/index.ts";
import { isTransient, OAuthMessageError } from "../../../src/oauth/errors.ts";
import {
  endpointName,
  type MessageContext,
  messageError,
  requestOptions,
} from "../../../src/oauth/messages/message.ts";
import { type Answer, answering } from "../../support/authorization-server.ts";

const server: AuthorizationServer = { issuer: "https://as.example", token_endpoint: "https://as.example/token?v=1" };
const client: Client = { client_id: "client-1" };
const secret = "s3cr3t/with+signs";
const refreshToken = "refresh-token-1234567890";

async function send(context: MessageContext, authentication = ClientSecretPost(secret)): Promise<unknown> {
  const form = { refresh_token: refreshToken, scope: "read write", resource: "https://mcp.example/mcp" };
  const options = requestOptions(context);
  const response = await genericTokenEndpointRequest(server, client, authentication, "refresh_token", form, options);
  return processGenericTokenEndpointResponse(server, client, response);
}

async function refusal(answer: Answer, authentication = ClientSecretPost(secret)): Promise<OAuthMessageError> {
  try {
    await send(answering(answer), authentication);
  } catch (error) {
    const failure = messageError(
      error,
      "token_request_failed",
      `The token request at ${endpointName(server.token_endpoint)}`,
    );
    if (failure instanceof OAuthMessageError) return failure;
    throw failure;
  }
  return expect.unreachable("it should have been refused");
}

const json = (status: number, body: unknown, headers: Record<string, string> = {}): Response =>
  Response.json(body, { status, headers });

describe("an error of the server", () => {
  it("is named, with its status, place and description", async () => {
    const error = await refusal(json(400, { error: "invalid_grant", error_description: "The token has expired" }));
    expect(error).toMatchObject({ code: "token_request_failed", oauthError: "invalid_grant", status: 400 });
    expect(error.message).toBe(
      'The token request at https://as.example/token was answered with 400 and the error "invalid_grant": "The token has expired".',
    );
    expect(error.cause).toBeUndefined();
    expect(error.name).toBe("OAuthMessageError");
  });

  it("counts beside a challenge, which the body explains (RFC 6749 §5.2)", async () => {
    const error = await refusal(json(401, { error: "invalid_client" }, { "www-authenticate": 'Basic realm="as"' }));
    expect(error).toMatchObject({ oauthError: "invalid_client", status: 401 });
    expect(error.message).toMatch(/"invalid_client"\. Check the client's id, and the secret or key/);
  });

  it("counts though the status is 200", async () => {
    const error = await refusal(json(200, { error: "bad_verification_code", error_description: "The code is old" }));
    expect(error).toMatchObject({ oauthError: "bad_verification_code" });
    expect(error.message).toContain("The code is old");
  });

  it("counts whatever its content type is", async () => {
    const body = JSON.stringify({ error: "invalid_scope" });
    const error = await refusal(new Response(body, { status: 400, headers: { "content-type": "text/html" } }));
    expect(error.oauthError).toBe("invalid_scope");
  });

  it("does not take the token of an answer that also has an `error`", async () => {
    const answer = json(200, { error: "", access_token: "token-1", token_type: "Bearer" });
    expect(await send(answering(answer))).toMatchObject({ access_token: "token-1" });
    const both = json(200, { error: "warning", access_token: "token-1", token_type: "Bearer" });
    expect(await send(answering(both))).toMatchObject({ access_token: "token-1" });
  });

  it("is recognised as a demand for a nonce (DP-02)", async () => {
    const answer = json(400, { error: "use_dpop_nonce" }, { "dpop-nonce": "n-1" });
    const error = await send(answering(answer)).catch((reason: unknown) => reason);
    expect(isDPoPNonceError(error)).toBe(true);
  });
});

describe("a message shows", () => {
  it.each([
    ["the refresh token", refreshToken],
    ["the client secret", secret],
    ["the client secret as it was sent", encodeURIComponent(secret)],
  ])("%s never, though the server repeats it", async (_name, text) => {
    const description = `Cannot find ${text} for client-1 in https://mcp.example/mcp`;
    const error = await refusal(json(400, { error: "invalid_grant", error_description: description }));
    expect(error.message).not.toContain(text);
    expect(error.message).toContain('"Cannot find •••• for client-1 in https://mcp.example/mcp"');
    expect(JSON.stringify(error)).not.toContain(text);
  });

  it("a secret of Basic never either, not as it was encoded", async () => {
    let sent = "";
    const error = await refusal((message) => {
      sent = message.headers.get("authorization") ?? "";
      return json(401, {
        error: "invalid_client",
        error_description: `No: ${sent}, ${atob(sent.slice(6))}, ${secret}`,
      });
    }, ClientSecretBasic(secret));
    expect(sent).toMatch(/^Basic /);
    expect(error.message).not.toContain(sent.slice(6));
    expect(error.message).not.toContain(secret);
    expect(error.message).not.toContain(encodeURIComponent(secret));
  });

  it("a secret that JSON escapes never", async () => {
    const escaped = Array.from(refreshToken, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`).join("");
    const body = `{"error":"invalid_grant","error_description":"No ${escaped}"}`;
    const error = await refusal(new Response(body, { status: 400 }));
    expect(error.message).toContain('"No ••••"');
  });

  it("foreign text on one line, and not all of it", async () => {
    const error = await refusal(
      json(400, { error: `x${"y".repeat(500)}`, error_description: `\u001b[31m\nline\u202e${"z".repeat(10_000)}` }),
    );
    expect(error.message).toMatch(/^[\x20-\x7e…]*$/);
    expect(error.message.length).toBeLessThan(600);
    expect(error.oauthError).toBeUndefined();
  });

  it.each([
    ["https://as.example/token?code=secret#part", "https://as.example/token"],
    ["https://user:password@as.example/token", "https://as.example/token"],
    ["nonsense", "an endpoint that is no URL"],
    [undefined, "an endpoint that is no URL"],
  ])("the endpoint %s as %s", (endpoint, name) => {
    expect(endpointName(endpoint)).toBe(name);
  });

  it("a long endpoint shortened", () => {
    expect(endpointName(`https://as.example/${"a".repeat(1000)}`)).toHaveLength(201);
  });
});

describe("an answer that is none", () => {
  it.each([
    ["HTML", new Response("<p>Welcome</p>", { headers: { "content-type": "text/html" } }), false],
    ["a list", json(200, []), false],
    ["null", json(200, null), false],
    ["no token", json(200, { token_type: "Bearer" }), false],
    ["an unknown token type", json(200, { access_token: "token-1", token_type: "mac" }), false],
    ["404", json(404, {}), false],
    ["408", new Response("", { status: 408 }), true],
    ["429", new Response("", { status: 429 }), true],
    ["500", new Response("oops", { status: 500 }), true],
    ["503 with an error", json(503, { error: "temporarily_unavailable" }), true],
  ])("is an error: %s", async (_name, answer, transient) => {
    const error = await refusal(answer);
    expect(error.code).toBe("token_request_failed");
    expect(error.message).toMatch(/^The token request at https:\/\/as\.example\/token (?:failed: |was answered)/);
    expect(isTransient(error)).toBe(transient);
    expect(error.message).not.toContain("token-1");
    expect(error.message).not.toContain("oops");
  });

  it("keeps the status of an answer that is no OAuth", async () => {
    expect((await refusal(new Response("oops", { status: 502 }))).status).toBe(502);
  });

  it("names the error of a challenge without a body", async () => {
    const answer = new Response(null, { status: 401, headers: { "www-authenticate": 'Bearer error="invalid_token"' } });
    expect(await refusal(answer)).toMatchObject({ oauthError: "invalid_token", status: 401 });
    const bare = new Response(null, { status: 401, headers: { "www-authenticate": "Basic realm=x" } });
    expect((await refusal(bare)).message).toContain("was answered with 401 and an HTTP challenge");
  });
});

it("the guarded fetch alone judges where a message may go (SSR-02)", async () => {
  const local = { issuer: "http://127.0.0.1:9000", token_endpoint: "http://127.0.0.1:9000/token" };
  const context = answering(json(200, {}));
  await genericTokenEndpointRequest(local, client, ClientSecretPost(secret), "g", {}, requestOptions(context));
  expect(context.sent.map(({ url }) => url)).toEqual(["http://127.0.0.1:9000/token"]);
});

describe("a failure elsewhere", () => {
  const after = (error: unknown) => messageError(error, "refresh_failed", "The refresh at https://as.example/token");

  it("of the network is a failure of this message, and may pass", () => {
    const cause = new SallyportError("discovery_failed", "https://as.example/token did not answer in 10 seconds.");
    const error = after(cause);
    expect(error).toMatchObject({
      code: "refresh_failed",
      cause,
      message: "The refresh at https://as.example/token failed. https://as.example/token did not answer in 10 seconds.",
    });
    expect(isTransient(error)).toBe(true);
  });

  it.each(["insecure_url", "redirect_refused", "credential_source_failed", "store_unavailable"] as const)(
    "stays what it is: %s",
    (code) => {
      const error = new SallyportError(code, "Refused.");
      expect(after(error)).toBe(error);
      expect(isTransient(error)).toBe(false);
    },
  );

  it("such as the reason of a signal stays what it is", async () => {
    const stop = new AbortController();
    const context: MessageContext = {
      now: Date.now,
      signal: stop.signal,
      fetch: async (_url, init) => {
        stop.abort("enough");
        init?.signal?.throwIfAborted();
        return expect.unreachable("it was aborted");
      },
    };
    expect(after(await send(context).catch((error: unknown) => error))).toBe("enough");
  });

  it("is not wrapped twice", () => {
    const error = new OAuthMessageError("token_request_failed", "Refused.", { oauthError: "invalid_grant" });
    expect(after(error)).toBe(error);
  });

  it("of an argument is told in oauth4webapi's words", async () => {
    const wrong = await genericTokenEndpointRequest(server, { client_id: "" }, ClientSecretPost("x"), "g", {}).catch(
      (reason: unknown) => reason,
    );
    expect(after(wrong)).toMatchObject({ code: "refresh_failed" });
  });
});
