/** The authorization request, and the judgement of its answer: AUT, ISS, RES-01, URL-01, and what attackers answer. */
import { calculatePKCECodeChallenge, None } from "oauth4webapi";
import { describe, expect, it } from "vitest";
import type { SallyportError } from "../../src/index.ts";
import {
  type AuthorizationRequest,
  judgeAuthorizationResponse,
  type PendingAuthorization,
  startAuthorization,
} from "../../src/oauth/authorization.ts";
import type { Discovery } from "../../src/oauth/discovery/discovery.ts";
import { failureOf } from "../support/failure.ts";

const issuer = "https://as.example";
const discovery: Discovery = {
  resource: "https://mcp.example/mcp",
  issuer,
  server: {
    issuer,
    authorization_endpoint: "https://as.example/authorize",
    token_endpoint: "https://as.example/token",
    code_challenge_methods_supported: ["plain", "S256"],
  },
};
const now = Date.UTC(2026, 0, 1);
const request: AuthorizationRequest = {
  discovery,
  identity: { source: "pre-registered", client: { client_id: "client-1" }, authentication: None() },
  redirectUri: "http://127.0.0.1:8080/callback",
  scope: "read write",
  allowInsecure: false,
  now: () => now,
};

function withServer(server: Partial<Discovery["server"]>): AuthorizationRequest {
  return { ...request, discovery: { ...discovery, server: { ...discovery.server, ...server } } };
}

describe("an authorization request", () => {
  it("has all that the server needs, and the hash of a verifier that it never sees (AUT-01, AUT-02, AUT-04, RES-01)", async () => {
    const { url, pending } = await startAuthorization(request);
    expect(`${url.origin}${url.pathname}`).toBe("https://as.example/authorize");
    expect(Object.fromEntries(url.searchParams)).toEqual({
      response_type: "code",
      client_id: "client-1",
      redirect_uri: "http://127.0.0.1:8080/callback",
      state: pending.state,
      code_challenge: await calculatePKCECodeChallenge(pending.verifier),
      code_challenge_method: "S256",
      resource: "https://mcp.example/mcp",
      scope: "read write",
    });
    expect(url.href).not.toContain(pending.verifier);
  });

  it("is remembered with its issuer, in plain data (ISS-01, BIND-08)", async () => {
    const { pending } = await startAuthorization(request);
    expect(pending).toEqual({
      state: expect.stringMatching(/^[\w-]{43}$/),
      verifier: expect.stringMatching(/^[\w-]{43}$/),
      issuer,
      clientId: "client-1",
      redirectUri: "http://127.0.0.1:8080/callback",
      scope: "read write",
      createdAt: now,
    });
    expect(JSON.parse(JSON.stringify(pending))).toEqual(pending);
  });

  it("has a state and a verifier of its own each time (AUT-05)", async () => {
    const [one, other] = [await startAuthorization(request), await startAuthorization(request)];
    expect(one.pending.state).not.toBe(other.pending.state);
    expect(one.pending.verifier).not.toBe(other.pending.verifier);
    expect(one.pending.state).not.toBe(one.pending.verifier);
  });

  it("has no scope when none is to be asked for (SCP-02)", async () => {
    const { url, pending } = await startAuthorization({ ...request, scope: undefined });
    expect(url.searchParams.has("scope")).toBe(false);
    expect(pending).not.toHaveProperty("scope");
  });

  it("asks for consent with offline_access, and only then (OpenID Connect §11)", async () => {
    const { url } = await startAuthorization({ ...request, scope: "read offline_access" });
    expect(url.searchParams.get("prompt")).toBe("consent");
    const plain = await startAuthorization({ ...request, scope: "read not_offline_access" });
    expect(plain.url.searchParams.has("prompt")).toBe(false);
  });

  it("keeps the endpoint's own query, and lets it change nothing (RFC 6749 §3.1)", async () => {
    const endpoint = "https://as.example/authorize?tenant=a%20b&state=fixed&client_id=other&client_id=third";
    const { url, pending } = await startAuthorization(withServer({ authorization_endpoint: endpoint }));
    expect(url.searchParams.get("tenant")).toBe("a b");
    expect(url.searchParams.getAll("state")).toEqual([pending.state]);
    expect(url.searchParams.getAll("client_id")).toEqual(["client-1"]);
  });

  it("sends the resource as it is published, not as a URL would write it (pain 10)", async () => {
    const { url } = await startAuthorization({
      ...request,
      discovery: { ...discovery, resource: "https://MCP.example" },
    });
    expect(url.searchParams.get("resource")).toBe("https://MCP.example");
  });
});

describe("nobody is sent", () => {
  it.each([
    ["absent", undefined],
    ["empty", []],
    ["plain only", ["plain"]],
    ["written otherwise", ["s256"]],
  ])("to a server without PKCE: %s (ASM-05, AUT-03, T-07)", async (_name, methods) => {
    const { code_challenge_methods_supported: _, ...server } = discovery.server;
    const supported = methods === undefined ? {} : { code_challenge_methods_supported: methods };
    const error = await failureOf(
      startAuthorization({ ...request, discovery: { ...discovery, server: { ...server, ...supported } } }),
    );
    expect(error.code).toBe("pkce_unsupported");
  });

  it.each([
    "javascript:alert(document.cookie)//https://as.example/",
    "file:///etc/passwd",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:msgbox(1)",
    "http://as.example/authorize",
    "https://user:password@as.example/authorize",
    "https://as.example/authorize?a=$(id)`id`",
    "https://as.example/authorize?a=\u0007",
    "cmd:calc",
    "not a URL",
  ])("to %s (URL-01, URL-02, URL-04)", async (endpoint) => {
    const error = await failureOf(startAuthorization(withServer({ authorization_endpoint: endpoint })));
    expect(error.code).toBe("insecure_url");
  });

  it("to a server without an authorization endpoint, and is told what else there is", async () => {
    const { authorization_endpoint: _, ...server } = discovery.server;
    const error = await failureOf(startAuthorization({ ...request, discovery: { ...discovery, server } }));
    expect(error.code).toBe("discovery_failed");
    expect(error.message).toContain("client_credentials");
    expect(error.message).toContain("authorization_endpoint");
  });
});

const pending: PendingAuthorization = {
  state: "state-0123456789-0123456789-0123456789-0123",
  verifier: "verifier-of-this-sign-in",
  issuer,
  clientId: "client-1",
  redirectUri: "http://127.0.0.1:8080/callback",
  createdAt: now,
};
const code = "code-0123456789";

/** The answer that a well-behaved server gives, with other parameters; `undefined` takes one away. */
function answer(changes: Readonly<Record<string, string | undefined>> = {}): URL {
  const url = new URL(pending.redirectUri);
  for (const [name, value] of Object.entries({ code, state: pending.state, ...changes })) {
    if (value !== undefined) url.searchParams.set(name, value);
  }
  return url;
}

function judge(callback: URL, promised?: boolean, recorded = issuer): URLSearchParams {
  const promise = promised === undefined ? {} : { authorization_response_iss_parameter_supported: promised };
  return judgeAuthorizationResponse(callback, { ...pending, issuer: recorded }, { ...discovery.server, ...promise });
}

/** A refusal that repeats nothing of what came. */
async function refusal(callback: URL, promised?: boolean, recorded?: string): Promise<SallyportError> {
  const error = await failureOf(() => judge(callback, promised, recorded));
  for (const value of callback.searchParams.values()) {
    if (value !== "" && value !== issuer) expect(error.message).not.toContain(value);
  }
  expect(error.cause).toBeUndefined();
  return error;
}

describe("the issuer of an answer (ISS-02, RFC 9207)", () => {
  it.each<[promised: boolean | undefined, iss: string | undefined]>([
    [true, issuer],
    [false, issuer],
    [undefined, issuer],
    [false, undefined],
    [undefined, undefined],
  ])("is accepted: promised %s, named %s", (promised, iss) => {
    expect(judge(answer({ iss }), promised).get("code")).toBe(code);
  });

  it.each([
    [true, undefined],
    [true, ""],
    [true, "https://evil.example"],
    [false, "https://evil.example"],
    [undefined, "https://evil.example"],
    [undefined, ""],
  ])("is refused: promised %s, named %j", async (promised, iss) => {
    expect((await refusal(answer({ iss }), promised)).code).toBe("issuer_mismatch");
  });

  it.each([
    "https://as.example/",
    "https://AS.example",
    "HTTPS://as.example",
    "https://as.example:443",
    "https://as.example/.",
    "https://as.example#",
    "https://%61s.example",
    " https://as.example",
    "https://as.example ",
    "https://as.example\u0000",
    "https://as.ex\u00e0mple",
  ])("is compared as text and not as a URL: %j (ISS-03, T-03)", async (iss) => {
    expect((await refusal(answer({ iss }))).code).toBe("issuer_mismatch");
  });

  it("with a slash at the end is one with a slash at the end (ISS-03, T-03)", async () => {
    expect(judge(answer({ iss: "https://as.example/t1/" }), true, "https://as.example/t1/").get("code")).toBe(code);
    const error = await failureOf(() =>
      judge(answer({ iss: "https://as.example/t1" }), true, "https://as.example/t1/"),
    );
    expect(error.code).toBe("issuer_mismatch");
  });

  it("is the one recorded before the redirect, whatever the metadata says by now (ISS-01)", async () => {
    const moved = { ...discovery.server, issuer: "https://evil.example" };
    expect(judgeAuthorizationResponse(answer({ iss: issuer }), pending, moved).get("code")).toBe(code);
    const error = await failureOf(() =>
      judgeAuthorizationResponse(answer({ iss: "https://evil.example" }), pending, moved),
    );
    expect(error.code).toBe("issuer_mismatch");
  });

  it.each([true, false, undefined])("that is wrong hides an error, too: promised %s (ISS-04)", async (promised) => {
    const error = await refusal(
      answer({
        code: undefined,
        iss: "https://evil.example",
        error: "access_denied_by_evil",
        error_description: "Call 555-0100 to sign in",
        error_uri: "https://evil.example/help",
      }),
      promised,
    );
    expect(error.code).toBe("issuer_mismatch");
  });

  it("that is missing and promised hides an error, too (ISS-04)", async () => {
    const changes = { code: undefined, error: "server_error_text", error_description: "Call 555-0100" };
    expect((await refusal(answer(changes), true)).code).toBe("issuer_mismatch");
  });

  it("cannot be named twice, the right one first or last (mix-up)", async () => {
    for (const both of [
      [issuer, "https://evil.example"],
      ["https://evil.example", issuer],
      [issuer, issuer],
    ]) {
      const callback = answer();
      for (const iss of both) callback.searchParams.append("iss", iss);
      expect((await refusal(callback, true)).code).toBe("state_mismatch");
    }
  });
});

describe("the state of an answer (AUT-04)", () => {
  it.each([
    ["missing", undefined],
    ["empty", ""],
    ["wrong", "state-of-an-attacker"],
    ["wrong in its last character", `${pending.state.slice(0, -1)}4`],
    ["cut", pending.state.slice(0, -1)],
    ["longer", `${pending.state}0`],
    ["in other case", pending.state.toUpperCase()],
  ])("is refused with the code that came with it: %s (code injection)", async (_name, state) => {
    expect((await refusal(answer({ state, iss: issuer }), true)).code).toBe("state_mismatch");
  });

  it("comes before the issuer and the error: an unsolicited ?error= shows nothing", async () => {
    const unsolicited = new URL(`${pending.redirectUri}?error=access_denied&error_description=Call+555-0100`);
    const error = await refusal(unsolicited);
    expect(error.code).toBe("state_mismatch");
    expect((await refusal(answer({ state: "state-of-an-attacker", iss: "https://evil.example" }))).code).toBe(
      "state_mismatch",
    );
  });

  it("is not looked for in the fragment", async () => {
    const callback = new URL(`${pending.redirectUri}#code=${code}&state=${pending.state}`);
    expect((await failureOf(() => judge(callback))).code).toBe("state_mismatch");
  });
});

describe("an answer", () => {
  it.each(["state", "code", "error", "error_description"])(
    "is refused that has %s more than once (RFC 6749 §3.1)",
    async (name) => {
      const callback = answer(name.startsWith("error") ? { code: undefined, error: "access_denied" } : {});
      callback.searchParams.append(name, "another-value");
      if (callback.searchParams.getAll(name).length === 1) callback.searchParams.append(name, "another-value");
      const error = await failureOf(() => judge(callback));
      expect(error.code).toBe("state_mismatch");
      expect(error.message).not.toContain("another-value");
    },
  );

  it.each([
    ["has no code", { code: undefined }],
    ["has an empty code", { code: "" }],
    ["has a token in place of a code", { code: undefined, token: "t-1" }],
    ["has an ID token beside the code", { id_token: "e30.e30.e30" }],
    ["is a JWT", { code: undefined, response: "e30.e30.e30" }],
  ])("gives nothing that %s", async (_name, changes) => {
    expect((await refusal(answer(changes))).code).toBe("authorization_denied");
  });

  it("may have more parameters, which mean nothing (RFC 6749 §4.1.2)", () => {
    expect(judge(answer({ session_state: "x", scope: "admin", access_token: "t" })).get("code")).toBe(code);
  });

  it("of the server that was asked is shown when it says no", async () => {
    const changes = { code: undefined, error: "access_denied", error_description: "You clicked Cancel" };
    const error = await failureOf(() => judge(answer({ ...changes, iss: issuer }), true));
    expect(error.code).toBe("authorization_denied");
    expect(error.message).toBe(
      '"https://as.example" did not grant the sign-in: "access_denied": "You clicked Cancel". Sign in again to ask once more.',
    );
  });

  it("that is an error gives no code, though it has one", async () => {
    const error = await failureOf(() => judge(answer({ error: "invalid_scope" })));
    expect(error.code).toBe("authorization_denied");
    expect(error.message).toBe(
      '"https://as.example" did not grant the sign-in: "invalid_scope". Check the scopes and the client\'s settings.',
    );
  });

  it("is shown on one line, and not all of it", async () => {
    const error_description = `\u001b[2J\nline\u202e${"z".repeat(10_000)}`;
    const error = await failureOf(() =>
      judge(answer({ error: "e".repeat(5000), error_description, error_uri: "https://as.example/help" })),
    );
    expect(error.message).toMatch(/^[\x20-\x7e…]*$/);
    expect(error.message.length).toBeLessThan(500);
    expect(error.message).not.toContain("https://as.example/help");
  });
});
