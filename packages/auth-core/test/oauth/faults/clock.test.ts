/**
 * A clock that jumps: a machine that slept, or was set right. Expiry is an absolute time (pain 7,
 * https://github.com/PrefectHQ/fastmcp/issues/1649), so that a wrong clock may cost a refresh, and never a failure.
 */
import { headlessInteraction } from "@sallyport/testkit";
import { describe, expect, it, vi } from "vitest";
import type { Interaction } from "../../../src/index.ts";
import { hour, minute, signedIn, stage } from "./setup.ts";

// A machine that is busy takes its time.
vi.setConfig({ testTimeout: 60_000 });

const day = 24 * hour;

describe("a clock that jumps between two calls", () => {
  it.each<[string, number[]]>([
    ["forward", [10 * 365 * day]],
    ["forward, and back", [day, -day]],
    ["back, before the token was issued", [-day]],
    ["back, and forward", [-day, day]],
    ["to and fro", [-day, 2 * day, -3 * day]],
  ])("%s: every call succeeds, and nobody is asked again", async (_, jumps) => {
    const scene = await stage();
    const { clock, person, server } = scene;
    const program = await signedIn(scene);
    for (const jump of jumps) {
      clock.advance(jump);
      expect(await program.call()).toBe(200);
      // Whatever the clock says, the server decides.
      server.expireAccessTokens();
      expect(await program.call()).toBe(200);
      expect(await scene.program().call()).toBe(200);
    }
    expect(person.opened).toHaveLength(1);
    expect(server.count("token", "refresh_token", 200)).toBe(server.count("token", "refresh_token"));
  });

  it("leaves what another program has refreshed on another clock to be used", async () => {
    const scene = await stage();
    const { clock, person, server } = scene;
    const ahead = scene.program({ now: () => clock.now() + day });
    const behind = scene.program({ now: () => clock.now() - day });
    const programs = [await signedIn(scene), ahead, behind];
    for (let round = 0; round < 3; round += 1) {
      server.expireAccessTokens();
      expect(await Promise.all(programs.map(({ call }) => call()))).toEqual([200, 200, 200]);
    }
    expect(person.opened).toHaveLength(1);
    expect(server.count("token", "refresh_token", 200)).toBe(server.count("token", "refresh_token"));
  });
});

describe("a clock that jumps while a person signs in", () => {
  it.each([2 * hour, -2 * hour, 31 * minute])("by %d ms: the answer is taken all the same", async (jump) => {
    const scene = await stage();
    const slow = headlessInteraction();
    const interaction: Interaction = {
      async open() {
        const session = await slow.open();
        return {
          ...session,
          authorize(url) {
            scene.clock.advance(jump);
            return session.authorize(url);
          },
        };
      },
    };
    const program = scene.program({ interaction });
    expect(await program.call()).toBe(200);
    expect(await program.call()).toBe(200);
    expect(slow.opened).toHaveLength(1);
  });
});
