/**
 * Signing out: the tokens are ended at the authorization server (RFC 7009) and forgotten here, the refresh token first.
 */
import { headlessInteraction } from "@sallyport/testkit";
import { describe, expect, it } from "vitest";
import { memoryStore } from "../../../src/index.ts";
import { sdks } from "../../mcp/sessions.ts";
import { failureOf } from "../../support/failure.ts";
import { client, lastToken, requestsTo, servers } from "./setup.ts";

describe.each(["jwt", "opaque"] as const)("%s tokens", (accessTokens) => {
  it.each(sdks)("are ended, over $name, and the next call is a new sign-in", async (sdk) => {
    const { as, mcp } = await servers({ accessTokens });
    const [store, interaction] = [memoryStore(), headlessInteraction()];
    const { session, events } = client(mcp, {}, { sdk, store, interaction });
    await session.connect();
    const { token } = await lastToken(as, mcp);
    await session.oauth?.signOut();
    expect(await as.verify(token ?? "")).toBeUndefined();
    expect(requestsTo(as, "revocation").map(({ params }) => params["token_type_hint"])).toEqual([
      "refresh_token",
      "access_token",
    ]);
    expect(session.oauth?.getState()).toEqual({ status: "signed-out" });
    expect(events).toContainEqual({ type: "signed_out", issuer: as.issuer, revoked: true });
    expect(JSON.stringify(events)).not.toContain(token);
    const requests = as.count("token");
    await client(mcp, {}, { sdk, store, interaction }).session.connect();
    expect(interaction.opened).toHaveLength(2);
    expect(as.count("token")).toBe(requests + 1);
    expect(as.count("token", "refresh_token")).toBe(0);
  });
});

it("sends no token when told not to, and forgets it all the same", async () => {
  const { as, mcp } = await servers();
  const store = memoryStore();
  const { session, events } = client(mcp, {}, { store });
  await session.connect();
  await session.oauth?.signOut({ revoke: false });
  expect(as.count("revocation")).toBe(0);
  expect(events).toContainEqual({ type: "signed_out", issuer: as.issuer, revoked: false });
  expect((await lastToken(as, mcp)).verified).toBeDefined();
  await client(mcp, {}, { store }).session.connect();
  expect(as.count("token", "authorization_code", 200)).toBe(2);
});

it("is no failure at a server that cannot revoke", async () => {
  const { as, mcp } = await servers({ revocation: false });
  const { session, events } = client(mcp);
  await session.connect();
  await session.oauth?.signOut();
  expect(events).toContainEqual({ type: "signed_out", issuer: as.issuer, revoked: false });
});

it("forgets the tokens also when the server fails, and says that it failed", async () => {
  const { as, mcp } = await servers();
  const store = memoryStore();
  const failing: typeof fetch = async (input, init) =>
    String(input).endsWith("/token/revocation") ? new Response("", { status: 500 }) : fetch(input, init);
  const { session } = client(mcp, {}, { store, fetch: failing });
  await session.connect();
  expect(await failureOf(session.oauth?.signOut() ?? Promise.resolve())).toMatchObject({
    code: "token_request_failed",
  });
  expect(session.oauth?.getState()).toEqual({ status: "signed-out" });
  await client(mcp, {}, { store }).session.connect();
  expect(as.count("token", "authorization_code", 200)).toBe(2);
});

it("by another session that shares the store leaves nothing for this one to refresh", async () => {
  const { as, mcp } = await servers();
  const [store, interaction] = [memoryStore(), headlessInteraction()];
  const { session } = client(mcp, {}, { store, interaction });
  await session.connect();
  const other = client(mcp, {}, { store, interaction }).session;
  await other.connect();
  await other.oauth?.signOut();
  await session.listTools();
  expect(interaction.opened).toHaveLength(2);
  expect(session.oauth?.getState().status).toBe("authorized");
  expect(as.failures).toEqual([]);
});

it("of nobody does nothing", async () => {
  const { as, mcp } = await servers();
  const { session } = client(mcp);
  await session.oauth?.signOut();
  expect(as.requests).toEqual([]);
});
