/** A sign-in by a person: ISS-01, ISS-02, AUT-03, AUT-04, RES-01; pains 4 and 6. */
import type { AuthorizationServer } from "oauth4webapi";
import { describe, expect, it } from "vitest";
import { memoryStore } from "../../../src/credentials/memory-store.ts";
import type { AuthEvent } from "../../../src/events.ts";
import { Engine } from "../../../src/oauth/engine.ts";
import type { DeviceCode, Interaction } from "../../../src/oauth/interaction.ts";
import type { OAuthOptions } from "../../../src/oauth/options.ts";
import { GrantRecords } from "../../../src/oauth/tokens/grant-records.ts";
import { failureOf } from "../../support/failure.ts";

const resource = "https://mcp.example/mcp";
const issuer = "https://as.example";
const redirectUri = "http://127.0.0.1:8080/callback";
const now = () => Date.UTC(2026, 0, 1);

interface World {
  readonly options?: OAuthOptions;
  readonly server?: Partial<AuthorizationServer>;
  /** The answer to an authorization request. Default: a code. */
  answer?(url: URL, records: GrantRecords): Promise<URL> | URL;
  /** The answers of the token endpoint, in turn. Default: tokens. */
  readonly tokens?: readonly Response[];
  readonly interaction?: Partial<Interaction>;
}

const withCode = (url: URL, more: Record<string, string> = {}): URL => {
  const callback = new URL(url.searchParams.get("redirect_uri") ?? "");
  const state = url.searchParams.get("state") ?? "";
  for (const [name, value] of Object.entries({ code: "code-1", state, iss: issuer, ...more })) {
    callback.searchParams.set(name, value);
  }
  return callback;
};

function world({ options = {}, server = {}, answer = (url) => withCode(url), tokens = [], interaction }: World = {}) {
  const sent: { path: string; form: URLSearchParams; text: string }[] = [];
  const events: AuthEvent[] = [];
  const asked: URL[] = [];
  let [registered, exchanged, closed] = [0, 0, 0];
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const request = new Request(input, init);
    const text = await request.text();
    const path = new URL(request.url).pathname;
    sent.push({ path, text, form: new URLSearchParams(text) });
    if (path === "/register") {
      registered += 1;
      return Response.json({ client_id: `client-${registered}` }, { status: 201 });
    }
    if (path === "/device") {
      const code = { device_code: "device-1", user_code: "ABCD", verification_uri: `${issuer}/enter` };
      // Asked for at once: nobody waits past the end.
      return Response.json({ ...code, expires_in: 0.01 });
    }
    const next = tokens[exchanged];
    exchanged += 1;
    return next?.clone() ?? Response.json({ access_token: `access-${exchanged}`, token_type: "Bearer" });
  };
  const records = new GrantRecords(memoryStore(), resource, "", {});
  const person: Interaction = {
    open: async () => ({
      redirectUri,
      authorize: async (url) => {
        asked.push(url);
        return answer(url, records);
      },
      close: async () => {
        closed += 1;
      },
    }),
    ...interaction,
  };
  const all = { ...options, fetch, now, interaction: person, onEvent: (event: AuthEvent) => events.push(event) };
  const engine = new Engine(resource, all, records);
  const discovery = {
    resource,
    issuer,
    server: {
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      registration_endpoint: `${issuer}/register`,
      code_challenge_methods_supported: ["S256"],
      authorization_response_iss_parameter_supported: true,
      ...server,
    },
  };
  const { signal } = new AbortController();
  return {
    records,
    engine,
    sent,
    events,
    asked,
    closed: () => closed,
    paths: () => sent.map(({ path }) => path),
    signIn: (scope?: string) => engine.obtain({ discovery, challenge: undefined, previous: undefined, scope, signal }),
  };
}

const refused = (error: string): Response => Response.json({ error }, { status: 400 });

describe("a sign-in with a browser", () => {
  it("registers, asks, and redeems the code with what it asked for (RES-01)", async () => {
    const { signIn, asked, sent, closed } = world();
    expect(await signIn("read")).toMatchObject({ clientId: "client-1", requested: "read", discovery: { issuer } });
    expect(sent.map(({ path }) => path)).toEqual(["/register", "/token"]);
    const parameters = asked[0]?.searchParams;
    const form = sent[1]?.form;
    expect(form?.get("code")).toBe("code-1");
    for (const name of ["client_id", "redirect_uri", "resource"]) expect(form?.get(name)).toBe(parameters?.get(name));
    expect(closed()).toBe(1);
  });

  it("has kept its state, verifier and issuer before the person is sent away (ISS-01)", async () => {
    let kept: unknown;
    const { signIn } = world({
      answer: async (url, records) => {
        kept = await records.begun(url.searchParams.get("state") ?? "", now());
        return withCode(url);
      },
    });
    await signIn();
    expect(kept).toMatchObject({ authorization: { issuer, clientId: "client-1", verifier: expect.any(String) } });
  });

  it("wants the port back that it is registered with, unless another is configured", async () => {
    const wanted = async (callbackPort: number | undefined, first: string): Promise<(number | undefined)[]> => {
      const ports: (number | undefined)[] = [];
      const open: Interaction["open"] = async ({ preferredPort }) => {
        ports.push(preferredPort);
        return { redirectUri: first, authorize: async (url) => withCode(url), close: async () => {} };
      };
      const { signIn, paths } = world({
        options: callbackPort === undefined ? {} : { callbackPort },
        interaction: { open },
      });
      await signIn();
      await signIn();
      expect(paths().filter((path) => path === "/register")).toHaveLength(1);
      return ports;
    };
    const free = "http://127.0.0.1:43210/callback";
    expect(await wanted(0, free)).toEqual([0, 43210]);
    expect(await wanted(undefined, free)).toEqual([undefined, 43210]);
    expect(await wanted(9000, "http://127.0.0.1:9000/callback")).toEqual([9000, 9000]);
    expect(await wanted(undefined, "https://app.example/callback")).toEqual([undefined, undefined]);
  });

  it("takes an answer once (AUT-04)", async () => {
    const { signIn, asked, engine, paths } = world();
    await signIn();
    const again = engine.finish(withCode(asked[0] as URL, { code: "code-2" }), undefined);
    expect((await failureOf(again)).code).toBe("state_mismatch");
    expect(paths().filter((path) => path === "/token")).toHaveLength(1);
  });

  it("can be finished by whoever shares the store (pain 4)", async () => {
    const first = world({
      answer: () => {
        throw new Error("killed");
      },
    });
    await expect(first.signIn()).rejects.toThrow("killed");
    const grant = await first.engine.finish(withCode(first.asked[0] as URL), undefined);
    expect(grant.tokens.accessToken).toBe("access-1");
  });

  it.each<[string, Record<string, string>, string]>([
    ["another issuer (ISS-02)", { iss: "https://evil.example" }, "issuer_mismatch"],
    ["an error of another issuer (ISS-04)", { iss: `${issuer}/`, error: "access_denied" }, "issuer_mismatch"],
    ["an error", { error: "access_denied" }, "authorization_denied"],
    ["another state", { state: "made up" }, "state_mismatch"],
  ])("sends no code anywhere after an answer with %s", async (_, more, code) => {
    const { signIn, paths, closed } = world({ answer: (url) => withCode(url, more) });
    expect((await failureOf(signIn())).code).toBe(code);
    expect(paths()).toEqual(["/register"]);
    expect(closed()).toBe(1);
  });

  it("is over after an answer that was refused", async () => {
    const { signIn, asked, engine } = world({ answer: (url) => withCode(url, { iss: "https://evil.example" }) });
    await failureOf(signIn());
    expect((await failureOf(engine.finish(withCode(asked[0] as URL), undefined))).code).toBe("state_mismatch");
  });

  it("asks nobody where a stolen code could be used by others (AUT-03)", async () => {
    const { signIn, asked, closed } = world({ server: { code_challenge_methods_supported: ["plain"] } });
    expect((await failureOf(signIn())).code).toBe("pkce_unsupported");
    expect(asked).toEqual([]);
    expect(closed()).toBe(1);
  });

  it("registers again when its registration is dead, once (pain 6, anthropics/claude-code#4760)", async () => {
    const once = world({ tokens: [refused("invalid_client")] });
    expect(await once.signIn()).toMatchObject({ clientId: "client-2", tokens: { accessToken: "access-2" } });
    expect(once.paths()).toEqual(["/register", "/token", "/register", "/token"]);
    const never = world({ tokens: [refused("invalid_client"), refused("invalid_client")] });
    expect(await failureOf(never.signIn())).toMatchObject({ oauthError: "invalid_client" });
    expect(never.paths().filter((path) => path === "/register")).toHaveLength(2);
  });

  it("has no other client than the configured one", async () => {
    const { signIn, asked, paths } = world({ options: { clientId: "mine" }, tokens: [refused("invalid_client")] });
    expect(await failureOf(signIn())).toMatchObject({ oauthError: "invalid_client" });
    expect(asked).toHaveLength(1);
    expect(paths()).toEqual(["/token"]);
  });

  it("tells what it does, and nothing that is secret", async () => {
    const { signIn, events, asked, sent } = world();
    await signIn();
    expect(events).toEqual([
      { type: "registration", issuer, clientId: "client-1" },
      { type: "authorization", step: "asked", issuer, url: `${issuer}/authorize` },
      { type: "authorization", step: "answered", issuer },
      { type: "token", grant: "authorization_code", issuer, refreshable: false },
    ]);
    const told = JSON.stringify(events);
    for (const secret of [asked[0]?.searchParams.get("state"), sent[1]?.form.get("code_verifier"), "code-1"]) {
      expect(secret).toBeTruthy();
      expect(told).not.toContain(secret);
    }
  });

  it("closes what it opened though closing fails, and says what failed before", async () => {
    const { signIn } = world({
      interaction: {
        open: async () => ({
          redirectUri,
          authorize: () => Promise.reject(new Error("no browser")),
          close: () => Promise.reject(new Error("of no interest")),
        }),
      },
    });
    await expect(signIn()).rejects.toThrow("no browser");
  });
});

describe("a sign-in with a device code", () => {
  const shown: DeviceCode[] = [];
  const terminal: Partial<Interaction> = {
    prefersDeviceCode: true,
    showDeviceCode: async (code) => void shown.push(code),
  };
  const offered = { device_authorization_endpoint: `${issuer}/device` };

  it("is made where the server offers it and nobody can open a browser (pain 13)", async () => {
    const { signIn, asked, paths } = world({ server: offered, interaction: terminal });
    expect(await signIn()).toMatchObject({ clientId: "client-1", tokens: { accessToken: "access-1" } });
    expect(shown.at(-1)).toMatchObject({ userCode: "ABCD", verificationUri: `${issuer}/enter` });
    expect(paths()).toEqual(["/register", "/device", "/token"]);
    expect(asked).toEqual([]);
  });

  it.each<[string, World]>([
    ["the server does not offer it", { interaction: terminal }],
    ["a browser can be opened", { server: offered, interaction: { showDeviceCode: async () => {} } }],
    ["there is nothing to show it with", { server: offered, interaction: { prefersDeviceCode: true } }],
    [
      "another grant is configured",
      { server: offered, interaction: terminal, options: { grant: "authorization_code" } },
    ],
  ])("is not made where %s", async (_, of) => {
    const { signIn, asked } = world(of);
    await signIn();
    expect(asked).toHaveLength(1);
  });

  it("needs something to show it with when it is configured", async () => {
    const { signIn, sent } = world({ server: offered, options: { grant: "device_code" } });
    expect((await failureOf(signIn())).code).toBe("authorization_required");
    expect(sent).toEqual([]);
  });
});
