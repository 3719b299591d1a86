import { answerJson } from "@sallyport/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  AccessToken,
  anyOf,
  BasicAuthProvider,
  BearerAuthProvider,
  type BearerAuthProviderOptions,
  createAuthGate,
  introspectionProvider,
  jwtProvider,
  staticTokens,
} from "../../src/index.ts";
import { type Issuer, resource, testIssuer } from "../issuer.ts";
import { scripted } from "../scripted.ts";
import { verifyWith as verify } from "../verify-with.ts";

/** Takes the tokens that begin with its name, and remembers what it was asked. */
class Named extends BearerAuthProvider {
  readonly asked: string[] = [];
  readonly #name: string;
  readonly #prefixed: boolean;

  constructor(name: string, prefixed: boolean, options?: BearerAuthProviderOptions) {
    super(options);
    this.#name = name;
    this.#prefixed = prefixed;
  }

  override owns(token: string): boolean | undefined {
    return this.#prefixed ? token.startsWith(this.#name) : undefined;
  }

  override async verifyToken(token: string): Promise<AccessToken | null> {
    this.asked.push(token);
    if (token.includes("down")) throw new Error(`${this.#name} is down`);
    return token.startsWith(this.#name) && !token.includes("bad")
      ? new AccessToken({ token, subject: this.#name })
      : null;
  }
}

describe("who is asked", () => {
  let one: Issuer;
  let two: Issuer;
  beforeAll(async () => {
    one = await testIssuer();
    two = await testIssuer();
  });
  afterAll(async () => {
    await one.close();
    await two.close();
  });

  test("for a JWT, the provider of the issuer that it names, and nobody else (TOK-06)", async () => {
    const rest = new Named("any", false);
    one.on["/introspect"] = scripted(answerJson({ active: true, aud: resource }));
    const auth = anyOf(
      rest,
      introspectionProvider({ issuer: one.url, audience: resource, clientId: "c", clientSecret: "s" }),
      jwtProvider({ issuer: two.url, audience: resource }),
    );
    expect((await verify(auth, await two.sign()))?.subject).toBe("ada");
    expect(await verify(auth, await two.sign({ aud: "https://other.example.com" }))).toBeNull();
    expect(rest.asked).toEqual([]);
    expect(one.requests).toEqual([]);
    expect(await verify(auth, await one.sign())).not.toBeNull();
    expect(two.count("/jwks")).toBe(1);
    expect(rest.asked).toEqual([]);
  });

  test("for a JWT of nobody's issuer, none of the issuers", async () => {
    const auth = anyOf(
      jwtProvider({ issuer: one.url, audience: resource }),
      jwtProvider({ issuer: two.url, audience: resource }),
    );
    const before = one.requests.length + two.requests.length;
    expect(await verify(auth, await one.sign({ iss: "https://foreign.example.com" }))).toBeNull();
    expect(await verify(auth, "opaque")).toBeNull();
    expect(one.requests.length + two.requests.length).toBe(before);
  });

  test("for a prefixed key, the key store alone; for anything else the others, in order, until one says yes", async () => {
    const keys = new Named("sp_", true);
    const [a, b] = [new Named("a", false), new Named("b", false)];
    const auth = anyOf(a, keys, b);
    expect((await verify(auth, "sp_1"))?.subject).toBe("sp_");
    expect(await verify(auth, "sp_bad")).toBeNull();
    expect(a.asked).toEqual([]);
    expect((await verify(auth, "a1"))?.subject).toBe("a");
    expect(b.asked).toEqual([]);
    expect((await verify(auth, "b1"))?.subject).toBe("b");
    expect(a.asked).toEqual(["a1", "b1"]);
    expect(keys.asked).toEqual(["sp_1", "sp_bad"]);
    expect(await verify(auth, "nobody")).toBeNull();
  });

  test("of several of one issuer, each until one says yes", async () => {
    const auth = anyOf(
      jwtProvider({ issuer: one.url, audience: "https://other.example.com" }),
      jwtProvider({ issuer: one.url, audience: resource }),
    );
    expect(await verify(auth, await one.sign())).not.toBeNull();
  });

  test("within another anyOf too", async () => {
    const keys = new Named("sp_", true);
    const rest = new Named("sp_", false);
    expect((await verify(anyOf(rest, anyOf(keys, new Named("x", true))), "sp_1"))?.subject).toBe("sp_");
    expect(rest.asked).toEqual([]);
  });
});

describe("when one of them cannot judge", () => {
  test("a yes of another one counts; a no does not, and the client gets 503", async () => {
    const auth = anyOf(new Named("a", false), staticTokens({ "known-down": {} }));
    expect(await verify(auth, "known-down")).not.toBeNull();
    await expect(verify(auth, "down")).rejects.toThrow("a is down");
    const entry = await createAuthGate(auth)(new Request(resource, { headers: { authorization: "Bearer down" } }));
    expect("response" in entry && entry.response.status).toBe(503);
  });
});

describe("what clients are told", () => {
  test("realm and metadata of the first that has them, the scopes of all", () => {
    const auth = anyOf(
      new Named("a", false, { scopes: ["x"] }),
      new Named("b", false, { realm: "b", scopes: ["y", "x"], resourceMetadata: "https://b.example.com/meta" }),
      new Named("c", false, { realm: "c" }),
    );
    expect(auth).toMatchObject({ realm: "b", scopes: ["x", "y"], resourceMetadata: "https://b.example.com/meta" });
  });

  test("metadata that several publish is one document", () => {
    const publish = (issuer: string, scope: string) =>
      new Named(scope, false, {
        metadata: { resource, authorizationServers: [issuer], scopesSupported: [scope], name: `of ${issuer}` },
      });
    const [first, second] = ["https://a.example.com", "https://b.example.com"];
    const { metadata } = anyOf(publish(first, "x"), staticTokens({ t: {} }), publish(second, "y"));
    expect(metadata?.options).toMatchObject({
      resource,
      authorizationServers: [first, second],
      scopesSupported: ["x", "y"],
      name: `of ${first}`,
    });
    const other = new Named("o", false, {
      metadata: { resource: "https://other.example.com", authorizationServers: [first] },
    });
    expect(() => anyOf(publish(first, "x"), other)).toThrow(expect.objectContaining({ code: "config_invalid" }));
  });
});

describe("passwords", () => {
  class Passwords extends BasicAuthProvider {
    override async verifyPassword(username: string): Promise<AccessToken | null> {
      return username === "ada" ? new AccessToken({ token: "basic:ada", subject: username }) : null;
    }
  }
  const call = (auth: BearerAuthProvider, authorization: string) =>
    createAuthGate(auth)(new Request(resource, { headers: { authorization } }));

  test("go to those who take them, tokens to the others", async () => {
    const auth = anyOf(staticTokens({ t: { subject: "ci" } }), new Passwords());
    expect(await call(auth, "Bearer t")).toMatchObject({ token: { subject: "ci" } });
    expect(await call(auth, `Basic ${btoa("ada:x")}`)).toMatchObject({ token: { subject: "ada" } });
    const refused = await call(auth, `Basic ${btoa("eve:x")}`);
    expect("response" in refused && refused.response.headers.get("www-authenticate")).toMatch(/^Bearer .*, Basic /);
  });

  test("are not asked for when nobody takes them", async () => {
    const refused = await call(anyOf(staticTokens({ t: {} })), `Basic ${btoa("ada:x")}`);
    expect("response" in refused && refused.response.headers.get("www-authenticate")).toBe('Bearer realm="mcp"');
  });

  test.each([[[]], [[new Passwords()]], [[{} as never]], [[undefined as never]]])(
    "%# is config_invalid",
    (providers) => {
      expect(() => anyOf(...providers)).toThrow(expect.objectContaining({ code: "config_invalid" }));
    },
  );
});
