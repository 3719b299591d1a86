/** One task at a time: REF-06. */
import { describe, expect, it } from "vitest";
import { SingleFlight } from "../../../src/oauth/tokens/single-flight.ts";

/** A task whose end the test decides. */
function task<T>() {
  let resolve: (value: T) => void = () => {};
  let reject: (reason: unknown) => void = () => {};
  const promise = new Promise<T>((...settle) => {
    [resolve, reject] = settle;
  });
  let starts = 0;
  let signal: AbortSignal | undefined;
  return {
    resolve: (value: T) => resolve(value),
    reject: (reason: unknown) => reject(reason),
    run: (own: AbortSignal) => {
      starts += 1;
      signal = own;
      return promise;
    },
    starts: () => starts,
    aborted: () => signal?.aborted,
    reason: () => signal?.reason as unknown,
  };
}

describe("SingleFlight", () => {
  it("runs one task for all who ask while it is under way", async () => {
    const flight = new SingleFlight<string>();
    const first = task<string>();
    const waiting = Array.from({ length: 50 }, () => flight.join(undefined, first.run));
    expect(flight.busy).toBe(true);
    first.resolve("done");
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(["done"]));
    expect(first.starts()).toBe(1);
    expect(flight.busy).toBe(false);
  });

  it("runs the next task when the last one is over", async () => {
    const flight = new SingleFlight<number>();
    expect(await flight.join(undefined, async () => 1)).toBe(1);
    expect(await flight.join(undefined, async () => 2)).toBe(2);
  });

  it("gives a failure to all who waited, and begins anew", async () => {
    const flight = new SingleFlight<string>();
    const first = task<string>();
    const waiting = [flight.join(undefined, first.run), flight.join(undefined, first.run)];
    first.reject(new Error("refused"));
    for (const outcome of await Promise.allSettled(waiting)) {
      expect(outcome).toMatchObject({ status: "rejected", reason: { message: "refused" } });
    }
    expect(await flight.join(undefined, async () => "again")).toBe("again");
  });

  it("lets one caller go and goes on for the others", async () => {
    const flight = new SingleFlight<string>();
    const first = task<string>();
    const leaving = new AbortController();
    const gone = flight.join(leaving.signal, first.run);
    const staying = flight.join(new AbortController().signal, first.run);
    leaving.abort(new Error("no time"));
    await expect(gone).rejects.toThrow("no time");
    expect(first.aborted()).toBe(false);
    first.resolve("done");
    expect(await staying).toBe("done");
  });

  it("gives the task up when nobody waits any more, and whoever comes next begins anew", async () => {
    const flight = new SingleFlight<string>();
    const first = task<string>();
    const [one, two] = [new AbortController(), new AbortController()];
    const gone = [flight.join(one.signal, first.run), flight.join(two.signal, first.run)];
    one.abort(new Error("one"));
    two.abort(new Error("two"));
    expect((await Promise.allSettled(gone)).map((outcome) => outcome.status)).toEqual(["rejected", "rejected"]);
    expect(first.reason()).toMatchObject({ name: "AbortError" });
    expect(flight.busy).toBe(false);

    const second = task<string>();
    const next = flight.join(undefined, second.run);
    // The task that was given up ends late: that is nothing to the one under way.
    first.reject(new Error("given up"));
    await Promise.resolve();
    expect(flight.busy).toBe(true);
    second.resolve("done");
    expect(await next).toBe("done");
  });

  it("starts nothing for a caller who has left already", async () => {
    const flight = new SingleFlight<string>();
    const first = task<string>();
    await expect(flight.join(AbortSignal.abort(new Error("left")), first.run)).rejects.toThrow("left");
    expect(first.starts()).toBe(0);
    expect(flight.busy).toBe(false);
  });

  it("lets many callers with one signal leave together", async () => {
    const flight = new SingleFlight<string>();
    const first = task<string>();
    const closing = new AbortController();
    const waiting = Array.from({ length: 50 }, () => flight.join(closing.signal, first.run));
    closing.abort(new Error("closed"));
    const outcomes = await Promise.allSettled(waiting);
    expect(outcomes.every((outcome) => outcome.status === "rejected")).toBe(true);
    expect(first.aborted()).toBe(true);
  });
});
