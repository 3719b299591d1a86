/**
 * An authorization server that is slow, down, broken, or answers with something else: each a typed error that names the
 * endpoint, or none where asking again helps; and none of it is for ever
 * (https://github.com/punkpeye/mcp-remote/issues/166, pain 5).
 */
import {
  answerFirst,
  answerHangUp,
  answerHtml,
  answerJson,
  answerStatus,
  closedOrigin,
  type OAuthEndpoint,
  type ScriptedAnswer,
} from "@sallyport/testkit";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { ErrorCode } from "../../../src/index.ts";
import { failureOf } from "../../support/failure.ts";
import { hour, type Program, type Stage, signedIn, stage } from "./setup.ts";

// A machine that is busy takes its time.
vi.setConfig({ testTimeout: 60_000 });

/** No answer. All the time that the client gives passes at once. */
function answerNever(): ScriptedAnswer {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  return () => void setImmediate(() => vi.advanceTimersByTime(60_000));
}

type Fault = readonly [name: string, make: () => ScriptedAnswer];

const passing: readonly Fault[] = [
  ["is out of service (503)", () => answerStatus(503)],
  ["fails (500 and a page)", () => answerHtml(500)],
  ["hangs up", answerHangUp],
];
const faults: readonly Fault[] = [
  ...passing,
  ["answers with a page", () => answerHtml()],
  ["answers with JSON that means nothing", () => answerJson([])],
  ["is too slow", answerNever],
];

/** A program whose token has expired. */
async function expired(scene: Stage): Promise<Program> {
  const program = await signedIn(scene);
  scene.server.expireAccessTokens();
  scene.clock.advance(2 * hour);
  return program;
}

describe("while a token is refreshed", () => {
  it.each(passing)("a token endpoint that %s once: nobody hears of it", async (_, make) => {
    const scene = await stage();
    const program = await expired(scene);
    scene.server.script.on = { token: answerFirst(1, make()) };
    expect(await program.call()).toBe(200);
    expect(scene.server.count("token", "refresh_token")).toBe(2);
    expect(scene.person.opened).toHaveLength(1);
  });

  it.each(faults)(
    "a token endpoint that %s: an error, and the next call succeeds without a person",
    async (_, make) => {
      const scene = await stage();
      const { server, person } = scene;
      const program = await expired(scene);
      server.script.on = { token: make() };
      const failure = await failureOf(program.call());
      expect(failure.code).toBe("refresh_failed");
      expect(failure.message).toContain(`${server.issuer}/token`);
      expect(program.oauth.getState()).toMatchObject({ status: "failed", error: failure });
      server.script.on = {};
      expect(await program.call()).toBe(200);
      expect(program.oauth.getState().status).toBe("authorized");
      expect(person.opened).toHaveLength(1);
      expect(server.count("registration")).toBe(1);
    },
  );

  it.each(faults)("a token endpoint that %s: a token that lives is used to its end", async (_, make) => {
    const scene = await stage();
    const { server, clock } = scene;
    const program = await signedIn(scene);
    clock.advance(hour - 30_000);
    server.script.on = { token: make() };
    expect(await program.call()).toBe(200);
    expect(server.count("token", "refresh_token")).toBeGreaterThan(0);
    expect(program.oauth.getState().status).toBe("authorized");
  });

  it.each(faults)("metadata that %s: what is known is used", async (_, make) => {
    const scene = await stage();
    const { server, person } = scene;
    const program = await signedIn(scene);
    server.expireAccessTokens();
    server.script.on = { metadata: make() };
    expect(await program.call()).toBe(200);
    expect(server.count("token", "refresh_token")).toBe(1);
    expect(person.opened).toHaveLength(1);
  });

  it("fifty calls on a token endpoint that is down: each an error, and one attempt for all of them", async () => {
    const scene = await stage();
    const { server } = scene;
    const program = await expired(scene);
    server.script.on = { token: answerStatus(503) };
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => failureOf(program.call())));
    expect(new Set(outcomes.map(({ code }) => code))).toEqual(new Set(["refresh_failed"]));
    expect(server.count("token", "refresh_token")).toBe(2);
    server.script.on = {};
    expect(await program.call()).toBe(200);
  });

  it("a server that is gone: the error says so", async () => {
    const gone = await stage();
    const scene = await stage({
      resourceMetadata: (document) => ({ ...document, authorization_servers: [gone.server.issuer] }),
    });
    scene.server.script.on = {
      resource: ({ request, response, usual }) =>
        request.headers.authorization === undefined ? usual() : void response.writeHead(200).end("{}"),
    };
    const program = await signedIn(scene);
    await gone.server.close();
    scene.clock.advance(2 * hour);
    const failure = await failureOf(program.call());
    expect(failure.code).toBe("refresh_failed");
    expect(failure.message).toMatch(/could not be asked \("ECONNREFUSED"\)/);
  });
});

describe("while a person signs in", () => {
  const endpoints: readonly (readonly [OAuthEndpoint, ErrorCode])[] = [
    ["resource_metadata", "discovery_failed"],
    ["metadata", "discovery_failed"],
    ["registration", "registration_failed"],
    ["token", "token_request_failed"],
  ];
  const cases = endpoints.flatMap(([endpoint, code]) => faults.map(([name, make]) => ({ endpoint, code, name, make })));

  it.each(cases)("$endpoint that $name: an error, and the next call signs in", async ({ endpoint, code, make }) => {
    const scene = await stage();
    const { server } = scene;
    const program = scene.program();
    server.script.on = { [endpoint]: make() };
    const failure = await failureOf(program.call());
    expect(failure.code).toBe(code);
    expect(failure.message).toContain(server.url);
    expect(program.oauth.getState()).toMatchObject({ status: "failed", error: failure });
    server.script.on = {};
    expect(await program.call()).toBe(200);
    expect(program.oauth.getState().status).toBe("authorized");
  });

  it.each(
    passing.flatMap(([name, make]) =>
      (["resource_metadata", "metadata", "registration"] as const).map((endpoint) => ({ endpoint, name, make })),
    ),
  )("$endpoint that $name once: nobody hears of it", async ({ endpoint, make }) => {
    const scene = await stage();
    scene.server.script.on = { [endpoint]: answerFirst(1, make()) };
    expect(await scene.program().call()).toBe(200);
    expect(scene.person.opened).toHaveLength(1);
  });

  it("a code is sent once, whatever comes back (OAuth 2.1 §4.1.3)", async () => {
    const scene = await stage();
    const { server, person } = scene;
    server.script.on = { token: answerFirst(1, answerStatus(503)) };
    const program = scene.program();
    expect((await failureOf(program.call())).code).toBe("token_request_failed");
    expect(server.count("token")).toBe(1);
    expect(await program.call()).toBe(200);
    expect(person.opened).toHaveLength(2);
  });

  it("a server that is not there: the error names every URL that was tried", async () => {
    const origin = await closedOrigin();
    const scene = await stage({ resourceMetadata: (document) => ({ ...document, authorization_servers: [origin] }) });
    const failure = await failureOf(scene.program().call());
    expect(failure.code).toBe("discovery_failed");
    expect(failure.message).toContain(`${origin}/.well-known/oauth-authorization-server: `);
    expect(failure.message).toContain(`${origin}/.well-known/openid-configuration: `);
    expect(scene.person.opened).toEqual([]);
  });
});
