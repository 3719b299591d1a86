import { headlessInteraction, protectedMcpServer, testAuthorizationServer } from "@sallyport/testkit";
import { afterEach, describe, expect, it } from "vitest";
import { type HttpServerConfig, memoryStore, parseServerConfig } from "../../src/index.ts";
import { Session, type SessionOptions } from "../../src/mcp/index.ts";

const closing: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const each of closing.splice(0).reverse()) await each.close();
});
function open<T extends { close(): Promise<unknown> }>(each: T): T {
  closing.push(each);
  return each;
}

describe("signing in at oidc-provider", () => {
  it("registers, signs a person in, calls a tool, refreshes and signs out", async () => {
    const as = open(await testAuthorizationServer({}));
    const mcp = open(await protectedMcpServer({ authorizationServer: as }));
    const store = memoryStore();
    const events: unknown[] = [];
    const session = open(
      new Session(parseServerConfig({ url: mcp.url, auth: {} }) as HttpServerConfig, {
        interaction: headlessInteraction({ account: "ada" }),
        store,
        onEvent: (event) => events.push(event),
      } satisfies SessionOptions),
    );
    await session.connect();
    expect(session.oauth?.getState()).toMatchObject({ status: "authorized" });
    as.expireAccessTokens();
    await session.listTools();
    expect(as.count("token", "refresh_token", 200)).toBe(1);
    await session.oauth?.signOut();
    expect(as.failures).toEqual([]);
  });
});
