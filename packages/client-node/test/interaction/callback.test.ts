import { isSallyportError } from "@sallyport/auth-core";
import { describe, expect, test } from "vitest";
import { answersTo, readCallback, stateOf } from "../../src/interaction/callback.ts";

const redirectUri = "http://127.0.0.1:8080/callback";
const whole = `${redirectUri}?code=c-1&state=s-1&iss=https%3A%2F%2Fas.example`;

describe("readCallback", () => {
  // ISS-07: the whole query, not the code alone.
  test.each([
    ["the whole address", whole],
    ["with spaces around", `  ${whole}\n`],
    ["in quotes", `"${whole}"`],
    ["in single quotes", `'${whole}'`],
    ["in angle brackets", `<${whole}>`],
    ["as a browser shows it", whole.slice("http://".length)],
    ["path and query", "/callback?code=c-1&state=s-1&iss=https%3A%2F%2Fas.example"],
    ["the query with its mark", "?code=c-1&state=s-1&iss=https%3A%2F%2Fas.example"],
    ["the query alone", "code=c-1&state=s-1&iss=https%3A%2F%2Fas.example"],
    ["with a fragment that a page added", `${whole}#_=_`],
    ["the query with a fragment", "code=c-1&state=s-1&iss=https%3A%2F%2Fas.example#_=_"],
  ])("reads %s", (_, text) => {
    expect(readCallback(text, redirectUri).href).toBe(whole);
  });

  test.each(["c-1#s-1", "c-1 s-1", " c-1   s-1 "])("reads code and state from %j", (text) => {
    expect(readCallback(text, redirectUri).href).toBe(`${redirectUri}?code=c-1&state=s-1`);
  });

  test("keeps what it does not know, as it was written", () => {
    const callback = `${redirectUri}?state=s-1&session_state=a%2Bb+c&error=access_denied&error_description=no%20way`;
    expect(readCallback(callback, redirectUri).href).toBe(callback);
  });

  test("reads the callback of any redirect URI when it is whole", () => {
    expect(readCallback(whole).href).toBe(whole);
    expect(readCallback("https://app.example/cb?state=s&code=c").host).toBe("app.example");
    expect(failure("code=c-1&state=s-1")).toContain("no whole URL");
    expect(failure("file:///callback?code=c-1&state=s-1")).toContain("no whole URL");
  });

  test.each([
    ["nothing", "  ", "is empty"],
    ["empty quotes", '""', "is empty"],
    ["text", "hello", "does not begin with http://127.0.0.1:8080/callback"],
    ["the URL to sign in at", "https://as.example/authorize?state=s-1&code=1", "an address of as.example"],
    ["another port", "http://127.0.0.1:8081/callback?code=c-1&state=s-1", "an address of 127.0.0.1:8081"],
    ["another path", "http://127.0.0.1:8080/other?code=c-1&state=s-1", "not one that begins with"],
    [
      "another name of this machine",
      "http://localhost:8080/callback?code=c-1&state=s-1",
      "an address of localhost:8080",
    ],
    ["a longer host", "127.0.0.1:80801/callback?code=c-1&state=s-1", "no whole URL"],
    ["a script", "javascript:alert(1)//?code=c-1&state=s-1", "no whole URL"],
    ["no answer", `${redirectUri}?state=s-1`, "neither a `code` nor an `error`"],
    ["no state", `${redirectUri}?code=c-1`, "has no `state`"],
    ["two states", `${redirectUri}?code=c-1&state=s-1&state=s-2`, "more than one `state`"],
    ["a code alone", "c-1", "does not begin with"],
    ["too much", `${redirectUri}?state=s&code=${"c".repeat(32 * 1024)}`, "longer than 32 KiB"],
  ])("refuses %s", (_, text, why) => {
    const message = failure(text, redirectUri);
    expect(message).toContain(why);
    expect(message).toContain("Copy the whole address");
    expect(message).not.toMatch(/[cs]-1/);
  });
});

describe("answersTo", () => {
  const query = (text: string): URLSearchParams => new URLSearchParams(text);

  test("takes the one state that was sent", () => {
    expect(answersTo(query("state=s-1&code=c"), "s-1")).toBe(true);
    expect(answersTo(query("state=s%2D1"), "s-1")).toBe(true);
  });

  test.each(["", "code=c", "state=", "state=s-2", "state=s-1%20", "state=S-1", "state=s-1&state=s-1", "state=s-1é"])(
    "refuses %j",
    (text) => expect(answersTo(query(text), "s-1")).toBe(false),
  );
});

test("stateOf reads the one state of an authorization URL", () => {
  expect(stateOf(new URL("https://as.example/authorize?state=s-1"))).toBe("s-1");
  for (const search of ["", "?state=", "?state=a&state=b"]) {
    expect(() => stateOf(new URL(`https://as.example/authorize${search}`))).toThrow("no single `state`");
  }
});

function failure(text: string, uri?: string): string {
  try {
    readCallback(text, uri);
  } catch (error) {
    if (!isSallyportError(error)) throw error;
    expect(error.code).toBe("state_mismatch");
    return error.message;
  }
  return expect.unreachable("the text is refused");
}
