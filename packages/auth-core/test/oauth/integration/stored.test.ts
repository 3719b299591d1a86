/**
 * What a sign-in leaves in the store, and what that spares: a later connect finds its tokens, and asks nobody where they
 * come from. Two people share a store and never a token.
 */
import { headlessInteraction, type ProtectedMcpServer, type TestAuthorizationServer } from "@sallyport/testkit";
import { describe, expect, it } from "vitest";
import { memoryStore } from "../../../src/index.ts";
import { sdks } from "../../mcp/sessions.ts";
import { client, lastToken, requestTo, servers } from "./setup.ts";

/** Every request that both servers got, in the words of its protocol. */
function wire(as: TestAuthorizationServer, mcp: ProtectedMcpServer) {
  const toServer = mcp.calls.map(({ method, status }) => `${method} ${status}`);
  const toIssuer = as.requests.flatMap(({ endpoint, params }) =>
    endpoint === undefined ? [] : [[endpoint, params["grant_type"]].filter(Boolean).join(" ")],
  );
  return { toServer, toIssuer, resourceMetadata: mcp.metadataRequests() };
}

/** What was asked since then. */
function since(now: ReturnType<typeof wire>, then: ReturnType<typeof wire>) {
  return {
    toServer: now.toServer.slice(then.toServer.length),
    toIssuer: now.toIssuer.slice(then.toIssuer.length),
    resourceMetadata: now.resourceMetadata - then.resourceMetadata,
  };
}

describe.each([
  { line: "v2", sdk: sdks[1], first: "server/discover", requests: ["server/discover 200"] },
  {
    line: "v1",
    sdk: sdks[0],
    first: "initialize",
    requests: ["initialize 200", "notifications/initialized 200"],
  },
] as const)("requests on the wire with SDK $line on both ends", ({ line, sdk, first, requests }) => {
  it("a first sign-in discovers, registers, asks and redeems, once each; a later connect does none of it", async () => {
    const { as, mcp } = await servers({}, { sdk: line });
    const store = memoryStore();
    const signIn = client(mcp, {}, { sdk, store }).session;
    await signIn.connect();
    const afterFirst = wire(as, mcp);
    // The listening stream that SDK 1.x opens may come at any time.
    expect({ ...afterFirst, toServer: afterFirst.toServer.filter((each) => !each.startsWith("GET")) }).toEqual({
      toServer: [`${first} 401`, ...requests],
      resourceMetadata: 1,
      toIssuer: ["metadata", "registration", "authorization", "token authorization_code"],
    });
    await signIn.close();

    const beforeLater = wire(as, mcp);
    await client(mcp, {}, { sdk, store }).session.connect();
    const later = since(wire(as, mcp), beforeLater);
    expect({ ...later, toServer: later.toServer.filter((each) => !each.startsWith("GET")) }).toEqual({
      toServer: requests,
      resourceMetadata: 0,
      toIssuer: [],
    });
  });
});

it("a later connect with expired tokens refreshes them after one refusal, and discovers nothing but what may have moved", async () => {
  const { as, mcp } = await servers();
  const store = memoryStore();
  await client(mcp, {}, { store }).session.connect();
  as.expireAccessTokens();
  const before = wire(as, mcp);
  await client(mcp, {}, { store }).session.connect();
  expect(since(wire(as, mcp), before)).toEqual({
    toServer: ["server/discover 401", "server/discover 200"],
    resourceMetadata: 1,
    toIssuer: ["metadata", "token refresh_token"],
  });
});

describe("two people", () => {
  it("with one store each have their own tokens, and share the registration", async () => {
    const { as, mcp } = await servers();
    const store = memoryStore();
    const of = (account: string) =>
      client(mcp, {}, { store, account, interaction: headlessInteraction({ account }) }).session;
    const [ada, grace] = [of("ada"), of("grace")];
    await ada.connect();
    expect((await lastToken(as, mcp)).verified?.subject).toBe("ada");
    await grace.connect();
    expect((await lastToken(as, mcp)).verified?.subject).toBe("grace");
    await ada.listTools();
    expect((await lastToken(as, mcp)).verified?.subject).toBe("ada");
    expect(requestTo(as, "registration").status).toBe(201);

    // Each refreshes its own, and one that signs out leaves the other alone.
    as.expireAccessTokens();
    await ada.listTools();
    expect((await lastToken(as, mcp)).verified?.subject).toBe("ada");
    await ada.oauth?.signOut();
    await grace.listTools();
    expect((await lastToken(as, mcp)).verified?.subject).toBe("grace");
    expect(as.count("token", "authorization_code")).toBe(2);
    const later = of("grace");
    await later.connect();
    expect((await lastToken(as, mcp)).verified?.subject).toBe("grace");
    expect(as.count("token", "authorization_code")).toBe(2);
  });

  it("are not taken for each other because one has no name", async () => {
    const { as, mcp } = await servers();
    const store = memoryStore();
    await client(mcp, {}, { store }).session.connect();
    const interaction = headlessInteraction({ account: "grace" });
    await client(mcp, {}, { store, account: "grace", interaction }).session.connect();
    expect(interaction.opened).toHaveLength(1);
    expect((await lastToken(as, mcp)).verified?.subject).toBe("grace");
  });
});

it("two servers behind one authorization server have one registration, and a token each", async () => {
  const { as, mcp } = await servers();
  const other = (await servers()).mcp;
  other.useAuthorizationServer(as);
  const store = memoryStore();
  await client(mcp, {}, { store }).session.connect();
  await client(other, {}, { store }).session.connect();
  expect(as.count("registration")).toBe(1);
  expect((await lastToken(as, mcp)).verified?.audience).toBe(mcp.resource);
  expect((await lastToken(as, other)).verified?.audience).toBe(other.resource);
});
