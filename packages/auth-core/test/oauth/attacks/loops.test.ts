/** Servers that are never content: every circle ends, and no person is sent round in one (STEP-05, CHL-17, DP-02). */
import {
  answerJson,
  headlessInteraction,
  type ScriptedAnswer,
  type ScriptedAuthorizationServer,
} from "@sallyport/testkit";
import { describe, expect, it } from "vitest";
import type { DeviceCode } from "../../../src/index.ts";
import { failureOf } from "../../support/failure.ts";
import { expectHarmless, expectNoSecret, hostileServer, secretsOf, sentTo, victimOf } from "./setup.ts";

const refuse =
  (status: number, challenge: (count: number) => string, headers: Record<string, string> = {}): ScriptedAnswer =>
  ({ response }) => {
    counts.set(response, counts.size);
    response.writeHead(status, { "www-authenticate": challenge(counts.size), ...headers }).end();
  };
const counts = new Map<object, number>();

const metadataOf = ({ url }: ScriptedAuthorizationServer) =>
  `resource_metadata="${url}/.well-known/oauth-protected-resource/mcp"`;

describe("a server that always refuses", () => {
  it("with 401 is asked a few times, and the person once", async () => {
    const server = await hostileServer();
    server.script.on = { resource: refuse(401, () => `Bearer error="invalid_token", ${metadataOf(server)}`) };
    const victim = victimOf(server);
    for (let calls = 0; calls < 5; calls += 1) expect((await victim.call()).status).toBe(401);
    expect(victim.opened).toHaveLength(1);
    expect(server.count("resource")).toBeLessThan(5 * 4);
  });

  it("also one that refuses whatever was refreshed", async () => {
    const server = await hostileServer();
    const victim = victimOf(server);
    expect((await victim.call()).status).toBe(200);
    server.script.on = { resource: refuse(401, () => `Bearer error="invalid_token", ${metadataOf(server)}`) };
    for (let calls = 0; calls < 5; calls += 1) expect((await victim.call()).status).toBe(401);
    expect(victim.opened.length).toBeLessThanOrEqual(2);
    expect(server.count("token", "refresh_token")).toBeLessThan(8);
  });

  it("with 403 and the same scope", async () => {
    const server = await hostileServer();
    server.script.on = {
      resource: async (exchange) => {
        if (exchange.request.headers.authorization === undefined) return exchange.usual();
        return refuse(403, () => 'Bearer error="insufficient_scope", scope="admin"')(exchange);
      },
    };
    const victim = victimOf(server);
    for (let calls = 0; calls < 5; calls += 1) expect((await victim.call()).status).toBe(403);
    expect(victim.opened.length).toBeLessThanOrEqual(3);
  });

  it("with 403 and another scope each time", async () => {
    const server = await hostileServer();
    server.script.on = {
      resource: async (exchange) => {
        if (exchange.request.headers.authorization === undefined) return exchange.usual();
        return refuse(403, (count) => `Bearer error="insufficient_scope", scope="scope-${count}"`)(exchange);
      },
    };
    const victim = victimOf(server);
    for (let calls = 0; calls < 5; calls += 1) expect((await victim.call()).status).toBe(403);
    expect(victim.opened.length).toBeLessThanOrEqual(3);
  });

  it("with 401 and 403 in turn", async () => {
    const server = await hostileServer();
    server.script.on = {
      resource: (exchange) =>
        counts.size % 2 === 0
          ? refuse(401, () => `Bearer error="invalid_token", ${metadataOf(server)}`)(exchange)
          : refuse(403, (count) => `Bearer error="insufficient_scope", scope="scope-${count}"`)(exchange),
    };
    const victim = victimOf(server);
    for (let calls = 0; calls < 8; calls += 1) expect([401, 403]).toContain((await victim.call()).status);
    expect(victim.opened.length).toBeLessThanOrEqual(4);
  });

  it("and accepts in between, so that each token seems to have worked", async () => {
    const server = await hostileServer();
    let calls = 0;
    server.script.on = {
      resource: (exchange) =>
        exchange.request.headers.authorization !== undefined && calls++ % 2 === 0
          ? answerJson({ ok: true })(exchange)
          : refuse(401, () => `Bearer error="invalid_token", ${metadataOf(server)}`)(exchange),
    };
    // Without a refresh token each refusal would ask the person.
    server.script.tokenResponse = ({ refresh_token: _, ...body }) => body;
    const victim = victimOf(server);
    for (let each = 0; each < 20; each += 1) await victim.call();
    expect(victim.opened.length).toBeLessThanOrEqual(6);
  });

  it("the grants that nobody is asked for as well", async () => {
    const server = await hostileServer();
    server.script.on = {
      resource: refuse(401, () => `Bearer error="invalid_token", ${metadataOf(server)}`),
      token: answerJson({ access_token: "t-1234567", token_type: "Bearer", expires_in: 3600 }),
    };
    const victim = victimOf(server, { grant: "client_credentials", clientId: "c-1", clientSecret: "s3cr3t-s3cr3t" });
    for (let calls = 0; calls < 5; calls += 1) expect((await victim.call()).status).toBe(401);
    expect(server.count("token")).toBeLessThanOrEqual(5);
  });
});

describe("a server that wants another nonce each time (DP-02)", () => {
  const dpop = (metadata: Record<string, unknown>) => ({
    ...metadata,
    dpop_signing_alg_values_supported: ["ES256"],
  });
  let nonces = 0;
  const nonce = () => ({ "dpop-nonce": `nonce-${nonces++}` });

  it("ends at the token endpoint with its error", async () => {
    const server = await hostileServer({ metadata: dpop });
    server.script.on = {
      token: ({ response }) =>
        void response
          .writeHead(400, { "content-type": "application/json", ...nonce() })
          .end('{"error":"use_dpop_nonce"}'),
    };
    const victim = victimOf(server, { dpop: true });
    const error = await failureOf(victim.call());
    expect(error).toMatchObject({ code: "token_request_failed", oauthError: "use_dpop_nonce" });
    expect(server.count("token")).toBe(2);
    expectNoSecret(victim, secretsOf(victim, server), error);
  });

  it("ends at the resource with its answer, and each proof is another one", async () => {
    const server = await hostileServer({
      metadata: dpop,
      tokenResponse: (body) => ({ ...body, token_type: "DPoP" }),
    });
    server.script.on = {
      resource: async (exchange) => {
        if (exchange.request.headers.authorization === undefined) return exchange.usual();
        return refuse(401, () => 'DPoP error="use_dpop_nonce"', nonce())(exchange);
      },
    };
    const victim = victimOf(server, { dpop: true });
    expect((await victim.call()).status).toBe(401);
    const proofs = sentTo(server, "resource").flatMap(({ headers }) => headers["dpop"] ?? []);
    expect(proofs).toHaveLength(3);
    expect(new Set(proofs).size).toBe(3);
    expect(victim.opened).toHaveLength(1);
    expectNoSecret(victim, secretsOf(victim, server));
  });
});

describe("a device code", () => {
  const device = async (answer: Record<string, unknown>, token: ScriptedAnswer) => {
    const server = await hostileServer({
      metadata: (metadata) => ({ ...metadata, device_authorization_endpoint: `${metadata["issuer"]}/device` }),
    });
    const begun = {
      device_code: "device-code-1234",
      user_code: "ABCD-EFGH",
      verification_uri: `${server.url}/verify`,
      expires_in: 600,
      interval: 1,
      ...answer,
    };
    server.script.on = { "/device": answerJson(begun), token };
    const shown: DeviceCode[] = [];
    const interaction = { ...headlessInteraction(), showDeviceCode: (code: DeviceCode) => void shown.push(code) };
    return { server, shown, interaction };
  };
  const pending = answerJson({ error: "authorization_pending" }, 400);

  it("that nobody may ever enter ends with its time, which is bounded whatever the server says", async () => {
    const { server, shown, interaction } = await device({ expires_in: 1e12 }, pending);
    // A clock that moves ten minutes with each question.
    const began = Date.now();
    const victim = victimOf(server, {
      interaction,
      grant: "device_code",
      now: () => began + server.count("token") * 600_000,
    });
    const error = await failureOf(victim.call());
    expect(error.code).toBe("authorization_timeout");
    expect((shown[0]?.expiresAt ?? 0) - began).toBe(30 * 60_000);
    expect(server.count("token")).toBe(3);
    expectNoSecret(victim, [...secretsOf(victim, server), "device-code-1234"], error);
  });

  it("ends at once when the caller gives up", async () => {
    const { server, shown, interaction } = await device({ interval: 1e9 }, pending);
    const giveUp = new AbortController();
    const victim = victimOf(server, {
      interaction: { ...interaction, showDeviceCode: () => giveUp.abort(new Error("enough")) },
      grant: "device_code",
    });
    await expect(victim.call({ signal: giveUp.signal })).rejects.toThrow("enough");
    expect(shown).toEqual([]);
    expect(server.count("token")).toBe(0);
  });

  it.each([
    ["a script", "javascript:alert(1)"],
    ["a file", "file:///etc/passwd"],
    ["data", "data:text/html,<script>alert(1)</script>"],
    ["another program", "ms-settings:"],
    ["plain http", "http://as.example/verify"],
    ["a user name", "https://bank.example@evil.example/"],
    ["an escape of a terminal", "https://as.example/\u001b]8;;https://evil.example\u0007"],
    ["letters that look alike", "https://аpple.com/verify"],
  ])("that is to be entered at %s is not shown", async (_what, url) => {
    for (const name of ["verification_uri", "verification_uri_complete"]) {
      const { server, shown, interaction } = await device({ [name]: url }, pending);
      const error = await failureOf(victimOf(server, { interaction, grant: "device_code" }).call());
      expect(error.code).toBe("insecure_url");
      expectHarmless(error.message);
      expect(shown).toEqual([]);
      expect(server.count("token")).toBe(0);
    }
  });

  it.each([
    ["an escape of a terminal", "AB\u001b[2J"],
    ["a line break", "ABCD\nEnter your password at evil.example"],
    ["a mark of direction", "AB\u202eCD"],
    ["no end", "A".repeat(100_000)],
    ["nothing", ""],
    ["a list", ["ABCD"]],
  ])("that is %s is not shown", async (_what, code) => {
    const { server, shown, interaction } = await device({ user_code: code }, pending);
    const error = await failureOf(victimOf(server, { interaction, grant: "device_code" }).call());
    expect(error.code).toBe("token_request_failed");
    expectHarmless(error.message);
    expect(shown).toEqual([]);
  });

  it.each([
    ["no end", { expires_in: undefined }],
    ["an end that is a text", { expires_in: "soon" }],
    ["an end before it began", { expires_in: -1 }],
    ["an interval that is a list", { interval: [] }],
    ["an interval before the first question", { interval: -1 }],
    ["a deep code", { device_code: { code: {} } }],
  ])("with %s is an error", async (_what, answer) => {
    const { server, interaction } = await device(answer, pending);
    const error = await failureOf(victimOf(server, { interaction, grant: "device_code" }).call());
    expect(["token_request_failed", "authorization_timeout"]).toContain(error.code);
    expect(server.count("token")).toBe(0);
  });
});

describe("a server that moves to another authorization server", () => {
  /** An MCP endpoint whose metadata names whichever authorization server `home` says. */
  async function moving(count: number) {
    const homes = await Promise.all(Array.from({ length: count }, () => hostileServer()));
    const server = await hostileServer();
    let home = 0;
    server.script.resourceMetadata = (document) => ({ ...document, authorization_servers: [homes[home]?.issuer] });
    const move = (): void => {
      home = (home + 1) % count;
    };
    const issued = new Set<string>();
    for (const each of homes) {
      each.script.tokenResponse = (body) => {
        issued.add(String(body["access_token"]));
        return body;
      };
    }
    const accept = (token: string | undefined) => token !== undefined && issued.has(token.replace("Bearer ", ""));
    server.script.on = {
      resource: (exchange) =>
        accept(exchange.request.headers.authorization) ? answerJson({ ok: true })(exchange) : exchange.usual(),
    };
    return { server, homes, issued, move };
  }

  it("gets nothing of the old one: no token, no code, no client (BIND-02, BIND-04, BIND-05)", async () => {
    const { server, homes, issued, move } = await moving(2);
    const victim = victimOf(server);
    expect((await victim.call()).status).toBe(200);
    move();
    issued.clear();
    expect((await victim.call()).status).toBe(200);
    const [old, next] = homes;
    const oldSecrets = secretsOf({ ...victim, store: { ...victim.store, values: new Map() } }, ...(old ? [old] : []));
    const got = JSON.stringify(next?.requests.map(({ params, headers }) => [params, headers]));
    for (const secret of oldSecrets) expect(got).not.toContain(secret);
    expect(next?.count("registration")).toBe(1);
    expect(next?.count("token", "refresh_token")).toBe(0);
    const clients = homes.map((home) => sentTo(home, "authorization")[0]?.params["client_id"]);
    expect(new Set(clients).size).toBe(2);
  });

  it("at every refusal does not send the person round for ever", async () => {
    const { server, issued, move } = await moving(4);
    server.script.on = {
      resource: (exchange) => {
        // Whatever token comes is taken once.
        const token = exchange.request.headers.authorization?.replace("Bearer ", "") ?? "";
        if (issued.delete(token)) return answerJson({ ok: true })(exchange);
        if (token !== "") move();
        return exchange.usual();
      },
    };
    const victim = victimOf(server);
    for (let calls = 0; calls < 20; calls += 1) await victim.call().catch(() => {});
    expect(victim.opened.length).toBeLessThanOrEqual(6);
  });

  it("gets no secret of a client that belongs to the old one (BIND-06)", async () => {
    const { server, homes, issued, move } = await moving(2);
    const settings = { clientId: "c-1", clientSecret: "secret-of-the-client" };
    const auth = (metadata: Record<string, unknown>) => ({
      ...metadata,
      token_endpoint_auth_methods_supported: ["client_secret_post"],
    });
    for (const home of homes) home.script.metadata = auth;
    const victim = victimOf(server, settings);
    expect((await victim.call()).status).toBe(200);
    expect(sentTo(homes[0] ?? expect.unreachable(), "token")[0]?.params["client_secret"]).toBe("secret-of-the-client");
    move();
    issued.clear();
    const error = await failureOf(victim.call());
    expect(error.code).toBe("issuer_mismatch");
    expect(error.message).toContain("`issuer`");
    // Nor in a later process, nor when the tokens are gone.
    expect(await failureOf(victimOf(server, { ...settings, kept: victim.store }).call())).toMatchObject({
      code: "issuer_mismatch",
    });
    for (const key of [...victim.store.values.keys()]) if (key.startsWith("tokens-")) await victim.store.delete(key);
    expect(await failureOf(victimOf(server, { ...settings, kept: victim.store }).call())).toMatchObject({
      code: "issuer_mismatch",
    });
    expect(homes[1]?.count("token")).toBe(0);
    expectNoSecret(victim, ["secret-of-the-client"], error);
  });

  it("before the first sign-in is caught where the issuer is configured", async () => {
    const { server, homes, move } = await moving(2);
    move();
    const victim = victimOf(server, {
      clientId: "c-1",
      clientSecret: "secret-of-the-client",
      issuer: (homes[0] ?? expect.unreachable()).issuer,
    });
    const error = await failureOf(victim.call());
    expect(error.code).toBe("issuer_mismatch");
    expect(homes[0]?.requests).toEqual([]);
    expect(homes[1]?.requests).toEqual([]);
    expectNoSecret(victim, ["secret-of-the-client"], error);
  });
});
