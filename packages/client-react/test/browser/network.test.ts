import { afterEach, expect, it, vi } from "vitest";
import { onOnline, reconnectDelay } from "../../src/browser/network.ts";

afterEach(() => vi.restoreAllMocks());

it.each([
  [0, 750, 1000],
  [1, 1500, 2000],
  [4, 12_000, 16_000],
  [5, 22_500, 30_000],
  [1000, 22_500, 30_000],
])("waits before try %d between %d and %d ms", (tries, shortest, longest) => {
  vi.spyOn(Math, "random").mockReturnValueOnce(0).mockReturnValueOnce(1);
  expect([reconnectDelay(tries), reconnectDelay(tries)]).toEqual([shortest, longest]);
});

it("hears that the browser is online, until it stops listening", () => {
  const listener = vi.fn();
  const stop = onOnline(listener);
  dispatchEvent(new Event("online"));
  stop();
  dispatchEvent(new Event("online"));
  expect(listener).toHaveBeenCalledTimes(1);
});
