/**
 * More scopes when an operation needs them: 403 `insufficient_scope`, the union of what was and what is wanted, one more
 * authorization, and the call again (STEP-01 to STEP-07, SCP-02, SCP-03, T-06).
 */
import { headlessInteraction, type TestAuthorizationServer } from "@sallyport/testkit";
import { describe, expect, it } from "vitest";
import { memoryStore } from "../../../src/index.ts";
import { sdks } from "../../mcp/sessions.ts";
import { failureOf } from "../../support/failure.ts";
import { client, lastToken, outcomes, requestsTo, servers } from "./setup.ts";

/** The scopes of each authorization request. */
const asked = (as: TestAuthorizationServer) =>
  requestsTo(as, "authorization").map(({ params }) => (params["scope"] ?? "").split(" ").sort());

const toolScopes = { add: ["mcp:write"], count: ["mcp:admin"] };
const scopes = ["mcp:read", "mcp:write", "mcp:admin"];
const add = { a: 2, b: 2 };
const four = [{ type: "text", text: "4" }];

describe.each(sdks)("over $name", (sdk) => {
  it.each(["v1", "v2"] as const)(
    "asks once more with the union, and makes the call again, to a server on SDK %s",
    async (line) => {
      const { as, mcp } = await servers({ scopes, refreshTokens: "never" }, { toolScopes, sdk: line });
      const { session } = client(mcp, {}, { sdk });
      await session.connect();
      expect((await session.callTool("add", add)).content).toEqual(four);
      expect(asked(as)).toEqual([["mcp:read"], ["mcp:read", "mcp:write"]]);
      expect((await lastToken(as, mcp)).verified?.scopes.toSorted()).toEqual(["mcp:read", "mcp:write"]);
      expect(outcomes(mcp).filter((each) => each.startsWith("tools/call"))).toEqual([
        "tools/call 403",
        "tools/call 200",
      ]);
      // The scopes stay: neither this tool nor another needs more.
      await session.callTool("add", add);
      await session.callTool("echo", { text: "x" });
      expect(as.count("authorization")).toBe(2);
      expect(as.count("token", "refresh_token")).toBe(0);
    },
  );
});

it("adds up over tools, also in a later session that shares the store (SCP-03)", async () => {
  const { as, mcp } = await servers({ scopes, refreshTokens: "never" }, { toolScopes });
  const store = memoryStore();
  const first = client(mcp, {}, { store }).session;
  await first.callTool("add", add);
  await client(mcp, {}, { store }).session.callTool("count", { to: 1 });
  expect(asked(as)).toEqual([["mcp:read"], ["mcp:read", "mcp:write"], ["mcp:admin", "mcp:read", "mcp:write"]]);
  await first.callTool("count", { to: 1 });
  expect(as.count("authorization")).toBe(3);
});

it("adds to configured scopes, and keeps offline_access", async () => {
  const { as, mcp } = await servers({ scopes }, { toolScopes, scopes: [] });
  const { session } = client(mcp, { scope: "mcp:admin" });
  await session.callTool("add", add);
  expect(asked(as)).toEqual([
    ["mcp:admin", "offline_access"],
    ["mcp:admin", "mcp:write", "offline_access"],
  ]);
  as.expireAccessTokens();
  await session.callTool("add", add);
  expect(as.count("token", "refresh_token", 200)).toBe(1);
});

it("asks once for calls that want the same scope at the same time, and one after the other for others", async () => {
  const { as, mcp } = await servers({ scopes, refreshTokens: "never" }, { toolScopes });
  const { session } = client(mcp);
  await session.connect();
  const calls = [
    ...Array.from({ length: 5 }, () => session.callTool("add", add)),
    session.callTool("count", { to: 1 }),
  ];
  const results = await Promise.all(calls);
  expect(results.every(({ isError }) => isError !== true)).toBe(true);
  expect(as.count("authorization")).toBe(3);
  expect((await lastToken(as, mcp)).verified?.scopes.toSorted()).toEqual(["mcp:admin", "mcp:read", "mcp:write"]);
});

it("gets them for a client without a person, too (STEP-02)", async () => {
  const service = { clientId: "service", authentication: "client_secret_basic", clientSecret: "secret" } as const;
  const { as, mcp } = await servers({ scopes, clients: [service] }, { toolScopes });
  const { clientId, clientSecret } = service;
  const { session } = client(mcp, { grant: "client_credentials", clientId, clientSecret });
  expect((await session.callTool("add", add)).content).toEqual(four);
  expect(requestsTo(as, "token").map(({ params }) => params["scope"]?.split(" ").sort())).toEqual([
    ["mcp:read"],
    ["mcp:read", "mcp:write"],
  ]);
});

describe("scopes that are not granted", () => {
  it.each([
    { title: "by a registered client", auth: {} },
    { title: "by a client that was known", auth: { clientId: "app" } },
  ])("are asked for once $title, and remembered (STEP-06, T-06)", async ({ auth }) => {
    // The authorization server has never heard of the scope, and leaves it out.
    const { as, mcp } = await servers({ scopes: ["mcp:read"], clients: [{ clientId: "app" }] }, { toolScopes });
    const { session } = client(mcp, auth);
    await session.connect();
    const error = await failureOf(session.callTool("add", add));
    expect(error).toMatchObject({ code: "insufficient_scope" });
    expect(as.count("authorization")).toBe(2);
    expect(await failureOf(session.callTool("add", add))).toMatchObject({ code: "insufficient_scope" });
    expect(as.count("authorization")).toBe(2);
    // What there is still works.
    expect((await session.callTool("echo", { text: "fine" })).content).toEqual([{ type: "text", text: "fine" }]);
    expect(session.oauth?.getState().status).toBe("authorized");
  });

  it("because the person refused: that call fails, and the others go on", async () => {
    const { as, mcp } = await servers({ scopes }, { toolScopes });
    let decision: "allow" | "deny" = "allow";
    const interaction = { open: () => headlessInteraction({ decision }).open() };
    const { session } = client(mcp, {}, { interaction });
    await session.connect();
    decision = "deny";
    expect(await failureOf(session.callTool("add", add))).toMatchObject({ code: "authorization_denied" });
    expect((await session.callTool("echo", { text: "fine" })).content).toEqual([{ type: "text", text: "fine" }]);
    decision = "allow";
    expect((await session.callTool("add", add)).content).toEqual(four);
    expect(as.count("authorization")).toBe(3);
  });
});

it("gives up on a server that is never content after three authorizations (STEP-05)", async () => {
  const { as, mcp } = await servers({ scopes });
  const { session } = client(mcp);
  await session.connect();
  for (const scope of ["mcp:write", "mcp:admin", "mcp:read", "mcp:write", "mcp:admin"]) {
    mcp.refuse("insufficient_scope", [scope]);
    expect(await failureOf(session.callTool("echo", { text: "x" }))).toMatchObject({ code: "insufficient_scope" });
  }
  expect(as.count("authorization")).toBeLessThanOrEqual(3);
  mcp.refuse(undefined);
  expect((await session.callTool("echo", { text: "x" })).content).toEqual([{ type: "text", text: "x" }]);
});

it("hands over any other 403 (CHL-16)", async () => {
  const { as, mcp } = await servers({ scopes });
  const forbidding: typeof fetch = async (input, init) => {
    const response = await fetch(input, init);
    const { body, headers } = new Request(input, init);
    const isCall = headers.has("authorization") && body !== null && String(init?.body ?? "").includes("tools/call");
    return isCall ? new Response("no", { status: 403 }) : response;
  };
  const { session } = client(mcp, {}, { fetch: forbidding });
  await session.connect();
  await failureOf(session.callTool("echo", { text: "x" }));
  expect(as.count("authorization")).toBe(1);
});
