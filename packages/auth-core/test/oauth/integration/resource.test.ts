/**
 * Resource indicators (RFC 8707): the same text, byte for byte, in every authorization and token request (RES-01 to RES-07).
 */
import { headlessInteraction, type TestAuthorizationServer } from "@sallyport/testkit";
import { describe, expect, it } from "vitest";
import { failureOf } from "../../support/failure.ts";
import { client, lastToken, servers, withoutWaiting } from "./setup.ts";

/** What was sent as `resource` by the requests that have to have one, and how many these were. */
function resourcesAt({ requests }: TestAuthorizationServer) {
  const asking = requests.filter(({ endpoint = "" }) =>
    ["authorization", "token", "device_authorization"].includes(endpoint),
  );
  return { count: asking.length, values: [...new Set(asking.map(({ params }) => params["resource"]))] };
}

describe("one text in every request", () => {
  it("of a sign-in, refreshes, a step-up, and a sign-in after the refresh token has died", async () => {
    const { as, mcp } = await servers({}, { toolScopes: { add: ["mcp:write"] } });
    const { session } = client(mcp);
    await session.connect();
    as.expireAccessTokens();
    await session.listTools();
    await session.callTool("add", { a: 1, b: 1 });
    as.expireAccessTokens();
    as.killRefreshTokens();
    await session.listTools();
    // Three authorizations with a code each, and two refreshes.
    expect(resourcesAt(as)).toEqual({ count: 8, values: [mcp.resource] });
    expect((await lastToken(as, mcp)).verified?.audience).toBe(mcp.resource);
  });

  it("with DPoP, where token requests are made twice for a nonce", async () => {
    const { as, mcp } = await servers({ dpop: "nonce" }, { dpop: "nonce" });
    const { session } = client(mcp);
    await session.connect();
    expect(resourcesAt(as)).toEqual({ count: 3, values: [mcp.resource] });
  });

  it("of client credentials", async () => {
    const service = { clientId: "service", authentication: "client_secret_basic", clientSecret: "secret" } as const;
    const { as, mcp } = await servers({ clients: [service] });
    const { clientId, clientSecret } = service;
    await client(mcp, { grant: "client_credentials", clientId, clientSecret }).session.connect();
    expect(resourcesAt(as)).toEqual({ count: 1, values: [mcp.resource] });
  });

  it("of a device code", async () => {
    withoutWaiting();
    const { as, mcp } = await servers();
    const interaction = {
      ...headlessInteraction(),
      showDeviceCode: (code: { verificationUri: string; userCode: string }) =>
        as.enterUserCode(code.verificationUri, code.userCode),
    };
    await client(mcp, { grant: "device_code" }, { interaction }).session.connect();
    expect(resourcesAt(as)).toEqual({ count: 2, values: [mcp.resource] });
  });
});

describe("the text", () => {
  /** What is sent when the metadata names this resource: tokens for it are not what the MCP server of the tests takes. */
  async function sent(name: (url: URL) => string) {
    const { as, mcp } = await servers(
      {},
      { changeMetadata: (metadata) => ({ ...metadata, resource: name(new URL(mcp.url)) }) },
    );
    const error = await failureOf(client(mcp).session.connect());
    return { error, values: resourcesAt(as).values, expected: name(new URL(mcp.url)) };
  }

  it.each([
    { title: "in capitals", name: ({ host, pathname }: URL) => `HTTP://${host}${pathname}` },
    { title: "with a slash at the end", name: ({ href }: URL) => `${href}/` },
    { title: "of the whole origin", name: ({ origin }: URL) => origin },
    { title: "of the whole origin, with a slash", name: ({ origin }: URL) => `${origin}/` },
  ])("$title is sent as it is published (pain 10, T-01 to T-03)", async ({ name }) => {
    const { error, values, expected } = await sent(name);
    expect(values).toEqual([expected]);
    expect(error.code).toBe("unauthorized");
  });

  it.each([
    { title: "another origin", name: () => "https://api.example.com/mcp" },
    { title: "another path", name: ({ origin }: URL) => `${origin}/other` },
    { title: "the beginning of the path's name", name: ({ origin }: URL) => `${origin}/mc` },
    { title: "a fragment", name: ({ href }: URL) => `${href}#part` },
  ])("of $title is refused, and nobody is asked to sign in (PRM-01)", async ({ name }) => {
    const { error, values } = await sent(name);
    expect(error.code).toBe("resource_mismatch");
    expect(values).toEqual([]);
  });

  it("that is configured is sent in place of the published one", async () => {
    const resource = "https://api.example.com/mcp";
    const { as, mcp } = await servers({ resources: [resource] });
    expect(await failureOf(client(mcp, { resource }).session.connect())).toMatchObject({ code: "unauthorized" });
    expect(resourcesAt(as).values).toEqual([resource]);
    expect(as.count("token", "authorization_code", 200)).toBe(1);
  });

  it("that the server does not know is a refusal (RFC 8707 §2)", async () => {
    const { as, mcp } = await servers({ resources: ["https://api.example.com/mcp"] });
    const error = await failureOf(client(mcp).session.connect());
    expect(error).toMatchObject({ code: "authorization_denied" });
    expect(error.message).toContain("invalid_target");
    expect(as.count("token")).toBe(0);
  });
});
