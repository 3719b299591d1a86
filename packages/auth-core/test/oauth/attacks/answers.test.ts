/** Answers that nobody asked for, or that belong to another sign-in: OAuth 2.1 §7.12, RFC 9700 §4.5, §4.7. */
import type { ScriptedAuthorizationServer } from "@sallyport/testkit";
import { describe, expect, it } from "vitest";
import type { Interaction } from "../../../src/index.ts";
import { failureOf } from "../../support/failure.ts";
import { expectHarmless, expectNoSecret, hostileServer, recordIn, secretsOf, sentTo, victimOf } from "./setup.ts";

const redirectUri = "http://127.0.0.1/callback";

/** A person whose browser comes back with what `change` makes of the real answer. */
function answeredBy(as: ScriptedAuthorizationServer, change: (callback: URL) => URL | Promise<URL>): Interaction {
  return {
    open: async () => ({
      redirectUri,
      authorize: async (url) => change(await as.signIn(url)),
      close: async () => {},
    }),
  };
}

describe("a state", () => {
  it.each<[string, (callback: URL) => void]>([
    ["of nobody", (callback) => callback.searchParams.delete("state")],
    ["that is empty", (callback) => callback.searchParams.set("state", "")],
    ["that was made up", (callback) => callback.searchParams.set("state", "x".repeat(43))],
    [
      "that is cut",
      (callback) => callback.searchParams.set("state", callback.searchParams.get("state")?.slice(1) ?? ""),
    ],
    ["that is longer", (callback) => callback.searchParams.append("state", "")],
    ["that comes twice", (callback) => callback.searchParams.append("state", callback.searchParams.get("state") ?? "")],
    [
      "in other case",
      (callback) => callback.searchParams.set("state", callback.searchParams.get("state")?.toUpperCase() ?? ""),
    ],
    [
      "in the fragment",
      (callback) => {
        callback.hash = callback.search.slice(1);
        callback.search = "";
      },
    ],
  ])("%s ends the sign-in, and the code goes nowhere", async (_name, spoil) => {
    const as = await hostileServer();
    const interaction = answeredBy(as, (callback) => {
      spoil(callback);
      return callback;
    });
    const victim = victimOf(as, { interaction });
    const error = await failureOf(victim.call());
    expect(error.code).toBe("state_mismatch");
    expect(as.count("token")).toBe(0);
    expectNoSecret(victim, secretsOf(victim, as), error);
  });

  it("with another's code gets no token: the verifier is not that of the code (code injection)", async () => {
    const as = await hostileServer();
    // The attacker's own sign-in at the same server, whose code is put into the victim's answer.
    let stolen = "";
    const attacker = victimOf(as, {
      interaction: answeredBy(as, (callback) => {
        stolen = callback.searchParams.get("code") ?? "";
        throw new Error("kept for the victim");
      }),
    });
    await expect(attacker.call()).rejects.toThrow("kept for the victim");
    const victim = victimOf(as, {
      interaction: answeredBy(as, (callback) => {
        callback.searchParams.set("code", stolen);
        return callback;
      }),
    });
    const error = await failureOf(victim.call());
    expect(error).toMatchObject({ code: "token_request_failed", oauthError: "invalid_grant" });
    expectNoSecret(victim, [...secretsOf(victim, as), stolen], error);
  });

  it("is good for one answer: the same again is refused, whoever brings it", async () => {
    const as = await hostileServer();
    let seen: URL | undefined;
    const interaction = answeredBy(as, (callback) => {
      seen = callback;
      return callback;
    });
    const victim = victimOf(as, { interaction });
    expect((await victim.call()).status).toBe(200);
    const replay = seen ?? expect.unreachable();
    const other = victimOf(as, { kept: victim.store });
    for (const { oauth } of [victim, other]) {
      expect(await failureOf(oauth.finishSignIn(replay))).toMatchObject({ code: "state_mismatch" });
    }
    expect(as.count("token")).toBe(1);
  });

  it("is good for one answer also when it comes several times at once", async () => {
    const as = await hostileServer();
    let pending: URL | undefined;
    const given = new AbortController();
    const victim = victimOf(as, {
      interaction: answeredBy(as, (callback) => {
        pending = callback;
        given.abort(new Error("the window was closed"));
        throw given.signal.reason;
      }),
    });
    await expect(victim.call()).rejects.toThrow("the window was closed");
    const callback = pending ?? expect.unreachable();
    // As from a disk: everybody has read before anybody writes.
    const slow = { ...victim.store, get: (key: string) => later(() => victim.store.get(key)) };
    const finishers = Array.from({ length: 8 }, () => victimOf(as, { kept: slow }).oauth);
    const outcomes = await Promise.allSettled(finishers.map((oauth) => oauth.finishSignIn(callback)));
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(as.count("token")).toBe(1);
    for (const outcome of outcomes) {
      if (outcome.status === "rejected") expect(outcome.reason).toMatchObject({ code: "state_mismatch" });
    }
  });

  it("of a refused answer is used up as well", async () => {
    const as = await hostileServer({ authorizationResponse: (params) => params.set("iss", "https://evil.example") });
    let seen: URL | undefined;
    const victim = victimOf(as, {
      interaction: answeredBy(as, (callback) => {
        seen = callback;
        return callback;
      }),
    });
    expect(await failureOf(victim.call())).toMatchObject({ code: "issuer_mismatch" });
    const mended = new URL(seen ?? expect.unreachable());
    mended.searchParams.set("iss", as.issuer);
    expect(await failureOf(victim.oauth.finishSignIn(mended))).toMatchObject({ code: "state_mismatch" });
    expect(as.count("token")).toBe(0);
  });

  it("of another server's sign-in is of no use here, though both share a store", async () => {
    const [first, second] = [await hostileServer(), await hostileServer()];
    let callback: URL | undefined;
    const one = victimOf(first, {
      interaction: answeredBy(first, (url) => {
        callback = url;
        throw new Error("later");
      }),
    });
    await expect(one.call()).rejects.toThrow("later");
    const two = victimOf(second, { kept: one.store });
    const stolen = callback ?? expect.unreachable();
    expect(await failureOf(two.oauth.finishSignIn(stolen))).toMatchObject({ code: "state_mismatch" });
    expect(first.count("token") + second.count("token")).toBe(0);
    await one.oauth.finishSignIn(stolen);
    expect(first.count("token")).toBe(1);
  });
});

describe("an unsolicited answer", () => {
  it.each([
    "?error=access_denied",
    "?error=access_denied&error_description=Call+0900+123",
    "?error=access_denied&state=",
    "?code=code-of-the-attacker",
    "?code=code-of-the-attacker&state=made-up-by-the-attacker&iss=https%3A%2F%2Fevil.example",
    "",
    "#access_token=token-of-the-attacker",
  ])("%s ends no sign-in that waits, and begins none", async (query) => {
    const as = await hostileServer();
    let shown: unknown;
    const victim = victimOf(as, {
      interaction: answeredBy(as, async (callback) => {
        // While the person is at the sign-in page.
        shown = await failureOf(victim.oauth.finishSignIn(`${redirectUri}${query}`));
        return callback;
      }),
    });
    expect((await victim.call()).status).toBe(200);
    expect(shown).toMatchObject({ code: "state_mismatch" });
    expect(String(shown)).not.toMatch(/0900|attacker|evil/);
    expect(as.count("token")).toBe(1);
  });

  it("that is no URL is an error of ours", async () => {
    const as = await hostileServer();
    const victim = victimOf(as);
    for (const text of ["", "not a URL", "?code=secret-code-1&state=s"]) {
      const error = await failureOf(victim.oauth.finishSignIn(text));
      expect(error.code).toBe("state_mismatch");
      expect(error.message).not.toContain("secret-code-1");
    }
  });
});

describe("an answer that says no", () => {
  it("is shown on one line, bounded, without escapes, and without the state", async () => {
    const as = await hostileServer({
      authorizationResponse(params) {
        params.delete("code");
        params.set("error", "access_denied\r\n2026-01-01 INFO signed in");
        params.set("error_description", `\u001b[2J\u009b2J\u202e\u2028${params.get("state")}${"x".repeat(10_000)}`);
      },
    });
    const victim = victimOf(as);
    const error = await failureOf(victim.call());
    expect(error.code).toBe("authorization_denied");
    expectHarmless(error.message);
    expect(error.message).not.toContain("\n");
    expect(error.message.length).toBeLessThan(700);
    expectNoSecret(victim, secretsOf(victim, as), error);
  });

  it("beside a code gets no token", async () => {
    const as = await hostileServer({ authorizationResponse: (params) => params.set("error", "server_error") });
    expect(await failureOf(victimOf(as).call())).toMatchObject({ code: "authorization_denied" });
    expect(as.count("token")).toBe(0);
  });

  it.each(["code", "error", "error_description", "iss"])("or yes, with %s twice, is nothing", async (name) => {
    const as = await hostileServer({
      authorizationResponse(params) {
        params.append(name, "first");
        params.append(name, "second");
      },
    });
    expect(await failureOf(victimOf(as).call())).toMatchObject({ code: "state_mismatch" });
    expect(as.count("token")).toBe(0);
  });

  it.each(["response", "id_token", "access_token", "token_type"])(
    "with %s, of another flow, gets nothing of it",
    async (name) => {
      const as = await hostileServer({
        authorizationResponse(params) {
          params.delete("code");
          params.set(name, "injected-token");
        },
      });
      const victim = victimOf(as);
      const error = await failureOf(victim.call());
      expect(error.code).toBe("authorization_denied");
      expect(as.count("token")).toBe(0);
      expectNoSecret(victim, ["injected-token"], error);
    },
  );
});

describe("what the endpoint's own query says", () => {
  it("does not change what is asked for", async () => {
    const own = new URLSearchParams({
      client_id: "evil",
      redirect_uri: "https://evil.example/",
      response_type: "token",
      state: "fixed-by-the-attacker",
      code_challenge: "fixed-by-the-attacker",
      code_challenge_method: "plain",
      resource: "https://bank.example",
      scope: "everything",
    });
    const as = await hostileServer({
      metadata: (metadata) => ({ ...metadata, authorization_endpoint: `${metadata["issuer"]}/authorize?${own}` }),
    });
    const victim = victimOf(as);
    expect((await victim.call()).status).toBe(200);
    const [{ searchParams } = new URL("about:blank")] = victim.opened;
    for (const name of own.keys()) expect(searchParams.getAll(name)).toHaveLength(1);
    expect(String(searchParams)).not.toMatch(/evil|attacker|plain|bank|everything/);
    expect(sentTo(as, "token")[0]?.params["resource"]).toBe(as.resource);
  });
});

describe("a sign-in that has begun", () => {
  it("is kept with its issuer, and edited to another one it is none (BIND-08)", async () => {
    const [honest, evil] = [await hostileServer(), await hostileServer()];
    let callback: URL | undefined;
    const victim = victimOf(honest, {
      interaction: answeredBy(honest, (url) => {
        callback = url;
        throw new Error("later");
      }),
    });
    await expect(victim.call()).rejects.toThrow("later");
    const { key, record } = recordIn(victim.store, "pending");
    record.value.signIns[0].authorization.issuer = evil.issuer;
    await victim.store.set(key, JSON.stringify(record));
    const error = await failureOf(victim.oauth.finishSignIn(callback ?? expect.unreachable()));
    expect(["store_unavailable", "issuer_mismatch"]).toContain(error.code);
    expect(honest.count("token") + evil.count("token")).toBe(0);
    expectNoSecret(victim, secretsOf(victim, honest), error);
  });
});

async function later<T>(run: () => Promise<T>): Promise<T> {
  await new Promise((resolve) => setTimeout(resolve, 20));
  return run();
}
