import {
  answerEndlessBody,
  answerHalf,
  answerHangUp,
  answerHtml,
  answerJson,
  answerRedirect,
  answerStatus,
  closedOrigin,
  listen,
  type RunningServer,
  type ScriptedAnswer,
} from "@sallyport/testkit";
import { afterEach, expect, test } from "vitest";
import { fetchJson } from "../../src/verification/fetch-json.ts";
import { secureUrl } from "../../src/verification/secure-url.ts";
import { scripted } from "../scripted.ts";

const servers: RunningServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function serve(answer: ScriptedAnswer): Promise<URL> {
  const server = await listen(scripted(answer));
  servers.push(server);
  return new URL(`${server.url}/document?key=hunter2`);
}

test("fetches an object", async () => {
  expect(await fetchJson(await serve(answerJson({ a: 1 })))).toEqual({ a: 1 });
});

test.each<[string, ScriptedAnswer, string, number?]>([
  ["a page", answerHtml(), "is no JSON object"],
  ["a list", answerJson([1]), "is no JSON object"],
  ["null", answerJson(null), "is no JSON object"],
  ["an error", answerStatus(500), "answered with 500"],
  ["nothing", answerStatus(204), "answered with 204"],
  ["a redirect, which is not followed", answerRedirect("https://elsewhere.example"), "answered with 302"],
  ["a body without an end", answerEndlessBody(), "more than 524288 bytes"],
  ["half an answer", answerHalf(), "no whole answer in 200 ms", 200],
  ["a closed connection", answerHangUp(), "could not be asked"],
])("%s is temporarily_unavailable, without the query in the message", async (_name, answer, message, timeoutMs) => {
  const url = await serve(answer);
  const error = await fetchJson(url, { timeoutMs }).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "temporarily_unavailable", message: expect.stringContaining(message) });
  expect(String(error)).not.toContain("hunter2");
});

test("nobody there is temporarily_unavailable", async () => {
  const url = new URL(await closedOrigin());
  await expect(fetchJson(url)).rejects.toMatchObject({ code: "temporarily_unavailable" });
});

test("a fetch that never settles is given up", async () => {
  const fetch = () => new Promise<Response>(() => {});
  const asked = fetchJson(new URL("https://as.example.com"), { fetch, timeoutMs: 1 });
  await expect(asked).rejects.toMatchObject({ code: "temporarily_unavailable" });
});

test.each(["https://as.example.com/jwks", "http://localhost:1/jwks", "http://127.0.0.1:1", "http://[::1]:1"])(
  "takes %s",
  (url) => {
    expect(secureUrl(url, "jwksUri").href).toContain(url);
  },
);

test.each([
  "http://as.example.com",
  "http://127.0.0.1.example.com",
  "file:///etc/passwd",
  "as.example.com",
  "https://u:hunter2@as.example.com",
  "https://as.example.com/#x",
])("refuses %s, without what may be secret in it", (url) => {
  const refuse = () => secureUrl(`${url}?key=hunter2`, "jwksUri");
  expect(refuse).toThrow(expect.objectContaining({ code: "config_invalid" }));
  expect(refuse).not.toThrow("hunter2");
});
