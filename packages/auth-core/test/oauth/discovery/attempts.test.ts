/** What was tried: ASM-09; the error and the events that tell of it. */
import { describe, expect, it } from "vitest";
import { SallyportError } from "../../../src/errors.ts";
import { Attempts } from "../../../src/oauth/discovery/attempts.ts";
import { failureOf } from "../../support/failure.ts";
import { published } from "../../support/published.ts";

const url = "https://as.example/metadata";
const accept = async (response: Response) => ({ body: await response.text() });

/** Answers in turn. */
function inTurn(...answers: readonly (Response | Error)[]) {
  const context = published({});
  let count = 0;
  return {
    ...context,
    count: () => count,
    fetch: async () => {
      const answer = answers[count] ?? new Response(null, { status: 404 });
      count += 1;
      if (answer instanceof Error) throw answer;
      return answer;
    },
  };
}

const silence = () => new SallyportError("discovery_failed", "https://as.example/metadata could not be asked.");

describe("Attempts", () => {
  it("asks for JSON, with the signal", async () => {
    const { signal } = new AbortController();
    let sent: RequestInit | undefined;
    const fetch = async (_url: string | URL, init?: RequestInit) => {
      sent = init;
      return new Response("{}");
    };
    await new Attempts({ fetch, signal }).ask(url, accept);
    expect(sent).toEqual({ headers: { accept: "application/json" }, signal });
  });

  it("asks a server twice that could not answer, and no more", async () => {
    for (const failed of [() => silence(), () => new Response(null, { status: 502 })]) {
      const once = inTurn(failed(), new Response("right"));
      expect(await new Attempts(once).ask(url, accept)).toEqual({ body: "right" });
      const never = inTurn(failed(), failed(), new Response("too late"));
      expect(await new Attempts(never).ask(url, accept)).toBeUndefined();
      expect(never.count()).toBe(2);
    }
  });

  it("asks a server once that has taken all its time", async () => {
    const cause = new DOMException("The time is up.", "TimeoutError");
    const late = new SallyportError("discovery_failed", `${url} gave no whole answer within 5 ms.`, { cause });
    const context = inTurn(late, new Response("too late"));
    const attempts = new Attempts(context);
    expect(await attempts.ask(url, accept)).toBeUndefined();
    expect(context.count()).toBe(1);
    expect(attempts.failure("Nothing was found.", "Check it.").message).toContain("no whole answer within 5 ms");
  });

  it("asks a server once that says no", async () => {
    const context = inTurn(new Response(null, { status: 404 }), new Response("no more"));
    expect(await new Attempts(context).ask(url, accept)).toBeUndefined();
    expect(context.count()).toBe(1);
  });

  it("lists every URL with its result, in the order of asking", async () => {
    const unasked = new SallyportError("discovery_failed", "https://as.example/3 could not be asked.");
    const context = published({ "https://as.example/2": silence(), "https://as.example/3": unasked });
    const attempts = new Attempts(context);
    await attempts.ask("https://as.example/1?key=s3cr3t", accept);
    await attempts.ask("https://as.example/2", accept);
    await attempts.ask("https://as.example/3", accept);
    const failure = attempts.failure("Nothing was found.", "Check it.");
    expect(failure.code).toBe("discovery_failed");
    expect(failure.message).toBe(
      [
        "Nothing was found. Check it.",
        "- https://as.example/1?key=••••: answered with 404",
        "- https://as.example/2: https://as.example/metadata could not be asked.",
        "- https://as.example/3: could not be asked.",
      ].join("\n"),
    );
  });

  it("has a message without a list when nothing was asked", () => {
    expect(new Attempts(published({})).failure("Nothing was found.", "Check it.").message).toBe(
      "Nothing was found. Check it.",
    );
  });

  it("bounds what strangers name, each and in all", async () => {
    const attempts = new Attempts(published({}));
    const long = "a".repeat(100_000);
    for (let index = 0; index < 100; index += 1) {
      await attempts.ask(`https://as.example/${index}/${long}`, accept);
      await attempts.ask(`no URL ${long}`, accept);
    }
    const { message } = attempts.failure("Nothing was found.", "Check it.");
    expect(message.split("\n")).toHaveLength(25);
    expect(message.length).toBeLessThan(25 * 700);
  });

  it("asks nothing any more when enough was asked", async () => {
    const context = published({});
    const attempts = new Attempts(context);
    for (let index = 0; index < 100; index += 1) await attempts.ask(`https://as.example/${index}`, accept);
    expect(context.asked).toHaveLength(24);
  });

  it("throws what protects the caller, once, and tells of it", async () => {
    const refusal = new SallyportError("redirect_refused", "It redirects.");
    const context = inTurn(refusal, new Response("right"));
    expect(await failureOf(new Attempts(context).ask(url, accept))).toBe(refusal);
    expect(context.count()).toBe(1);
    expect(context.events).toEqual([{ type: "discovery", url, result: "refused", reason: "It redirects." }]);
  });

  it("throws the reason of the signal", async () => {
    const reason = new DOMException("Stop.", "AbortError");
    const context = { ...published({ [url]: {} }), signal: AbortSignal.abort(reason) };
    await expect(new Attempts(context).ask(url, accept)).rejects.toBe(reason);
  });

  it("does not mind a listener that throws", async () => {
    const context = {
      ...published({ [url]: {} }),
      onEvent: () => {
        throw new Error("of no interest");
      },
    };
    expect(await new Attempts(context).ask(url, accept)).toEqual({ body: "{}" });
  });
});
