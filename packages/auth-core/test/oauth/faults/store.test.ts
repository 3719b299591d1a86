/**
 * A store that fails: an error that says so, and never a lost token. What a server has rotated is kept until it can be saved
 * (REF-01, REF-06; https://github.com/modelcontextprotocol/typescript-sdk/issues/1813).
 */
import { describe, expect, it, vi } from "vitest";
import { type CredentialStore, memoryStore, SallyportError } from "../../../src/index.ts";
import { failureOf } from "../../support/failure.ts";
import { hour, type Stage, signedIn, stage } from "./setup.ts";

// A machine that is busy takes its time.
vi.setConfig({ testTimeout: 60_000 });

/** A disk that can be broken. */
function disk(): {
  store: CredentialStore;
  broken: { write: boolean; read: boolean; lock: boolean };
  keys(): string[];
} {
  const inner = memoryStore();
  const keys = new Set<string>();
  const broken = { write: false, read: false, lock: false };
  const fail = (what: keyof typeof broken): void => {
    if (broken[what]) throw new SallyportError("store_unavailable", `The disk does not ${what} (ENOSPC).`);
  };
  const store: CredentialStore = {
    async get(key) {
      fail("read");
      return inner.get(key);
    },
    async set(key, value) {
      fail("write");
      keys.add(key);
      await inner.set(key, value);
    },
    async delete(key) {
      fail("write");
      keys.delete(key);
      await inner.delete(key);
    },
    async withLock(key, run) {
      fail("lock");
      return inner.withLock(key, run);
    },
  };
  return { store, broken, keys: () => [...keys] };
}

function expire({ server, clock }: Stage): void {
  server.expireAccessTokens();
  clock.advance(2 * hour);
}

describe("a disk that is full", () => {
  it("before a refresh: nothing is sent, so that nothing is lost, though the program ends", async () => {
    const { store, broken } = disk();
    const scene = await stage({}, store);
    const { server, person } = scene;
    const program = await signedIn(scene);
    expire(scene);
    broken.write = true;
    expect(await failureOf(program.call())).toMatchObject({ code: "store_unavailable" });
    expect(program.oauth.getState().status).toBe("failed");
    expect(server.count("token", "refresh_token")).toBe(0);
    broken.write = false;
    expect(await scene.program().call()).toBe(200);
    expect(await program.call()).toBe(200);
    expect(server.count("token", "refresh_token")).toBe(1);
    expect(person.opened).toHaveLength(1);
  });

  it("when the new tokens come: they are kept in memory, and saved as soon as that works", async () => {
    const { store, broken } = disk();
    const scene = await stage({}, store);
    const { server, person } = scene;
    const program = await signedIn(scene);
    expire(scene);
    server.script.on = {
      token: (exchange) => {
        broken.write = true;
        return exchange.usual();
      },
    };
    expect(await failureOf(program.call())).toMatchObject({ code: "store_unavailable" });
    // Still full: an error, and not a second use of the old refresh token.
    expect(await failureOf(program.call())).toMatchObject({ code: "store_unavailable" });
    expect(server.count("token", "refresh_token")).toBe(1);
    server.script.on = {};
    broken.write = false;
    const calls = await Promise.all(Array.from({ length: 10 }, () => program.call()));
    expect(calls).toEqual(calls.map(() => 200));
    expect(program.oauth.getState().status).toBe("authorized");
    expect(await scene.program().call()).toBe(200);
    expect(server.count("token", "refresh_token")).toBe(1);
    expect(person.opened).toHaveLength(1);
  });

  it("when the new tokens come, and another program signs in meanwhile: the newer grant stays", async () => {
    const { store, broken } = disk();
    const scene = await stage({}, store);
    const { server, person } = scene;
    const program = await signedIn(scene);
    expire(scene);
    server.script.on = {
      token: (exchange) => {
        broken.write = true;
        return exchange.usual();
      },
    };
    expect(await failureOf(program.call())).toMatchObject({ code: "store_unavailable" });
    server.script.on = {};
    broken.write = false;
    scene.clock.advance(1000);
    // It has but the old refresh token, which ends the grant: somebody signs in.
    expect(await scene.program().call()).toBe(200);
    expect(person.opened).toHaveLength(2);
    expect(await program.call()).toBe(200);
    expect(await scene.program().call()).toBe(200);
    expect(person.opened).toHaveLength(2);
    expect(server.count("token", "refresh_token")).toBe(2);
  });

  it("before a sign-in: nobody is asked in vain", async () => {
    const { store, broken } = disk();
    const scene = await stage({}, store);
    broken.write = true;
    const program = scene.program();
    expect(await failureOf(program.call())).toMatchObject({ code: "store_unavailable" });
    expect(scene.person.opened).toEqual([]);
    broken.write = false;
    expect(await program.call()).toBe(200);
    expect(scene.person.opened).toHaveLength(1);
  });

  it("after a person has signed in: the tokens are used once they can be kept, and nobody is asked again", async () => {
    const { store, broken } = disk();
    const scene = await stage({}, store);
    const { server } = scene;
    server.script.on = {
      token: (exchange) => {
        broken.write = true;
        return exchange.usual();
      },
    };
    const program = scene.program();
    expect(await failureOf(program.call())).toMatchObject({ code: "store_unavailable" });
    broken.write = false;
    expect(await program.call()).toBe(200);
    expect(await scene.program().call()).toBe(200);
    expect(scene.person.opened).toHaveLength(1);
    expect(server.count("token")).toBe(1);
  });
});

describe("a folder that is read-only", () => {
  it("serves what it has, and refuses before a refresh is sent", async () => {
    const { store, broken, keys } = disk();
    const scene = await stage({}, store);
    const { server, person } = scene;
    await signedIn(scene);
    Object.assign(broken, { write: true, lock: true });
    const kept = keys();
    const program = scene.program();
    expect(await program.call()).toBe(200);
    expire(scene);
    expect(await failureOf(program.call())).toMatchObject({ code: "store_unavailable" });
    expect(server.count("token", "refresh_token")).toBe(0);
    expect(keys()).toEqual(kept);
    Object.assign(broken, { write: false, lock: false });
    expect(await program.call()).toBe(200);
    expect(person.opened).toHaveLength(1);
  });
});

describe("a store that cannot be read", () => {
  it("is an error, not a sign-in, and is read again at the next call", async () => {
    const { store, broken } = disk();
    const scene = await stage({}, store);
    await signedIn(scene);
    broken.read = true;
    const program = scene.program();
    expect(await failureOf(program.call())).toMatchObject({ code: "store_unavailable" });
    broken.read = false;
    expect(await program.call()).toBe(200);
    expect(scene.person.opened).toHaveLength(1);
    expect(scene.server.count("token")).toBe(1);
  });
});
