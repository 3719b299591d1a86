import { manualClock } from "@sallyport/testkit";
import { expect, test } from "vitest";
import { RemoteValue } from "../../src/verification/remote-value.ts";

const minute = 60_000;
const hour = 60 * minute;

function setup() {
  const clock = manualClock();
  const source = { value: 1, down: false, asked: 0 };
  const remote = new RemoteValue(
    async () => {
      source.asked += 1;
      if (source.down) throw new Error("down");
      return source.value;
    },
    { freshMs: 10 * minute, now: clock.now },
  );
  return { clock, source, remote };
}

test("is asked for once, and again when it is no longer fresh", async () => {
  const { clock, source, remote } = setup();
  expect(await Promise.all([remote.get(), remote.get()])).toEqual([1, 1]);
  source.value = 2;
  clock.advance(10 * minute - 1);
  expect(await remote.get()).toBe(1);
  clock.advance(1);
  expect(await remote.get()).toBe(2);
  expect(source.asked).toBe(2);
});

test("is used on for a day while it cannot be had, and no longer", async () => {
  const { clock, source, remote } = setup();
  await remote.get();
  source.down = true;
  clock.advance(24 * hour - 1);
  expect(await remote.get()).toBe(1);
  clock.advance(1 * minute);
  await expect(remote.get()).rejects.toThrow("down");
});

test("once it is known to be out of reach, nobody waits for the next attempt, which still is made", async () => {
  const { clock, source, remote } = setup();
  await remote.get();
  source.down = true;
  clock.advance(11 * minute);
  await remote.get();
  source.down = false;
  source.value = 2;
  clock.advance(30_000);
  expect(await remote.get()).toBe(1);
  expect(source.asked).toBe(3);
  expect(await remote.get()).toBe(2);
});

test("while it has never been had, it is asked for every five seconds at most", async () => {
  const { clock, source, remote } = setup();
  source.down = true;
  for (let index = 0; index < 100; index += 1) await expect(remote.get()).rejects.toThrow("down");
  expect(source.asked).toBe(1);
  source.down = false;
  clock.advance(5_000);
  expect(await remote.get()).toBe(1);
});

test("`newest` asks at most every thirty seconds, and says so when the last attempt failed", async () => {
  const { clock, source, remote } = setup();
  await remote.get();
  source.value = 2;
  expect(await remote.newest()).toBe(1);
  clock.advance(30_000);
  expect(await remote.newest()).toBe(2);
  expect(source.asked).toBe(2);
  source.down = true;
  clock.advance(30_000);
  await expect(remote.newest()).rejects.toThrow("down");
  await expect(remote.newest()).rejects.toMatchObject({ code: "temporarily_unavailable" });
  expect(source.asked).toBe(3);
  expect(await remote.get()).toBe(2);
});
