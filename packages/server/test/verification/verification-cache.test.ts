import { manualClock } from "@sallyport/testkit";
import { describe, expect, test } from "vitest";
import { AccessToken } from "../../src/index.ts";
import { VerificationCache } from "../../src/verification/verification-cache.ts";

const clock = manualClock();
const seconds = () => clock.now() / 1000;

function setup(options = {}) {
  const cache = new VerificationCache(options, clock.now);
  const asked: string[] = [];
  const verdicts = new Map<string, AccessToken>();
  const verify = (token: string) =>
    cache.verify(token, async () => {
      asked.push(token);
      return verdicts.get(token) ?? null;
    });
  const allow = (token: string, expiresAt?: number) => verdicts.set(token, new AccessToken({ token, expiresAt }));
  return { cache, asked, verdicts, verify, allow };
}

describe("what is remembered", () => {
  test("a valid token is asked about once, until maxAgeMs has passed; a revoked one is refused then (I62-06)", async () => {
    const { verify, allow, asked, verdicts } = setup({ maxAgeMs: 1000 });
    allow("a");
    expect(await verify("a")).toBeInstanceOf(AccessToken);
    verdicts.clear();
    clock.advance(999);
    expect(await verify("a")).toBeInstanceOf(AccessToken);
    expect(asked).toEqual(["a"]);
    clock.advance(1);
    expect(await verify("a")).toBeNull();
    expect(asked).toEqual(["a", "a"]);
  });

  test("never beyond the end of the token, however long maxAgeMs is", async () => {
    const { verify, allow, asked, verdicts } = setup({ maxAgeMs: 1_000_000 });
    allow("a", seconds() + 10);
    await verify("a");
    clock.advance(9_999);
    await verify("a");
    expect(asked).toHaveLength(1);
    verdicts.clear();
    clock.advance(1);
    expect(await verify("a")).toBeNull();
    expect(asked).toHaveLength(2);
  });

  test("a token that has ended already is not remembered", async () => {
    const { verify, allow, asked } = setup();
    allow("a", seconds() - 1);
    await verify("a");
    await verify("a");
    expect(asked).toHaveLength(2);
  });

  test("a refused token is asked about again after negativeMs, and may be good then", async () => {
    const { verify, allow, asked } = setup({ negativeMs: 100 });
    expect(await verify("a")).toBeNull();
    allow("a");
    clock.advance(99);
    expect(await verify("a")).toBeNull();
    clock.advance(1);
    expect(await verify("a")).toBeInstanceOf(AccessToken);
    expect(asked).toHaveLength(2);
  });

  test("maxAgeMs 0 asks at every request", async () => {
    const { verify, allow, asked } = setup({ maxAgeMs: 0 });
    allow("a");
    await verify("a");
    await verify("a");
    expect(asked).toHaveLength(2);
  });

  test("what rejects is not remembered", async () => {
    const { cache } = setup();
    await expect(cache.verify("a", () => Promise.reject(new Error("down")))).rejects.toThrow("down");
    expect(await cache.verify("a", async () => new AccessToken({ token: "a" }))).toBeInstanceOf(AccessToken);
  });
});

describe("what is bounded", () => {
  test("of more than maxEntries tokens, the least recently used is forgotten", async () => {
    const { verify, allow, asked } = setup({ maxEntries: 2 });
    for (const token of ["a", "b", "c"]) allow(token);
    for (const token of ["a", "b", "a", "c", "a", "b"]) await verify(token);
    expect(asked).toEqual(["a", "b", "c", "b"]);
  });

  test("a flood of made-up tokens does not push out a valid one", async () => {
    const { verify, allow, asked } = setup({ maxEntries: 100 });
    allow("good");
    await verify("good");
    for (let index = 0; index < 1_000; index += 1) await verify(`made-up-${index}`);
    await verify("good");
    expect(asked.filter((token) => token === "good")).toHaveLength(1);
  });

  test("all who ask about one token at a time share one question", async () => {
    const { cache } = setup();
    let answer = (_token: AccessToken): void => {};
    let asked = 0;
    const ask = () => {
      asked += 1;
      return new Promise<AccessToken>((resolve) => {
        answer = resolve;
      });
    };
    const all = Promise.all(Array.from({ length: 100 }, () => cache.verify("a", ask)));
    answer(new AccessToken({ token: "a" }));
    expect(new Set(await all).size).toBe(1);
    expect(asked).toBe(1);
  });
});

test.each([{ maxEntries: -1 }, { maxAgeMs: Number.NaN }, { negativeMs: Number.POSITIVE_INFINITY }])(
  "refuses %o",
  (options) => {
    expect(() => new VerificationCache(options)).toThrow(expect.objectContaining({ code: "config_invalid" }));
  },
);
