/** Guesses cannot take the machine: so many at a time, so many waiting. */
import { expect, it } from "vitest";
import { PasswordChecker } from "../../src/passwords/checker.ts";
import { parseHash } from "../../src/passwords/hash.ts";
import { user } from "./users.ts";

const stored = parseHash(user("right").passwordHash, "ada");
const never = new AbortController().signal;

it("runs some, lets some wait, and turns the rest away", async () => {
  const checker = new PasswordChecker({ running: 2, waiting: 3, remembered: 10 });
  const results = await Promise.allSettled(
    Array.from({ length: 20 }, (_, index) => checker.check("ada", `guess ${index}`, stored, never)),
  );
  const answered = results.filter(({ status }) => status === "fulfilled");
  expect(answered).toHaveLength(5);
  const refused = results.filter((result) => result.status === "rejected");
  for (const { reason } of refused) expect(reason).toMatchObject({ code: "temporarily_unavailable" });
  // None of them holds a place for ever.
  expect(await checker.check("ada", "right", stored, never)).toBe(true);
});

it("checks a password once that several requests bring at the same time, and not again while it is right", async () => {
  const limits = { running: 1, waiting: 0, remembered: 10 };
  const checker = new PasswordChecker(limits);
  const same = await Promise.all(Array.from({ length: 20 }, () => checker.check("ada", "right", stored, never)));
  expect(same).toEqual(Array(20).fill(true));
  // While guesses take every place, who is known is not held up.
  limits.running = 0;
  await expect(checker.check("ada", "another", stored, never)).rejects.toMatchObject({
    code: "temporarily_unavailable",
  });
  expect(await checker.check("ada", "right", stored, never)).toBe(true);
});

it("does not take a password for right because of another hash", async () => {
  const checker = new PasswordChecker({ running: 1, waiting: 0, remembered: 10 });
  expect(await checker.check("ada", "right", stored, never)).toBe(true);
  expect(await checker.check("ada", "right", parseHash(user("other").passwordHash, "ada"), never)).toBe(false);
});

it("forgets those that were used longest ago", async () => {
  const limits = { running: 1, waiting: 0, remembered: 2 };
  const checker = new PasswordChecker(limits);
  const all = ["a", "b", "c"].map((password) => [password, parseHash(user(password).passwordHash, "ada")] as const);
  for (const [password, hash] of all) expect(await checker.check("ada", password, hash, never)).toBe(true);
  limits.running = 0;
  const known = await Promise.allSettled(all.map(([password, hash]) => checker.check("ada", password, hash, never)));
  expect(known.map(({ status }) => status)).toEqual(["rejected", "fulfilled", "fulfilled"]);
});

it("gives a place back to whom it is worth something: an aborted wait ends at once", async () => {
  const checker = new PasswordChecker({ running: 1, waiting: 1, remembered: 10 });
  const first = checker.check("ada", "one", stored, never);
  const controller = new AbortController();
  const waiting = checker.check("ada", "two", stored, controller.signal);
  const reason = new Error("too late");
  controller.abort(reason);
  await expect(waiting).rejects.toBe(reason);
  await expect(checker.check("ada", "three", stored, AbortSignal.abort(reason))).rejects.toBe(reason);
  expect(await first).toBe(false);
  expect(await checker.check("ada", "right", stored, never)).toBe(true);
});
