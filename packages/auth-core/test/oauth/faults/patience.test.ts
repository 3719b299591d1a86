/**
 * The time that a session gives a request does not run while a person signs in, and runs while nothing happens
 * (https://github.com/anthropics/claude-code/issues/15320).
 */
import { answerHeld, headlessInteraction, scriptedAuthorizationServer } from "@sallyport/testkit";
import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { type Interaction, memoryStore } from "../../../src/index.ts";
import { running, sdks, session } from "../../mcp/sessions.ts";
import { failureOf } from "../../support/failure.ts";
import { client, servers } from "../integration/setup.ts";

// A machine that is busy takes its time.
vi.setConfig({ testTimeout: 60_000 });

const timeoutMs = 10_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
});

/** Somebody who takes an hour, for which the time of everything else passes as well. */
function slowPerson(): { interaction: Interaction; windows(): number } {
  const person = headlessInteraction();
  const interaction: Interaction = {
    async open() {
      const session = await person.open();
      return {
        ...session,
        authorize(url) {
          vi.advanceTimersByTime(3_600_000);
          return session.authorize(url);
        },
      };
    },
  };
  return { interaction, windows: () => person.opened.length };
}

describe.each(sdks)("over $name", (sdk) => {
  it("a person may take as long as it takes: to connect, and in the middle of a call", async () => {
    const { as, mcp } = await servers({ refreshTokens: "never" });
    const { interaction, windows } = slowPerson();
    const { session } = client(mcp, {}, { sdk, interaction, timeoutMs });
    await session.connect();
    expect(windows()).toBe(1);
    as.expireAccessTokens();
    const { content } = await session.callTool("add", { a: 1, b: 2 });
    expect(content).toEqual([{ type: "text", text: "3" }]);
    expect(windows()).toBe(2);
  });

  it("so may somebody else's sign-in that is waited for", async () => {
    const { mcp } = await servers();
    const { interaction, windows } = slowPerson();
    const store = memoryStore();
    const sessions = [1, 2, 3].map(() => client(mcp, {}, { sdk, store, interaction, timeoutMs }).session);
    await Promise.all(sessions.map((each) => each.connect()));
    expect(windows()).toBe(1);
  });

  it("an authorization server that says nothing is waited for as long as any server", async () => {
    const server = await running(scriptedAuthorizationServer());
    const held = answerHeld();
    server.script.on = { metadata: held };
    const interaction = headlessInteraction();
    const stuck = session(server.resource, { sdk, interaction, timeoutMs }, { auth: { type: "oauth" } });
    const failing = failureOf(stuck.connect());
    await held.reached;
    vi.advanceTimersByTime(timeoutMs);
    const failure = await failing;
    expect(failure.code).toBe("connect_failed");
    expect(failure.message).toContain(`${timeoutMs}`);
    expect(interaction.opened).toEqual([]);
  });

  it("the time goes on after the sign-in", async () => {
    const { mcp } = await servers();
    const { interaction } = slowPerson();
    const { session } = client(mcp, {}, { sdk, interaction, timeoutMs });
    await session.connect();
    const calls = Promise.all([failureOf(session.callTool("wait"))]);
    await vi.waitFor(() => expect(mcp.calls.at(-1)?.tool).toBe("wait"), { interval: 5 });
    vi.advanceTimersByTime(timeoutMs);
    const [failure] = await calls;
    expect(failure?.code).toBe("request_timeout");
  });
});
