/**
 * Tokens for the client itself (CC-01 to CC-06): nobody is asked, and new ones are there before the old ones expire.
 */
import { generateKeyPairSync } from "node:crypto";
import { headlessInteraction, manualClock, type PreRegisteredClient } from "@sallyport/testkit";
import { describe, expect, it } from "vitest";
import { memoryStore, OAuth } from "../../../src/index.ts";
import { sdks, session } from "../../mcp/sessions.ts";
import { failureOf } from "../../support/failure.ts";
import { type Auth, client, decoded, lastToken, requestsTo, requestTo, servers } from "./setup.ts";

const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const kinds: readonly { name: string; known: Omit<PreRegisteredClient, "clientId">; auth: Auth }[] = [
  {
    name: "client_secret_basic",
    known: { authentication: "client_secret_basic", clientSecret: "service-secret" },
    auth: { clientSecret: "service-secret" },
  },
  {
    name: "client_secret_post",
    known: { authentication: "client_secret_post", clientSecret: "service-secret" },
    auth: { clientSecret: "service-secret", clientAuthentication: "client_secret_post" },
  },
  {
    name: "private_key_jwt",
    known: { authentication: "private_key_jwt", jwks: { keys: [publicKey.export({ format: "jwk" })] } },
    auth: { privateKey: privateKey.export({ type: "pkcs8", format: "pem" }).toString() },
  },
];

describe.each(kinds)("with $name", ({ known, auth }) => {
  const clients = [{ clientId: "service", grantTypes: ["client_credentials"], ...known }];
  const service: Auth = { grant: "client_credentials", clientId: "service", ...auth };

  it.each(sdks)("calls a tool over $name, and asks nobody", async (sdk) => {
    const { as, mcp } = await servers({ clients });
    const interaction = headlessInteraction();
    const { session, events } = client(mcp, service, { sdk, interaction });
    const result = await session.callTool("add", { a: 1, b: 1 });
    expect(result.content).toEqual([{ type: "text", text: "2" }]);
    expect((await lastToken(as, mcp)).verified).toMatchObject({ clientId: "service", audience: mcp.resource });
    expect(interaction.opened).toEqual([]);
    expect(requestTo(as, "token").params).toMatchObject({
      grant_type: "client_credentials",
      resource: mcp.resource,
      scope: "mcp:read",
    });
    expect(as.count("registration") + as.count("authorization")).toBe(0);
    expect(JSON.stringify(events)).not.toContain("service-secret");
    as.expireAccessTokens();
    await session.listTools();
    expect(as.count("token", "client_credentials", 200)).toBe(2);
  });

  it("has new tokens before the old ones expire, once for all who wait (CC-06)", async () => {
    const { as, mcp } = await servers({ clients, accessTokenSeconds: 10 });
    const clock = manualClock(Date.now());
    const oauth = new OAuth({ ...service, server: mcp.url, now: clock.now });
    const own = session(mcp.url, { timeoutMs: 60_000 }, { auth: oauth });
    await own.connect();
    clock.advance(5_000);
    await own.listTools();
    expect(as.count("token")).toBe(1);
    clock.advance(4_500);
    const [first] = mcp.calls.filter(({ status }) => status === 200);
    const refused = mcp.calls.filter(({ status }) => status !== 200).length;
    await Promise.all(Array.from({ length: 10 }, (_, a) => own.callTool("add", { a, b: 1 })));
    expect(as.count("token", "client_credentials", 200)).toBe(2);
    expect(mcp.calls.filter(({ status }) => status !== 200)).toHaveLength(refused);
    expect((await lastToken(as, mcp)).token).not.toBe(first?.token);
    expect(own.oauth?.getState().expiresAt).toBe(clock.now() + 10_000);
  });
});

it("binds its tokens to a key where it is told to, and proves itself anew for the nonce", async () => {
  const [, , { known, auth } = { known: {}, auth: {} }] = kinds;
  const { as, mcp } = await servers({ clients: [{ clientId: "service", ...known }], dpop: "nonce" }, { dpop: "nonce" });
  await client(mcp, { grant: "client_credentials", clientId: "service", ...auth, dpop: true }).session.connect();
  expect((await lastToken(as, mcp)).scheme).toBe("DPoP");
  // An assertion is good for one request (RFC 7523 §3), also where the request has to be made twice.
  const ids = requestsTo(as, "token").map(({ params }) => decoded(params["client_assertion"]).claims["jti"]);
  expect(ids).toHaveLength(2);
  expect(new Set(ids).size).toBe(2);
});

it("keeps its tokens where it is given a store: a later session asks for nothing", async () => {
  const [{ known, auth } = { known: {}, auth: {} }] = kinds;
  const { as, mcp } = await servers({ clients: [{ clientId: "service", ...known }] });
  const store = memoryStore();
  const service: Auth = { grant: "client_credentials", clientId: "service", ...auth };
  await client(mcp, service, { store }).session.connect();
  const before = [as.requests.length, mcp.metadataRequests()];
  await client(mcp, service, { store }).session.connect();
  expect([as.count("token"), mcp.metadataRequests()]).toEqual([1, before[1]]);
});

describe("what cannot work", () => {
  it("a client that nobody has registered", async () => {
    const { as, mcp } = await servers();
    const error = await failureOf(client(mcp, { grant: "client_credentials" }).session.connect());
    expect(error).toMatchObject({ code: "registration_unsupported" });
    expect(error.message).toContain("`clientId`");
    expect(as.count("registration")).toBe(0);
  });

  it("a wrong secret: one request, and no secret in the error", async () => {
    const [{ known } = { known: {} }] = kinds;
    const { as, mcp } = await servers({ clients: [{ clientId: "service", ...known }] });
    const auth: Auth = { grant: "client_credentials", clientId: "service", clientSecret: "wrong-secret" };
    const error = await failureOf(client(mcp, auth).session.connect());
    expect(error).toMatchObject({ code: "token_request_failed", oauthError: "invalid_client" });
    expect(error.message).not.toContain("wrong-secret");
    expect(as.count("token")).toBe(1);
  });

  it("a secret that was rotated since it was read is read once more (pain 18)", async () => {
    const [{ known } = { known: {} }] = kinds;
    const { as, mcp } = await servers({ clients: [{ clientId: "service", ...known }] });
    const secrets = ["old-secret", "service-secret"];
    const auth: Auth = {
      grant: "client_credentials",
      clientId: "service",
      clientSecret: () => secrets.shift() ?? "service-secret",
    };
    await client(mcp, auth).session.connect();
    expect(requestsTo(as, "token").map(({ status }) => status)).toEqual([401, 200]);
  });
});
