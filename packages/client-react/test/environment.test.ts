import { expect, it } from "vitest";

it("has a document, and Node's network", async () => {
  expect(document.createElement("p").tagName).toBe("P");
  expect(String(fetch)).toContain("undici");
  const { body } = new Response("x");
  expect(body).toBeInstanceOf(ReadableStream);
  expect(new AbortController().signal).toBeInstanceOf(AbortSignal);
});
