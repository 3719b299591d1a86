import {
  answerEndlessBody,
  answerHalf,
  answerHangUp,
  answerHtml,
  answerJson,
  answerRedirect,
  answerStatus,
  closedOrigin,
  manualClock,
  type ScriptedAnswer,
} from "@sallyport/testkit";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  type BearerAuthProvider,
  createAuthGate,
  type IntrospectionProviderOptions,
  introspectionProvider,
} from "../../../src/index.ts";
import { type Issuer, resource, testIssuer } from "../../issuer.ts";
import { scripted } from "../../scripted.ts";
import { verifyWith as verify } from "../../verify-with.ts";

let issuer: Issuer;
beforeAll(async () => {
  issuer = await testIssuer();
});
afterAll(() => issuer.close());

const now = (): number => Math.floor(Date.now() / 1000);
const good = (): object => ({ active: true, aud: resource, sub: "ada", scope: "mail.read", exp: now() + 300 });
const say = (answer: unknown, status?: number): void => {
  issuer.on["/introspect"] = scripted(answerJson(answer, status));
};
beforeEach(() => say(good()));

const provider = (options: Partial<IntrospectionProviderOptions> = {}): BearerAuthProvider =>
  introspectionProvider({
    issuer: issuer.url,
    audience: resource,
    clientId: "rs 1",
    clientSecret: "p%ss:word",
    ...options,
  });

describe("the question (I62-01, I62-02)", () => {
  const last = () => {
    const request = issuer.requests.at(-1);
    return { request, body: Object.fromEntries(new URLSearchParams(request?.body)) };
  };

  test("is a POST with the token in the form, as a client with Basic", async () => {
    expect((await verify(provider(), "opaque+/="))?.subject).toBe("ada");
    const { request, body } = last();
    expect(request).toMatchObject({ method: "POST", url: "/introspect" });
    expect(request?.headers["content-type"]).toMatch(/^application\/x-www-form-urlencoded/);
    expect(body).toEqual({ token: "opaque+/=", token_type_hint: "access_token" });
    // RFC 6749 §2.3.1: form-encoded before they are joined.
    expect(request?.headers.authorization).toBe(`Basic ${btoa("rs+1:p%25ss%3Aword")}`);
  });

  test("may carry id and secret in the form", async () => {
    await verify(provider({ clientAuthentication: "client_secret_post" }), "t");
    const { request, body } = last();
    expect(body).toMatchObject({ client_id: "rs 1", client_secret: "p%ss:word" });
    expect(request?.headers.authorization).toBeUndefined();
  });

  test("may carry a token, a new one each time", async () => {
    let count = 0;
    const bearerToken = async () => `own-${++count}`;
    const own = introspectionProvider({ issuer: issuer.url, audience: resource, bearerToken });
    await verify(own, "a");
    await verify(own, "b");
    expect(last().request?.headers.authorization).toBe("Bearer own-2");
  });

  test("goes to the endpoint that is given, without metadata", async () => {
    const before = issuer.count("/.well-known/oauth-authorization-server");
    const own = introspectionProvider({
      endpoint: `${issuer.url}/introspect`,
      audience: resource,
      clientId: "c",
      clientSecret: "s",
    });
    expect(await verify(own, "t")).not.toBeNull();
    expect(issuer.count("/.well-known/oauth-authorization-server")).toBe(before);
  });

  test.each<[string, Partial<IntrospectionProviderOptions>]>([
    ["no credentials", { clientSecret: undefined as never }],
    ["both kinds of credentials", { bearerToken: "t" }],
    ["an empty token", { bearerToken: "", clientSecret: undefined as never }],
    ["no audience", { audience: [] }],
    ["no issuer and no endpoint", { issuer: undefined as never }],
    ["an endpoint over plain http", { endpoint: "http://as.example.com/introspect" }],
    ["an unknown way to authenticate", { clientAuthentication: "none" as never }],
    ["no time at all", { timeoutMs: 0 }],
  ])("%s is config_invalid", (_name, options) => {
    expect(() => provider(options)).toThrow(expect.objectContaining({ code: "config_invalid" }));
  });

  test("gives no credential away", () => {
    expect(JSON.stringify(provider())).not.toContain("p%ss");
  });
});

describe("the answer (I62-03, I62-05, TOK-05)", () => {
  test("becomes claims, scopes and an end", async () => {
    const exp = now() + 77;
    say({ ...good(), exp, scope: "a b", client_id: "c1", cnf: { jkt: "x" } });
    const token = await verify(provider(), "t");
    expect(token).toMatchObject({ scopes: ["a", "b"], expiresAt: exp, subject: "ada" });
    expect(token?.claims).toMatchObject({ client_id: "c1", cnf: { jkt: "x" } });
    expect(token?.claims).not.toHaveProperty("active");
  });

  test("may leave out everything but `active` and `aud`", async () => {
    say({ active: true, aud: ["https://other.example.com", resource] });
    expect(await verify(provider(), "t")).toMatchObject({ scopes: [], expiresAt: undefined, subject: undefined });
  });

  test.each([
    ["is inactive", { active: false }],
    ["is inactive and says more", { ...good(), active: false }],
    ["is for another server", { ...good(), aud: "https://other.example.com" }],
    ["is for nobody", { ...good(), aud: undefined }],
    ["is of another issuer", { ...good(), iss: "https://other.example.com" }],
    ["has ended, whatever the server says", { ...good(), exp: now() - 1 }],
    ["begins later", { ...good(), nbf: now() + 60 }],
  ])("a token that %s is not valid", async (_name, answer) => {
    say(answer);
    expect(await verify(provider(), "t")).toBeNull();
  });

  test("a token of a kind that the server does not introspect is not valid", async () => {
    say({ error: "unsupported_token_type" }, 400);
    expect(await verify(provider(), "t")).toBeNull();
  });

  test("with audience false, it is the server that says whom a token is for", async () => {
    say({ ...good(), aud: undefined });
    expect(await verify(provider({ audience: false }), "t")).not.toBeNull();
  });

  test.each<[string, ScriptedAnswer]>([
    ["a text for `active`", answerJson({ ...good(), active: "true" })],
    ["a number for `active`", answerJson({ ...good(), active: 1 })],
    ["no `active`", answerJson({ aud: resource })],
    ["a text for `exp`", answerJson({ ...good(), exp: "4000000000" })],
    ["a list", answerJson([good()])],
    ["null", answerJson(null)],
    ["a page", answerHtml()],
    ["an error", answerStatus(500)],
    ["a bad request", answerJson({ error: "invalid_request" }, 400)],
    ["an error that says yes", answerJson(good(), 500)],
    ["that the caller is not known", answerJson({ error: "invalid_client" }, 401)],
    ["a redirect", answerRedirect("https://elsewhere.example.com")],
    ["nothing", answerHangUp()],
    ["without an end", answerEndlessBody()],
    [
      "as a JWT that nobody asked for",
      ({ response }) => {
        response.writeHead(200, { "content-type": "application/token-introspection+jwt" }).end("e30.e30.e30");
      },
    ],
  ])("a server that answers %s has not answered: 503, and it is asked again", async (_name, answer) => {
    issuer.on["/introspect"] = scripted(answer);
    const own = provider();
    await expect(verify(own, "secret-token")).rejects.toMatchObject({ code: "temporarily_unavailable" });
    const error = await verify(own, "secret-token").catch((thrown: unknown) => thrown);
    expect(String(error)).not.toContain("secret-token");
    say(good());
    expect(await verify(own, "secret-token")).not.toBeNull();
  });

  test("a server that answers too late has not answered", async () => {
    issuer.on["/introspect"] = scripted(answerHalf());
    const gate = createAuthGate(provider({ timeoutMs: 50 }));
    const entry = await gate(new Request(resource, { headers: { authorization: "Bearer t" } }));
    expect("response" in entry && entry.response.status).toBe(503);
    expect("response" in entry && entry.response.headers.get("retry-after")).toBe("5");
    expect("response" in entry && entry.response.headers.get("www-authenticate")).toBeNull();
  });

  test("a function for the token that never settles is given up", async () => {
    const bearerToken = () => new Promise<string>(() => {});
    const own = introspectionProvider({ issuer: issuer.url, audience: resource, bearerToken, timeoutMs: 20 });
    await expect(verify(own, "t")).rejects.toMatchObject({ code: "temporarily_unavailable" });
    await expect(verify(own, "t")).rejects.toMatchObject({ code: "temporarily_unavailable" });
  });

  test("a server that is not there has not answered", async () => {
    const own = provider({ endpoint: `${await closedOrigin()}/introspect` });
    await expect(verify(own, "t")).rejects.toMatchObject({ code: "temporarily_unavailable" });
  });

  test("metadata without an endpoint is no answer", async () => {
    const own = await testIssuer();
    try {
      own.on["/.well-known/oauth-authorization-server"] = scripted(answerJson({ issuer: own.url }));
      const asked = verify(provider({ issuer: own.url }), "t");
      await expect(asked).rejects.toMatchObject({ message: expect.stringContaining("introspection_endpoint") });
    } finally {
      await own.close();
    }
  });
});

describe("what is remembered (I62-06)", () => {
  test("a revoked token is refused after maxAgeMs; a token never lives beyond its end", async () => {
    const clock = manualClock(Date.now());
    const own = provider({ now: clock.now, cache: { maxAgeMs: 30_000 } });
    say({ ...good(), exp: now() + 40 });
    expect(await verify(own, "t")).not.toBeNull();
    say({ active: false });
    const before = issuer.count("/introspect");
    clock.advance(29_000);
    expect(await verify(own, "t")).not.toBeNull();
    expect(issuer.count("/introspect")).toBe(before);
    clock.advance(1_000);
    expect(await verify(own, "t")).toBeNull();

    const patient = provider({ now: clock.now, cache: { maxAgeMs: 1_000_000 } });
    say({ ...good(), exp: clock.now() / 1000 + 10 });
    expect(await verify(patient, "u")).not.toBeNull();
    clock.advance(10_000);
    expect(await verify(patient, "u")).toBeNull();
  });

  test("of a hundred requests with one token at once, one asks", async () => {
    const own = provider();
    const before = issuer.count("/introspect");
    await Promise.all(Array.from({ length: 100 }, () => verify(own, "t")));
    expect(issuer.count("/introspect") - before).toBe(1);
  });

  test("of a thousand made-up tokens at once, 128 are asked about, and the rest is 503", async () => {
    say({ active: false });
    const own = provider({ endpoint: `${issuer.url}/introspect` });
    const before = issuer.count("/introspect");
    const asked = Array.from({ length: 1_000 }, (_, index) => verify(own, `made-up-${index}`));
    const settled = await Promise.allSettled(asked);
    expect(settled.filter(({ status }) => status === "fulfilled")).toHaveLength(128);
    expect(issuer.count("/introspect") - before).toBe(128);
    expect(await verify(own, "made-up-999")).toBeNull();
  });
});
