/**
 * Several sign-ins at once, and callers who give up: one window for those who want the same, and nobody undoes what another
 * has begun (https://github.com/punkpeye/mcp-remote/issues/306, https://github.com/punkpeye/mcp-remote/issues/315, pain 2;
 * https://github.com/punkpeye/mcp-remote/issues/320, pain 4).
 */
import { answerHeld, headlessInteraction, protectedMcpServer } from "@sallyport/testkit";
import { describe, expect, it, vi } from "vitest";
import { type Interaction, memoryStore, SallyportError } from "../../../src/index.ts";
import { running } from "../../mcp/sessions.ts";
import { failureOf } from "../../support/failure.ts";
import { client, servers } from "../integration/setup.ts";
import { hour, moment, type Stage, signedIn, stage } from "./setup.ts";

// A machine that is busy takes its time.
vi.setConfig({ testTimeout: 60_000 });

/** A person who looks at the page until told to go on, and what became of the window. */
function thoughtful(redirectUri?: string) {
  const person = headlessInteraction(redirectUri === undefined ? {} : { redirectUri });
  const [asked, decided] = [moment<URL>(), moment()];
  let closed = 0;
  const interaction: Interaction = {
    async open({ signal }) {
      const session = await person.open();
      return {
        redirectUri: session.redirectUri,
        async authorize(url) {
          asked.pass(url);
          const given = new Promise<never>((_, reject) =>
            signal?.addEventListener("abort", () => reject(signal.reason), { once: true }),
          );
          await Promise.race([decided.come, given]);
          return session.authorize(url);
        },
        async close() {
          closed += 1;
        },
      };
    },
  };
  return {
    interaction,
    asked: asked.come,
    decide: () => decided.pass(),
    windows: () => person.opened.length,
    closed: () => closed,
  };
}

describe("two sign-ins at once in one process", () => {
  it("to one server: one window, both succeed", async () => {
    const scene = await stage();
    const [one, other] = [thoughtful(), thoughtful()];
    const programs = [one, other].map(({ interaction }) => scene.program({ interaction }));
    const calls = programs.map(({ call }) => call());
    await Promise.race([one.asked, other.asked]);
    one.decide();
    other.decide();
    expect(await Promise.all(calls)).toEqual([200, 200]);
    expect(one.windows() + other.windows()).toBe(1);
    expect(scene.server.count("registration")).toBe(1);
    expect(scene.server.count("token")).toBe(1);
  });

  it("to two servers behind one authorization server: each keeps its client, then and when it refreshes", async () => {
    const { as, mcp } = await servers();
    const second = await running(protectedMcpServer({ authorizationServer: as }));
    const store = memoryStore();
    const people = [thoughtful("http://127.0.0.1:8080/callback"), thoughtful("http://127.0.0.1:8081/callback")];
    const sessions = [mcp, second].map((server, index) => {
      const { interaction } = people[index] ?? thoughtful();
      return client(server, {}, { store, interaction }).session;
    });
    const connecting = sessions.map((session) => session.connect());
    // Both have registered before either goes on.
    await Promise.all(people.map(({ asked }) => asked));
    for (const { decide } of people) decide();
    await Promise.all(connecting);
    as.expireAccessTokens();
    for (const session of sessions) await session.listTools();
    expect(people.map(({ windows }) => windows())).toEqual([1, 1]);
    expect(as.registeredClients()).toHaveLength(2);
    expect(as.count("token", "refresh_token", 200)).toBe(2);
    expect(as.count("token", "authorization_code")).toBe(2);
  });
});

describe("a caller who gives up", () => {
  it("leaves the sign-in to those who wait", async () => {
    const scene = await stage();
    const person = thoughtful();
    const { call } = scene.program({ interaction: person.interaction });
    const impatient = new AbortController();
    const given = call(impatient.signal);
    const patient = [call(), call()];
    await person.asked;
    impatient.abort(new Error("no time"));
    await expect(given).rejects.toThrow("no time");
    person.decide();
    expect(await Promise.all(patient)).toEqual([200, 200]);
    expect(person.windows()).toBe(1);
  });

  it("as the last one, closes the window and frees the lock: the next call signs in", async () => {
    const scene = await stage();
    const person = thoughtful();
    const { call } = scene.program({ interaction: person.interaction });
    const impatient = [new AbortController(), new AbortController()];
    const given = impatient.map(({ signal }) => call(signal));
    await person.asked;
    for (const each of impatient) each.abort(new Error("no time"));
    for (const each of given) await expect(each).rejects.toThrow("no time");
    expect(await scene.program().call()).toBe(200);
    expect([person.windows(), person.closed()]).toEqual([0, 1]);
    expect(await call()).toBe(200);
    expect(scene.person.opened).toHaveLength(1);
  });

  it("while the tokens are refreshed: the answer is kept all the same", async () => {
    const scene = await stage();
    const { server, person } = scene;
    const program = await signedIn(scene);
    server.expireAccessTokens();
    scene.clock.advance(2 * hour);
    const held = answerHeld();
    server.script.on = { token: held };
    const impatient = new AbortController();
    const given = program.call(impatient.signal);
    await held.reached;
    impatient.abort(new Error("no time"));
    await expect(given).rejects.toThrow("no time");
    const next = [program.call(), scene.program().call()];
    held.release();
    expect(await Promise.all(next)).toEqual([200, 200]);
    expect(server.count("token", "refresh_token")).toBe(1);
    expect(person.opened).toHaveLength(1);
  });
});

describe("a sign-in that is finished elsewhere", () => {
  const late = (): SallyportError<"authorization_timeout"> =>
    new SallyportError("authorization_timeout", "No answer came in time.");

  /** A sign-in that waits for an answer which comes to another program. */
  async function finishedElsewhere(scene: Stage, end: (callback: URL) => Promise<URL>) {
    const [asked, finished] = [moment<URL>(), moment<URL>()];
    const interaction: Interaction = {
      open: async () => ({
        redirectUri: "http://127.0.0.1/callback",
        async authorize(url) {
          asked.pass(url);
          return end(await finished.come);
        },
        async close() {},
      }),
    };
    const waiting = scene.program({ interaction });
    const call = waiting.call();
    const callback = await scene.server.signIn(await asked.come);
    const other = scene.program();
    await other.oauth.finishSignIn(callback);
    finished.pass(callback);
    expect(await call).toBe(200);
    expect(await other.call()).toBe(200);
    expect(await waiting.call()).toBe(200);
    expect(scene.server.count("token")).toBe(1);
    return { callback, other };
  }

  it("serves whoever waits for it, when their wait ends", async () => {
    const scene = await stage();
    await finishedElsewhere(scene, async () => {
      throw late();
    });
    expect(scene.person.opened).toEqual([]);
  });

  it("and whoever gets the same answer as well; nobody can use it again", async () => {
    const scene = await stage();
    const { callback, other } = await finishedElsewhere(scene, async (answer) => answer);
    expect(await failureOf(other.oauth.finishSignIn(callback))).toMatchObject({ code: "state_mismatch" });
    expect(scene.server.count("token")).toBe(1);
  });

  it("also when the program that began it is gone, and another has registered for another port since", async () => {
    const scene = await stage();
    const { server } = scene;
    const abandoned = thoughtful("http://127.0.0.1:8080/callback");
    const impatient = new AbortController();
    const given = scene.program({ interaction: abandoned.interaction }).call(impatient.signal);
    const url = await abandoned.asked;
    impatient.abort(new Error("gone"));
    await expect(given).rejects.toThrow("gone");
    const person = thoughtful("http://127.0.0.1:8081/callback");
    const waiting = scene.program({ interaction: person.interaction });
    const call = waiting.call();
    await person.asked;
    expect(server.count("registration")).toBe(2);
    await scene.program().oauth.finishSignIn(await server.signIn(url));
    person.decide();
    expect(await call).toBe(200);
    expect(await scene.program().call()).toBe(200);
    expect(scene.person.opened).toEqual([]);
  });

  it("an answer with an error is told to whoever waits", async () => {
    const scene = await stage({ authorizationResponse: (params) => params.set("error", "access_denied") });
    expect(await failureOf(scene.program().call())).toMatchObject({ code: "authorization_denied" });
  });
});
