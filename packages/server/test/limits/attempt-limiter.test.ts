/**
 * Failed attempts: counted by address and by account, forgotten after a while, and no way to lock out who is in.
 */
import { RateLimiterMemory } from "rate-limiter-flexible";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Attempt, type AttemptLimiter, type AttemptLimiterOptions, attemptLimiter } from "../../src/index.ts";

let serial = 0;
/** One with a credential that nobody has tried before. */
function attempt(address: string | undefined, account?: string): Attempt {
  serial += 1;
  return { address, account, credential: `c-${serial}` };
}

/** What a wrong credential gets: 0 for a plain refusal, otherwise how long to wait. */
async function fail(limiter: AttemptLimiter, each: Attempt): Promise<number> {
  return (await limiter.before(each)) || limiter.after(each, false);
}

async function pass(limiter: AttemptLimiter, each: Attempt): Promise<number> {
  return (await limiter.before(each)) || limiter.after(each, true);
}

const limits = { perAddress: { failures: 3, seconds: 60 }, perAccount: { failures: 2, seconds: 100 } };
const make = (options: AttemptLimiterOptions = {}): AttemptLimiter => attemptLimiter({ ...limits, ...options });

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date", "setTimeout", "clearTimeout"] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe("failures", () => {
  it("of an address are counted, whatever it tries, and forgotten in the end", async () => {
    const limiter = make();
    for (let time = 0; time < 3; time += 1) expect(await fail(limiter, attempt("192.0.2.1", `k${time}`))).toBe(0);
    expect(await fail(limiter, attempt("192.0.2.1"))).toBe(60);
    expect(await fail(limiter, attempt("192.0.2.2"))).toBe(0);
    vi.advanceTimersByTime(59_500);
    expect(await fail(limiter, attempt("192.0.2.1"))).toBe(1);
    vi.advanceTimersByTime(600);
    expect(await fail(limiter, attempt("192.0.2.1"))).toBe(0);
  });

  it("at an account are counted, wherever they come from", async () => {
    const limiter = make();
    expect(await fail(limiter, attempt("192.0.2.1", "k"))).toBe(0);
    expect(await fail(limiter, attempt("192.0.2.2", "k"))).toBe(0);
    expect(await fail(limiter, attempt("192.0.2.3", "k"))).toBe(100);
    expect(await fail(limiter, attempt("192.0.2.3", "other"))).toBe(0);
  });

  it("do not prolong the wait", async () => {
    const limiter = make();
    for (let time = 0; time < 3; time += 1) await fail(limiter, attempt("192.0.2.1"));
    for (let time = 0; time < 10; time += 1) {
      vi.advanceTimersByTime(5_000);
      expect(await fail(limiter, attempt("192.0.2.1"))).toBeGreaterThan(0);
    }
    vi.advanceTimersByTime(10_000);
    expect(await fail(limiter, attempt("192.0.2.1"))).toBe(0);
  });

  it("from nowhere in particular, of nobody in particular, are not counted together", async () => {
    const limiter = make();
    for (let time = 0; time < 10; time += 1) expect(await fail(limiter, attempt(undefined))).toBe(0);
  });

  it("are not what succeeds", async () => {
    const limiter = make();
    for (let time = 0; time < 10; time += 1) expect(await pass(limiter, attempt("192.0.2.1", "k"))).toBe(0);
    expect(await fail(limiter, attempt("192.0.2.1", "k"))).toBe(0);
  });
});

describe("a credential that was right before", () => {
  it("is judged whatever others do at its address and with its account", async () => {
    const limiter = make();
    const own = attempt("192.0.2.1", "k");
    expect(await pass(limiter, own)).toBe(0);
    for (let time = 0; time < 5; time += 1) await fail(limiter, attempt("192.0.2.1", "k"));
    expect(await fail(limiter, attempt("192.0.2.1", "k"))).toBeGreaterThan(0);
    expect(await pass(limiter, own)).toBe(0);
    expect(await pass(limiter, { ...own, address: "192.0.2.9" })).toBe(0);
    // Another credential of the same account has to wait, even the right one: nobody can tell it from a guess.
    expect(await pass(limiter, attempt("192.0.2.1", "k"))).toBeGreaterThan(0);
  });

  it("is no failed attempt when it ends, and from then on like any other", async () => {
    const limiter = make();
    for (let client = 0; client < 10; client += 1) {
      const own = attempt("192.0.2.1");
      await pass(limiter, own);
      expect(await fail(limiter, own)).toBe(0);
    }
    const ended = attempt("192.0.2.1");
    await pass(limiter, ended);
    for (let time = 0; time < 4; time += 1) expect(await fail(limiter, ended)).toBe(0);
    expect(await fail(limiter, ended)).toBe(60);
  });
});

describe("many at a time", () => {
  it("get no more answers than one after the other: those after the limit are told nothing, not even the right one", async () => {
    const limiter = make();
    const guesses = Array.from({ length: 50 }, () => attempt("192.0.2.1"));
    // All are let through, because none has failed yet.
    for (const guess of guesses) expect(await limiter.before(guess)).toBe(0);
    const answers: number[] = [];
    for (const [index, guess] of guesses.entries()) answers.push(await limiter.after(guess, index === 49));
    expect(answers.filter((wait) => wait === 0)).toHaveLength(3);
    expect(answers.at(-1)).toBe(60);
  });
});

describe("memory", () => {
  it("is bounded: the oldest is forgotten first", async () => {
    const limiter = make({ maxEntries: 100 });
    const deleted = vi.spyOn(RateLimiterMemory.prototype, "delete");
    for (let client = 0; client < 1_000; client += 1) await fail(limiter, attempt(`a-${client}`, `k-${client}`));
    // One of an address and one of an account, for each beyond the first hundred.
    expect(deleted).toHaveBeenCalledTimes(2 * 900);
    expect(vi.getTimerCount()).toBe(2 * 100);
    deleted.mockRestore();
  });

  it("of what was right is bounded too", async () => {
    const limiter = make({ maxEntries: 2 });
    const [a, b, c] = [attempt("192.0.2.1"), attempt("192.0.2.1"), attempt("192.0.2.1")] as const;
    for (const each of [a, b, a, c]) await pass(limiter, each);
    for (let time = 0; time < 3; time += 1) await fail(limiter, attempt("192.0.2.1"));
    expect(await pass(limiter, a)).toBe(0);
    expect(await pass(limiter, c)).toBe(0);
    expect(await pass(limiter, b)).toBe(60);
  });

  it("holds nothing for those who only ask", async () => {
    const limiter = make();
    for (let client = 0; client < 1_000; client += 1) await limiter.before(attempt(`a-${client}`, `k-${client}`));
    expect(vi.getTimerCount()).toBe(0);
  });
});

it("refuses limits that are none", () => {
  for (const limit of [
    { failures: 0, seconds: 1 },
    { failures: 1, seconds: 0 },
    { failures: 1.5, seconds: 1 },
    { failures: 1, seconds: 86_401 },
    {} as never,
  ]) {
    expect(() => attemptLimiter({ perAddress: limit })).toThrow(expect.objectContaining({ code: "config_invalid" }));
    expect(() => attemptLimiter({ perAccount: limit })).toThrow(expect.objectContaining({ code: "config_invalid" }));
  }
  expect(() => attemptLimiter({ maxEntries: 0 })).toThrow(expect.objectContaining({ code: "config_invalid" }));
});
