/** Users with passwords, and both ends of Basic against each other: RFC 7617. */
import { inspect } from "node:util";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { BasicAuth, createAuthFetch } from "@sallyport/auth-core";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  AccessToken,
  type BasicAuthProvider,
  type BasicAuthProviderOptions,
  basicProvider,
  createAuthGate,
  type GateProvider,
  getAccessToken,
  MCPServer,
} from "../../src/index.ts";
import { callTool, post, textOf } from "../messages.ts";
import { user } from "../passwords/users.ts";
import { TableAuth } from "../servers.ts";

const password = "pässwörd: € s3cr3t";
const context = { signal: new AbortController().signal };
const users = { zoë: user(password, { scopes: ["mail.send"], claims: { team: "x" } }), ada: user("p") };
const provider = (options?: BasicAuthProviderOptions) => basicProvider(users, options);
const basic = (text: string): string => `Basic ${Buffer.from(text).toString("base64")}`;

describe("basicProvider", () => {
  it("knows its users by their passwords, and nobody else", async () => {
    const auth = provider();
    const token = await auth.verifyPassword("zoë", password, context);
    expect(token).toMatchObject({ subject: "zoë", scopes: ["mail.send"], claims: { team: "x" }, token: "basic:zoë" });
    for (const [name, wrong] of [
      ["zoë", "p"],
      ["zoë", ""],
      ["zoë", `${password} `],
      ["ada", password],
      ["ADA", "p"],
      ["", ""],
      ["__proto__", "p"],
      ["constructor", "p"],
    ] as const) {
      expect(await auth.verifyPassword(name, wrong, context)).toBeNull();
    }
  });

  it("makes unknown users wait as those that exist", async () => {
    const auth = provider();
    const results = await Promise.allSettled(
      Array.from({ length: 50 }, (_, index) => auth.verifyPassword("nobody", `guess ${index}`, context)),
    );
    // Each took one of the 34 places.
    expect(results.filter(({ status }) => status === "rejected")).toHaveLength(16);
  });

  it("does not let a check that is shared tell who is unknown", async () => {
    const auth = provider();
    const guess = (name: string) => auth.verifyPassword(name, "guess", context);
    // Everybody who is waiting has the same password: names without a user could share one check of it.
    const nobodies = await Promise.allSettled(Array.from({ length: 50 }, (_, index) => guess(`nobody ${index}`)));
    expect(nobodies.filter(({ status }) => status === "rejected")).toHaveLength(16);
  });

  it("looks users up at every request: a changed password and a removed user count at once", async () => {
    const table = new Map([["ada", user("old")]]);
    const auth = basicProvider((name) => table.get(name));
    expect(await auth.verifyPassword("ada", "old", context)).toMatchObject({ subject: "ada" });
    table.set("ada", user("new"));
    expect(await auth.verifyPassword("ada", "old", context)).toBeNull();
    expect(await auth.verifyPassword("ada", "new", context)).toMatchObject({ subject: "ada" });
    table.delete("ada");
    expect(await auth.verifyPassword("ada", "new", context)).toBeNull();
  });

  it("shows neither password nor hash", async () => {
    const auth = provider();
    const token = await auth.verifyPassword("zoë", password, context);
    const deep = { depth: 9, showHidden: true, getters: true } as const;
    const all = `${inspect(auth, deep)}${JSON.stringify(auth)}${inspect(token, deep)}${JSON.stringify(token)}${token?.token}`;
    expect(all).not.toContain("s3cr3t");
    expect(all).not.toContain("$scrypt$");
  });

  it.each<[string, () => unknown]>([
    ["no user", () => basicProvider({})],
    ["a name with a colon", () => basicProvider({ "a:b": user("p") })],
    ["a name with a line break", () => basicProvider({ "a\n": user("p") })],
    ["a password in place of its hash", () => basicProvider({ ada: { passwordHash: "s3cr3t" } })],
    ["a realm that cannot be sent", () => provider({ realm: "caf\xe9" })],
  ])("refuses %s at start-up", (_, make) => {
    let failure: unknown;
    try {
      make();
    } catch (error) {
      failure = error;
    }
    expect(failure).toMatchObject({ code: "config_invalid" });
    expect(String(failure)).not.toContain("s3cr3t");
  });
});

describe("the gate for passwords", () => {
  const challenge = 'Basic realm="test", charset="UTF-8"';
  const enter = async (auth: GateProvider, authorization: readonly string[], query = "") => {
    const incoming = post(`http://127.0.0.1/mcp${query}`, callTool("2026", "whoami"));
    for (const value of authorization) incoming.headers.append("Authorization", value);
    const result = await createAuthGate(auth)(incoming);
    if ("token" in result) return { subject: result.token.subject };
    const { status, headers } = result.response;
    const { error } = (await result.response.json()) as { error: string };
    return { status, error, challenge: headers.get("www-authenticate") };
  };
  const refused = { status: 401, error: "unauthorized", challenge };
  const ambiguous = { status: 400, error: "invalid_request", challenge: null };

  it.each<[string, string[], string, object]>([
    ["nothing", [], "", refused],
    ["another scheme", ["Bearer t"], "", refused],
    ["a wrong password", [basic("zoë:wrong")], "", refused],
    ["an unknown user", [basic("nobody:p")], "", refused],
    ["no colon", [basic("zoë")], "", refused],
    ["nothing at all in it", [basic("")], "", refused],
    ["no base64", ["Basic ***"], "", refused],
    ["half a byte", ["Basic YTpiY"], "", refused],
    ["base64 for URLs", [basic("zoë:??>>").replaceAll("/", "_").replaceAll("+", "-")], "", refused],
    ["no UTF-8", [`Basic ${Buffer.from("zo\xeb:p", "latin1").toString("base64")}`], "", refused],
    ["a control character", [basic("ada:p\n")], "", refused],
    ["a tab after the scheme", [`Basic\t${basic("ada:p").slice(6)}`], "", refused],
    ["the scheme alone", ["Basic"], "", refused],
    ["two headers", [basic("ada:p"), basic("ada:p")], "", ambiguous],
    ["two headers, schemes differ", ["Bearer t", basic("ada:p")], "", ambiguous],
    ["two in one header", [`${basic("ada:p")}, Bearer t`], "", ambiguous],
    ["a token in the query", [basic("ada:p")], "?access_token=t", ambiguous],
    ["the right password", [basic("ada:p")], "", { subject: "ada" }],
    ["the right password, scheme in capitals", [basic("ada:p").replace("Basic ", "BASIC   ")], "", { subject: "ada" }],
    ["UTF-8 in another normal form", [basic(`zoë:${password}`.normalize("NFD"))], "", { subject: "zoë" }],
  ])("%s", async (_, authorization, query, expected) => {
    expect(await enter(provider({ realm: "test" }), authorization, query)).toEqual(expected);
  });

  it("names the missing scope without a challenge, which RFC 7617 has no words for", async () => {
    expect(await enter(provider({ scopes: ["mail.send"] }), [basic("ada:p")])).toEqual({
      status: 403,
      error: "insufficient_scope",
      challenge: null,
    });
  });

  it("answers 503 when a user cannot be looked up, or a hash is none", async () => {
    const broken = basicProvider(async () => {
      throw new Error("s3cr3t");
    });
    for (const auth of [broken, basicProvider(() => ({ passwordHash: "?" }))]) {
      expect(await enter(auth, [basic("ada:p")])).toMatchObject({ status: 503, challenge: null });
    }
  });

  it("takes both schemes from a provider that has both", async () => {
    class Both extends TableAuth {
      async verifyPassword(username: string): Promise<AccessToken | null> {
        return username === "ada" ? new AccessToken({ token: "basic:ada", subject: "ada" }) : null;
      }
    }
    const auth = new Both({ realm: "test" });
    const both = (error = ""): string => `Bearer realm="test"${error}, ${challenge}`;
    expect(await enter(auth, [])).toEqual({ ...refused, challenge: both() });
    expect(await enter(auth, [basic("ada:p")])).toEqual({ subject: "ada" });
    expect(await enter(auth, ["Bearer good-token"])).toEqual({ subject: "ada" });
    expect(await enter(auth, [basic("bob:p")])).toEqual({ ...refused, challenge: both() });
    expect(await enter(auth, ["Bearer nobody"])).toEqual({
      status: 401,
      error: "invalid_token",
      challenge: both(', error="invalid_token"'),
    });
  });

  it("leaves Basic alone where only tokens are taken", async () => {
    const auth = new TableAuth({ realm: "test" });
    expect(await enter(auth, ["Basic ***"])).toEqual({ ...refused, challenge: 'Bearer realm="test"' });
  });

  it("refuses a provider of neither", () => {
    for (const auth of [undefined, {}, { scopes: [] }, { verifyPassword: () => null }]) {
      expect(() => createAuthGate(auth as unknown as BasicAuthProvider)).toThrow(
        expect.objectContaining({ code: "config_invalid" }),
      );
    }
  });
});

describe("both ends", () => {
  const make = (): MCPServer =>
    new MCPServer({ name: "basic", version: "1.0.0", auth: provider() }).tool(
      { name: "whoami", description: "", scopes: ["mail.send"] },
      () => `Hello ${getAccessToken()?.subject}`,
    );

  it("over node:http: BasicAuth calls a tool", async () => {
    const listening = await make().listen(0);
    onTestFinished(() => listening.close());
    const client = new Client({ name: "test", version: "1.0.0" });
    const fetch = createAuthFetch(new BasicAuth("zoë", password));
    await client.connect(new StreamableHTTPClientTransport(new URL(listening.url), { fetch }));
    onTestFinished(() => client.close());
    expect((await client.callTool({ name: "whoami", arguments: {} })).content).toMatchObject([{ text: "Hello zoë" }]);
    const refused = await createAuthFetch(new BasicAuth("zoë", "wrong"))(listening.url, { method: "POST" });
    expect(refused.status).toBe(401);
  });

  it("over server.fetch", async () => {
    const server = make();
    const send = createAuthFetch(new BasicAuth("zoë", password), {
      fetch: (input, init) => server.fetch(new Request(input, init)),
    });
    const { headers, body } = callTool("2026", "whoami");
    const response = await send("http://127.0.0.1/mcp", { method: "POST", headers, body });
    expect(await textOf(response)).toBe("Hello zoë");
  });

  it("over stdio: a wrong `user:password` in the environment serves nothing", async () => {
    for (const credential of ["zoë:wrong", "zoë", "nobody:p"]) {
      await expect(make().stdio({ env: "MCP_USER", environment: { MCP_USER: credential } })).rejects.toMatchObject({
        code: "unauthorized",
      });
    }
  });
});
