/** Signing in over SSH and in containers, by pasting: https://github.com/punkpeye/mcp-remote/issues/228, ISS-07. */
import type { InteractionRequest, InteractionSession } from "@sallyport/auth-core";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type ManualInteractionOptions, manualInteraction } from "../../src/interaction/manual.ts";
import { inTurn } from "../../src/interaction/within.ts";
import { authorizationUrl, failureOf } from "./support.ts";

const redirectUri = "http://127.0.0.1:8080/callback";

afterEach(() => void vi.restoreAllMocks());

/** Somebody who answers with these texts, one after the other, and remembers the questions. */
function person(...answers: string[]): { ask: (question: string) => Promise<string>; questions: string[] } {
  const questions: string[] = [];
  const ask = async (question: string): Promise<string> => {
    questions.push(question);
    return answers.shift() ?? expect.unreachable("is asked no more");
  };
  return { ask, questions };
}

/** Somebody who never answers. */
function silence(_question: string, signal: AbortSignal): Promise<string> {
  return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
}

function open(options: ManualInteractionOptions = {}, request: InteractionRequest = {}): Promise<InteractionSession> {
  return manualInteraction({ onUrl: () => {}, ...options }).open(request);
}

describe("the redirect URI", () => {
  test.each([
    [{}, {}, redirectUri],
    [{}, { preferredPort: 9000, path: "/oauth/done" }, "http://127.0.0.1:9000/oauth/done"],
    [{}, { preferredPort: 0 }, redirectUri],
    [{ host: "localhost" }, {}, "http://localhost:8080/callback"],
    [{ host: "[::1]" }, { preferredPort: 80 }, "http://[::1]/callback"],
    [{}, { redirectUri: "https://app.example/cb", preferredPort: 9000 }, "https://app.example/cb"],
  ] as const)("with %j and %j is %s", async (options, request, expected) => {
    expect((await open(options, request)).redirectUri).toBe(expected);
  });
});

describe("the callback", () => {
  test("is what was pasted, whole", async () => {
    const { ask, questions } = person(`${redirectUri}?code=c&state=s-1&iss=https%3A%2F%2Fas.example`);
    const shown: string[] = [];
    const session = await open({ ask, onUrl: (url) => void shown.push(url.href) });
    const callback = await session.authorize(authorizationUrl("s-1"));
    expect(callback.href).toBe(`${redirectUri}?code=c&state=s-1&iss=https%3A%2F%2Fas.example`);
    expect(shown).toEqual([authorizationUrl("s-1").href]);
    expect(questions).toEqual([
      `After signing in, the browser goes to ${redirectUri}, a page that may not load. Copy its whole address from the address bar and paste it here: `,
    ]);
  });

  test("may be one of a place that is not this machine", async () => {
    const { ask } = person("https://app.example/cb?code=c&state=s-1");
    const session = await open({ ask }, { redirectUri: "https://app.example/cb" });
    expect((await session.authorize(authorizationUrl("s-1"))).host).toBe("app.example");
  });

  test("is asked for again after nonsense, and after the callback of another sign-in", async () => {
    const { ask, questions } = person("", "what?", "code=c&state=s-2", "error=access_denied&state=s-1");
    const session = await open({ ask });
    expect((await session.authorize(authorizationUrl("s-1"))).search).toBe("?error=access_denied&state=s-1");
    expect(questions.slice(1)).toEqual([
      expect.stringContaining("it is empty"),
      expect.stringContaining(`does not begin with ${redirectUri}`),
      expect.stringContaining("callback of another sign-in"),
    ]);
    expect(questions.join()).not.toMatch(/what\?|s-2/);
  });

  test("is not asked for without end", async () => {
    const { ask, questions } = person("1", "2", "3", "4", "code=c&state=s-2");
    const error = await failureOf((await open({ ask })).authorize(authorizationUrl("s-1")));
    expect(error.code).toBe("state_mismatch");
    expect(questions).toHaveLength(5);
  });
});

describe("an end without a callback", () => {
  test("comes after the timeout, and ends the question", async () => {
    const ask = vi.fn(silence);
    const error = await failureOf((await open({ ask, timeoutMs: 1 })).authorize(authorizationUrl("s-1")));
    expect(error.code).toBe("authorization_timeout");
    expect(error.message).toContain("within 0.001 seconds");
    expect(ask.mock.calls[0]?.[1].aborted).toBe(true);
  });

  test("comes with the signal, whose reason it has", async () => {
    const abort = new AbortController();
    const session = await open({ ask: silence }, { signal: abort.signal });
    const answer = session.authorize(authorizationUrl("s-1"));
    abort.abort("enough");
    await expect(answer).rejects.toBe("enough");
    await expect(session.authorize(authorizationUrl("s-1"))).rejects.toBe("enough");
    await expect(open({}, { signal: abort.signal })).rejects.toBe("enough");
  });

  test("comes with close", async () => {
    const session = await open({ ask: silence });
    const answer = failureOf(session.authorize(authorizationUrl("s-1")));
    await session.close();
    expect((await answer).code).toBe("authorization_required");
  });

  test("comes with whatever asking fails with", async () => {
    const reason = new Error("no form");
    const session = await open({ ask: () => Promise.reject(reason) });
    await expect(session.authorize(authorizationUrl("s-1"))).rejects.toBe(reason);
  });

  // URL-01, URL-02
  test("comes before anything is shown when the URL is none to open", async () => {
    const shown = vi.fn();
    const session = await open({ ask: silence, onUrl: shown, open: shown });
    expect((await failureOf(session.authorize(new URL("javascript:alert(1)//?state=s-1")))).code).toBe("insecure_url");
    expect(shown).not.toHaveBeenCalled();
  });
});

test("sign-ins at one terminal take turns, and a signal ends the wait for one", async () => {
  const steps: string[] = [];
  let answer: (() => void) | undefined;
  const first = inTurn([], async () => {
    steps.push("first asks");
    await new Promise<void>((resolve) => {
      answer = resolve;
    });
    steps.push("first answered");
  });
  const abort = new AbortController();
  const given = inTurn([abort.signal], async () => void steps.push("never"));
  const last = inTurn([undefined], async () => {
    steps.push("last");
    throw new Error("last fails");
  });
  const after = inTurn([], async () => void steps.push("after"));
  abort.abort("given up");
  await expect(given).rejects.toBe("given up");
  expect(steps).toEqual(["first asks"]);
  answer?.();
  await first;
  await expect(last).rejects.toThrow("last fails");
  await after;
  expect(steps).toEqual(["first asks", "first answered", "last", "after"]);
});

// RFC 8628 §3.3
describe("a device code", () => {
  const code = {
    userCode: "WDJB-MJHT",
    verificationUri: "https://as.example/device",
    verificationUriComplete: "https://as.example/device?user_code=WDJB-MJHT",
    expiresAt: Date.now() + 10 * 60_000,
  };
  const printed = async (shown: typeof code): Promise<string> => {
    const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    await manualInteraction().showDeviceCode?.(shown);
    return write.mock.calls.join("");
  };

  test("is printed with its places, on standard error", async () => {
    expect(await printed(code)).toMatch(
      /^To sign in, open https:\/\/as\.example\/device on any device and enter the code WDJB-MJHT\nor open https:\/\/as\.example\/device\?user_code=WDJB-MJHT\nThe code is good for \d+ minutes?\.\n$/,
    );
    expect(await printed({ ...code, expiresAt: 0 })).toContain("good for 1 minute.");
  });

  test("cannot write on the terminal what was not meant for it", async () => {
    expect(await printed({ ...code, userCode: "A\x1b[2J\r\n\u202eB" })).toContain("the code A?[2J???B\n");
  });

  test.each(["javascript:alert(1)", "http://as.example/device", "as.example/device"])(
    "is not sent to %s",
    async (place) => {
      const show = async (): Promise<void> => manualInteraction().showDeviceCode?.({ ...code, verificationUri: place });
      expect((await failureOf(show())).code).toBe("insecure_url");
    },
  );

  test("goes to the caller's own function", async () => {
    const onDeviceCode = vi.fn();
    await manualInteraction({ onDeviceCode }).showDeviceCode?.(code);
    expect(onDeviceCode).toHaveBeenCalledExactlyOnceWith(code);
  });
});
