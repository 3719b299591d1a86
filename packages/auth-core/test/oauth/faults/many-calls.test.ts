/**
 * Many calls that find the token expired at the same time, at a server that rotates refresh tokens and ends the whole family
 * when one is used twice: REF-06, https://github.com/modelcontextprotocol/typescript-sdk/issues/1813 and
 * https://github.com/modelcontextprotocol/typescript-sdk/issues/234.
 */
import { headlessInteraction, manualClock } from "@sallyport/testkit";
import { describe, expect, it, vi } from "vitest";
import { memoryStore, OAuth } from "../../../src/index.ts";
import { sdks, session } from "../../mcp/sessions.ts";
import { client, servers } from "../integration/setup.ts";
import { hour, signedIn, stage } from "./setup.ts";

// A machine that is busy takes its time.
vi.setConfig({ testTimeout: 60_000 });

const fifty = Array.from({ length: 50 }, (_, index) => index);

describe.each(sdks)("fifty calls at once, over $name", (sdk) => {
  const texts = fifty.map((a) => [{ type: "text", text: String(a + 1) }]);

  it("on a token that has expired: one refresh, and no failure", async () => {
    const { as, mcp } = await servers();
    const clock = manualClock(Date.now());
    const interaction = headlessInteraction();
    const oauth = new OAuth({ server: mcp.url, store: memoryStore(), interaction, now: clock.now });
    const connected = await session(mcp.url, { sdk, timeoutMs: 60_000 }, { auth: oauth }).connect();
    as.expireAccessTokens();
    clock.advance(2 * hour);
    const before = mcp.calls.length;
    const results = await Promise.all(fifty.map((a) => connected.callTool("add", { a, b: 1 })));
    expect(results.map(({ content }) => content)).toEqual(texts);
    expect(as.count("token", "refresh_token")).toBe(1);
    // It was known before anything was sent.
    const calls = mcp.calls.slice(before).filter(({ method }) => method === "tools/call");
    expect(calls.map(({ status }) => status)).toEqual(fifty.map(() => 200));
    expect(interaction.opened).toHaveLength(1);
  });

  it("on a token that the server refuses: one refresh, and no failure", async () => {
    const { as, mcp } = await servers();
    const interaction = headlessInteraction();
    const { session } = client(mcp, {}, { sdk, interaction });
    await session.connect();
    as.expireAccessTokens();
    const results = await Promise.all(fifty.map((a) => session.callTool("add", { a, b: 1 })));
    expect(results.map(({ content }) => content)).toEqual(texts);
    expect(as.count("token", "refresh_token")).toBe(1);
    expect(interaction.opened).toHaveLength(1);
  });

  it("before anybody has signed in: one sign-in, and no failure", async () => {
    const { as, mcp } = await servers();
    const interaction = headlessInteraction();
    const { session } = client(mcp, {}, { sdk, interaction });
    const results = await Promise.all(fifty.map((a) => session.callTool("add", { a, b: 1 })));
    expect(results.map(({ content }) => content)).toEqual(texts);
    expect(as.count("registration")).toBe(1);
    expect(as.count("token")).toBe(1);
    expect(interaction.opened).toHaveLength(1);
  });
});

describe("refusals that come late", () => {
  it("fifty at once, and fifty more with the same old token after the refresh: one refresh", async () => {
    const scene = await stage();
    const { server, person } = scene;
    const program = await signedIn(scene);
    server.expireAccessTokens();
    // Each of these requests leaves with the old token, and is answered when the new one is there already.
    let held = 0;
    const answers: (() => void)[] = [];
    server.script.on = {
      resource: async ({ usual, request }) => {
        if (request.headers.authorization?.includes("at-") && held++ < 50) {
          await new Promise<void>((resolve) => answers.push(resolve));
        }
        await usual();
      },
    };
    const late = fifty.map(() => program.call());
    while (answers.length < 50) await new Promise(setImmediate);
    expect(await Promise.all(fifty.map(() => program.call()))).toEqual(fifty.map(() => 200));
    for (const answer of answers) answer();
    expect(await Promise.all(late)).toEqual(fifty.map(() => 200));
    expect(server.count("token", "refresh_token")).toBe(1);
    expect(person.opened).toHaveLength(1);
  });
});

describe("programs that share a store", () => {
  it("refresh once between them, though each has the old token in memory", async () => {
    const scene = await stage();
    const { server, clock, person } = scene;
    await signedIn(scene);
    const programs = Array.from({ length: 8 }, () => scene.program());
    for (const { call } of programs) expect(await call()).toBe(200);
    server.expireAccessTokens();
    clock.advance(2 * hour);
    const calls = programs.flatMap(({ call }) => fifty.slice(0, 5).map(() => call()));
    expect(await Promise.all(calls)).toEqual(calls.map(() => 200));
    expect(server.count("token", "refresh_token")).toBe(1);
    expect(person.opened).toHaveLength(1);
  });

  it("go on with the refresh token that another has got, though its access token has expired too", async () => {
    const scene = await stage();
    const { server, clock, person } = scene;
    const active = await signedIn(scene);
    const idle = scene.program();
    expect(await idle.call()).toBe(200);
    // The one that is idle holds the first refresh token, which has been used, and may not be used again.
    for (const _ of [1, 2]) {
      server.expireAccessTokens();
      clock.advance(2 * hour);
      expect(await active.call()).toBe(200);
    }
    server.expireAccessTokens();
    clock.advance(2 * hour);
    expect(await idle.call()).toBe(200);
    expect(await active.call()).toBe(200);
    expect(server.count("token", "refresh_token", 200)).toBe(3);
    expect(server.count("token", "refresh_token")).toBe(3);
    expect(person.opened).toHaveLength(1);
  });

  it("do not use a refresh token again that another has signed out of", async () => {
    const scene = await stage();
    const { server, clock, person } = scene;
    const one = await signedIn(scene);
    const other = scene.program();
    expect(await other.call()).toBe(200);
    await one.oauth.signOut();
    server.expireAccessTokens();
    clock.advance(2 * hour);
    expect(await other.call()).toBe(200);
    expect(server.count("token", "refresh_token")).toBe(0);
    expect(person.opened).toHaveLength(2);
  });
});
