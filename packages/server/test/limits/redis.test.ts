/**
 * Failed attempts counted in Redis: for several servers together, and alone while it does not answer.
 */
import { createClient } from "@keyv/redis";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Attempt, type AttemptLimiter, attemptLimiter } from "../../src/index.ts";
import { type Database, hasRedis, startRedis } from "../databases.ts";

const limits = { perAddress: { failures: 3, seconds: 60 }, perAccount: { failures: 2, seconds: 60 } };
let serial = 0;
function attempt(address: string, account?: string): Attempt {
  serial += 1;
  return { address, account, credential: `c-${serial}` };
}
async function fail(limiter: AttemptLimiter, each: Attempt): Promise<boolean> {
  return ((await limiter.before(each)) || (await limiter.after(each, false))) > 0;
}

describe.skipIf(!hasRedis)("Redis (needs the Debian package redis-server)", () => {
  let database: Database;
  let client: ReturnType<typeof createClient>;
  beforeEach(async () => {
    database = await startRedis();
    client = createClient({ url: database.url });
    client.on("error", () => {});
    await client.connect();
  });
  afterEach(async () => {
    client.destroy();
    await database.close();
  });

  it("counts for several servers together, and holds no address and no user name", async () => {
    const [one, two] = [attemptLimiter({ ...limits, redis: client }), attemptLimiter({ ...limits, redis: client })];
    expect(await fail(one, attempt("192.0.2.1", "ada@example.com"))).toBe(false);
    expect(await fail(two, attempt("192.0.2.2", "ada@example.com"))).toBe(false);
    expect(await fail(one, attempt("192.0.2.3", "ada@example.com"))).toBe(true);
    expect(await fail(two, attempt("192.0.2.3", "ada@example.com"))).toBe(true);
    expect(await fail(two, attempt("192.0.2.3"))).toBe(false);
    const names = await client.keys("*");
    expect(names.length).toBeGreaterThan(3);
    for (const name of names) {
      expect(name).toMatch(/^sallyport:(address|account):[\w-]{43}$/);
      expect(await client.pTTL(name)).toBeGreaterThan(0);
    }
  });

  it("that was killed leaves each server to count alone, neither open nor closed", async () => {
    const errors: unknown[] = [];
    const limiter = attemptLimiter({ ...limits, redis: client, onError: (error) => errors.push(error) });
    expect(await fail(limiter, attempt("192.0.2.1"))).toBe(false);
    await database.close();
    for (let time = 0; time < 3; time += 1) expect(await fail(limiter, attempt("192.0.2.1"))).toBe(false);
    expect(await fail(limiter, attempt("192.0.2.1"))).toBe(true);
    expect(await fail(limiter, attempt("192.0.2.2"))).toBe(false);
    expect(errors.length).toBeGreaterThan(0);
  }, 30_000);
});
