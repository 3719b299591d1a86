/**
 * Refresh tokens and registrations that the authorization server knows no more. Nobody has to remove anything by hand:
 * https://github.com/anthropics/claude-code/issues/4760, https://github.com/punkpeye/mcp-remote/issues/96 (pain 6),
 * https://github.com/punkpeye/mcp-remote/issues/166, https://github.com/punkpeye/mcp-remote/issues/181 (pain 5).
 */
import { answerHtml, answerJson, answerStatus, headlessInteraction, type ScriptedAnswer } from "@sallyport/testkit";
import { describe, expect, it, vi } from "vitest";
import type { OAuthOptions } from "../../../src/index.ts";
import { client, requestsTo, servers } from "../integration/setup.ts";
import { hour, type Stage, signedIn, stage } from "./setup.ts";

// A machine that is busy takes its time.
vi.setConfig({ testTimeout: 60_000 });

const clientsAsked = ({ person }: Stage) => person.opened.map((url) => url.searchParams.get("client_id"));

/** Everything that a person has signed in for is dead; the program that is started now knows of nothing else. */
async function later(scene: Stage, kill: (scene: Stage) => void, options?: OAuthOptions) {
  await signedIn(scene, options);
  kill(scene);
  scene.server.expireAccessTokens();
  scene.clock.advance(2 * hour);
  return scene.program(options);
}

describe("a dead refresh token", () => {
  const dead = answerJson({ error: "invalid_grant" }, 400);
  const refuseRefresh: ScriptedAnswer = (exchange) =>
    exchange.params["grant_type"] === "refresh_token" ? dead(exchange) : exchange.usual();

  it("ends in a sign-in with the registration there is, and in nothing else", async () => {
    const scene = await stage();
    const { server, person } = scene;
    const program = await later(scene, () => {
      server.script.on = { token: refuseRefresh };
    });
    expect(await program.call()).toBe(200);
    expect(person.opened).toHaveLength(2);
    expect(server.count("token", "refresh_token")).toBe(1);
    expect(server.count("registration")).toBe(1);
  });

  it("of many programs that find it out at once: one sign-in", async () => {
    const scene = await stage();
    const { server, person, clock } = scene;
    await signedIn(scene);
    const programs = Array.from({ length: 5 }, () => scene.program());
    for (const { call } of programs) await call();
    server.script.on = { token: refuseRefresh };
    server.expireAccessTokens();
    clock.advance(2 * hour);
    expect(await Promise.all(programs.map(({ call }) => call()))).toEqual(programs.map(() => 200));
    expect(person.opened).toHaveLength(2);
    expect(server.count("token", "refresh_token")).toBe(1);
  });
});

// Nothing is left to refresh, so that the next thing that happens is a sign-in.
const withoutRefresh = { tokenResponse: ({ refresh_token: _, ...body }: Record<string, unknown>) => body };

describe("a dead registration", () => {
  it("that a refresh finds out: registers again, and signs in", async () => {
    const scene = await stage();
    const program = await later(scene, ({ server }) => server.killClients());
    expect(await program.call()).toBe(200);
    expect(scene.server.count("registration")).toBe(2);
    expect(new Set(clientsAsked(scene)).size).toBe(2);
  });

  it("at a real authorization server too", async () => {
    const { as, mcp } = await servers();
    const interaction = headlessInteraction();
    const { session } = client(mcp, {}, { interaction });
    await session.connect();
    as.expireAccessTokens();
    as.killClients();
    await session.listTools();
    expect(requestsTo(as, "registration").map(({ status }) => status)).toEqual([201, 201]);
    expect(interaction.opened).toHaveLength(2);
  });

  it("that the exchange of the code finds out: registers again, and asks the person once more", async () => {
    const scene = await stage(withoutRefresh);
    const { server, person } = scene;
    const program = await later(scene, () => {
      let exchanges = 0;
      server.script.on = {
        token: (exchange) => {
          if (exchanges++ > 1) return exchange.usual();
          // It is known when it is asked for, and gone when the person has answered.
          return answerJson({ error: exchanges === 1 ? "invalid_grant" : "invalid_client" }, 400)(exchange);
        },
      };
    });
    expect(await program.call()).toBe(200);
    expect(server.count("registration")).toBe(2);
    expect(person.opened).toHaveLength(3);
  });
});

describe("a registration that is dead before the person is sent away", () => {
  const kill = ({ server }: Stage): void => {
    const [known] = requestsTo(server, "authorization").map(({ params }) => params["client_id"]);
    server.killClients();
    // RFC 6749 §4.1.2.1: the person is told, and nobody else.
    const refuse: ScriptedAnswer = (exchange) =>
      exchange.params["client_id"] === known ? answerHtml(400)(exchange) : exchange.usual();
    server.script.on = { authorization: refuse };
  };

  it("is found out at the token endpoint: the person sees no error page", async () => {
    const scene = await stage(withoutRefresh);
    const program = await later(scene, kill);
    expect(await program.call()).toBe(200);
    expect(scene.server.count("registration")).toBe(2);
    expect(scene.person.opened).toHaveLength(2);
    expect(new Set(clientsAsked(scene)).size).toBe(2);
    expect(requestsTo(scene.server, "authorization").map(({ status }) => status)).toEqual([302, 302]);
  });

  it("leaves the registrations of others alone, whose refresh tokens live on", async () => {
    const scene = await stage();
    const { server, clock } = scene;
    const elsewhere = { server: `${server.resource}`, account: "other" };
    const other = headlessInteraction({ redirectUri: "http://127.0.0.1:9999/callback" });
    await signedIn(scene);
    const kept = scene.program({ ...elsewhere, interaction: other });
    expect(await kept.call()).toBe(200);
    expect(server.count("registration")).toBe(2);
    // The first client is gone, and its user signs in again; the second one refreshes.
    const [first] = clientsAsked(scene);
    server.script.on = {
      token: (exchange) =>
        exchange.params["client_id"] === first
          ? answerJson({ error: "invalid_client" }, 401)(exchange)
          : exchange.usual(),
    };
    server.expireAccessTokens();
    clock.advance(2 * hour);
    expect(await scene.program().call()).toBe(200);
    expect(await kept.call()).toBe(200);
    expect(other.opened).toHaveLength(1);
    expect(server.count("registration")).toBe(3);
  });

  it("a client that is known stays, and signs in as always", async () => {
    const scene = await stage(withoutRefresh);
    const program = await later(scene, () => {});
    expect(await program.call()).toBe(200);
    expect(scene.server.count("registration")).toBe(1);
    expect(new Set(clientsAsked(scene)).size).toBe(1);
    const [, question] = requestsTo(scene.server, "token");
    expect(question).toMatchObject({ status: 400, params: { client_id: clientsAsked(scene)[0] } });
    expect(scene.server.count("token")).toBe(3);
  });

  it.each<[string, ScriptedAnswer]>([
    ["503", answerStatus(503)],
    ["a page", answerHtml()],
    ["nothing that is understood", answerJson({ error: "unauthorized_client" }, 400)],
  ])("a server that answers the question with %s: the registration stays", async (_, answer) => {
    const scene = await stage(withoutRefresh);
    const { server } = scene;
    const program = await later(scene, () => {
      let asked = 0;
      server.script.on = { token: (exchange) => (asked++ === 0 ? answer(exchange) : exchange.usual()) };
    });
    expect(await program.call()).toBe(200);
    expect(server.count("registration")).toBe(1);
  });

  it("is not asked about right after it was made, nor is a client that was given", async () => {
    const scene = await stage(withoutRefresh);
    const { server } = scene;
    await signedIn(scene);
    server.expireAccessTokens();
    scene.clock.advance(60_000);
    await scene.program().call();
    expect(server.count("token")).toBe(2);
    const given = await later(scene, () => {}, { clientId: "given", account: "other" });
    const before = server.count("token");
    expect(await given.call()).toBe(200);
    expect(server.count("token")).toBe(before + 1);
    expect(server.count("registration")).toBe(1);
  });
});
