/** A request that may be made twice: pain 18 (anthropics/claude-code#53267). */
import { describe, expect, it } from "vitest";
import { SallyportError } from "../../../src/errors.ts";
import { OAuthMessageError } from "../../../src/oauth/errors.ts";
import { onceMore } from "../../../src/oauth/messages/once-more.ts";
import type { ClientIdentity } from "../../../src/oauth/registration.ts";
import { failureOf } from "../../support/failure.ts";

const { signal } = new AbortController();
const identityWith = (renew?: () => Promise<boolean>): ClientIdentity => ({
  source: "pre-registered",
  client: { client_id: "client-1" },
  authentication: () => {},
  ...(renew && { renew }),
});

const unreachable = () => new OAuthMessageError("refresh_failed", "It could not answer.", { status: 503 });
const refusedClient = () =>
  new OAuthMessageError("refresh_failed", "It is wrong.", { oauthError: "invalid_client", status: 401 });

/** Fails in turn, then succeeds. */
function sender(...failures: readonly Error[]) {
  let count = 0;
  return {
    count: () => count,
    send: async () => {
      const failure = failures[count];
      count += 1;
      if (failure !== undefined) throw failure;
      return "done";
    },
  };
}

describe("onceMore", () => {
  it("sends once when that succeeds", async () => {
    const { send, count } = sender();
    expect(await onceMore(identityWith(), signal, send)).toBe("done");
    expect(count()).toBe(1);
  });

  it("sends once more to a server that could not answer, and not a third time", async () => {
    const once = sender(unreachable());
    expect(await onceMore(identityWith(), signal, once.send)).toBe("done");
    const never = sender(unreachable(), unreachable());
    expect((await failureOf(onceMore(identityWith(), signal, never.send))).code).toBe("refresh_failed");
    expect(never.count()).toBe(2);
  });

  it("sends once more with a secret that has changed", async () => {
    const { send, count } = sender(refusedClient());
    expect(
      await onceMore(
        identityWith(async () => true),
        signal,
        send,
      ),
    ).toBe("done");
    expect(count()).toBe(2);
  });

  it("does not send the same secret again, nor where there is none to read", async () => {
    for (const identity of [identityWith(async () => false), identityWith()]) {
      const { send, count } = sender(refusedClient());
      const failure = await failureOf(onceMore(identity, signal, send));
      expect(failure).toMatchObject({ oauthError: "invalid_client" });
      expect(count()).toBe(1);
    }
  });

  it.each([
    new OAuthMessageError("refresh_failed", "It is dead.", { oauthError: "invalid_grant", status: 400 }),
    new SallyportError("redirect_refused", "It redirects."),
  ])("leaves a refusal what it is: %s", async (refusal) => {
    const { send, count } = sender(refusal);
    expect(
      await failureOf(
        onceMore(
          identityWith(async () => true),
          signal,
          send,
        ),
      ),
    ).toBe(refusal);
    expect(count()).toBe(1);
  });

  it("sends nothing any more when nobody waits", async () => {
    const leaving = new AbortController();
    const { send, count } = sender(unreachable());
    const outcome = onceMore(identityWith(), leaving.signal, () => {
      leaving.abort();
      return send();
    });
    await failureOf(outcome);
    expect(count()).toBe(1);
  });
});
