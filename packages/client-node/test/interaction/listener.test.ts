/** How a listener ends: at once for whoever calls anew, in time for who waits for a page (RED-07). */
import type { ServerResponse } from "node:http";
import { expect, test } from "vitest";
import { type Listener, listenOn } from "../../src/interaction/listener.ts";
import { visit } from "./support.ts";

/** A listener that leaves the first request to the test. */
async function withRequest(): Promise<{ listener: Listener; response: ServerResponse; page: Promise<string> }> {
  let take: ((response: ServerResponse) => void) | undefined;
  const taken = new Promise<ServerResponse>((resolve) => {
    take = resolve;
  });
  const listener = await listenOn("127.0.0.1", [0], (_, response) => take?.(response), "");
  const page = visit(`http://127.0.0.1:${listener.port}/`).then(
    ({ body }) => body,
    (error: Error) => error.message,
  );
  return { listener, response: await taken, page };
}

test("a page that is on its way goes out, while nobody else gets in", async () => {
  const { listener, response, page } = await withRequest();
  const closed = listener.close();
  await expect(visit(`http://127.0.0.1:${listener.port}/`)).rejects.toThrow("ECONNREFUSED");
  response.setHeader("connection", "close").end("the page");
  await closed;
  expect(await page).toBe("the page");
});

test("a page that never ends keeps nobody from closing", async () => {
  const { listener, page } = await withRequest();
  await listener.close();
  expect(await page).toBe("socket hang up");
});
