/** Where a secret could come out: messages, causes, stacks, events, states, inspectors, URLs (pain 30, design §9). */
import { generateKeyPairSync } from "node:crypto";
import { createServer, type Server, type Socket } from "node:net";
import {
  answerHangUp,
  answerHtml,
  answerJson,
  answerStatus,
  type OAuthEndpoint,
  type ScriptedAnswer,
} from "@sallyport/testkit";
import { describe, expect, it, onTestFinished } from "vitest";
import type { OAuthOptions } from "../../../src/index.ts";
import { failureOf } from "../../support/failure.ts";
import { expectHarmless, expectNoSecret, hostileServer, secretsOf, shown, victimOf } from "./setup.ts";

const clientSecret = "s3cr3t with spaces, %, + and ü";
const key = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "pkcs8", format: "pem" });

const clients: readonly (readonly [string, OAuthOptions, readonly string[]])[] = [
  ["a public client", {}, []],
  [
    "a client with a secret in a header",
    { clientId: "c-1", clientSecret, clientAuthentication: "client_secret_basic" },
    [clientSecret],
  ],
  [
    "a client with a secret in the body",
    { clientId: "c-1", clientSecret, clientAuthentication: "client_secret_post" },
    [clientSecret],
  ],
  ["a client with a key", { clientId: "c-1", privateKey: String(key) }, [String(key).split("\n")[1] ?? ""]],
  ["a client with bound tokens", { dpop: true }, []],
  ["a client without a person", { grant: "client_credentials", clientId: "c-1", clientSecret }, [clientSecret]],
  ["a workload", { grant: "jwt_bearer", assertion: "header.workload-assertion.signature" }, ["workload-assertion"]],
];

/** Says again all that it was sent, in every place that a client may look at. */
const echo =
  (status: number, place: "body" | "challenge" | "page"): ScriptedAnswer =>
  ({ request, params, response }) => {
    const { authorization = "", dpop = "" } = request.headers;
    const pair = Buffer.from(authorization.replace(/^Basic /, ""), "base64").toString();
    const sent = [
      ...Object.values(params),
      authorization,
      authorization.replace(/^\S+ /, ""),
      String(dpop),
      pair,
      request.body,
    ];
    const all = sent.filter((each) => each !== "").join(" \u001b[2J ");
    if (place === "page") return void response.writeHead(status, { "content-type": "text/html" }).end(all);
    if (place === "challenge") {
      const ascii = all.replaceAll(/[^\x20-\x7e]|["\\]/g, " ");
      return void response.writeHead(status, { "www-authenticate": `Bearer error="${ascii}", realm="${ascii}"` }).end();
    }
    const body = JSON.stringify({
      error: all,
      error_description: `${all} ${"x".repeat(5000)}`,
      error_uri: all,
      token: all,
    });
    response.writeHead(status, { "content-type": "application/json" }).end(body);
  };

const answers: readonly (readonly [string, ScriptedAnswer])[] = [
  ["repeats it in a body", echo(400, "body")],
  ["repeats it in a body of success", echo(200, "body")],
  ["repeats it in a challenge", echo(401, "challenge")],
  ["repeats it in a challenge of failure", echo(500, "challenge")],
  ["repeats it in a page", echo(200, "page")],
  ["hangs up", answerHangUp()],
  ["fails", answerStatus(500)],
  ["shows a page", answerHtml()],
];

describe.each(clients)("%s", (_client, options, own) => {
  const metadata = (document: Record<string, unknown>) => ({
    ...document,
    token_endpoint_auth_methods_supported: undefined,
    dpop_signing_alg_values_supported: ["ES256"],
  });
  const tokenResponse = (body: Record<string, unknown>) =>
    options.dpop === true ? { ...body, token_type: "DPoP" } : body;

  it.each(answers)("shows nothing when the token endpoint %s", async (_what, answer) => {
    const as = await hostileServer({ metadata, tokenResponse, on: { token: answer } });
    const victim = victimOf(as, options);
    const error = await failureOf(victim.call());
    expect(error.code).toBe("token_request_failed");
    expectHarmless(error.message);
    expect(as.count("token")).toBeGreaterThan(0);
    expectNoSecret(victim, [...secretsOf(victim, as), ...own], error);
  });

  /** Somebody with tokens, whatever the server thinks of the client. */
  async function withTokens() {
    let moved = 0;
    const type = options.dpop === true ? "DPoP" : "Bearer";
    const as = await hostileServer({ metadata });
    as.script.on = {
      token: answerJson({
        access_token: "access-token-1234",
        refresh_token: "refresh-token-1234",
        token_type: type,
        expires_in: 3600,
      }),
      resource: (exchange) =>
        exchange.request.headers.authorization === `${type} access-token-1234`
          ? answerJson({ ok: true })(exchange)
          : exchange.usual(),
    };
    const victim = victimOf(as, { ...options, now: () => Date.now() + moved });
    expect((await victim.call()).status).toBe(200);
    const secrets = [...secretsOf(victim, as), ...own, "access-token-1234", "refresh-token-1234"];
    const expire = (): void => {
      moved += 2 * 3_600_000;
    };
    return { as, victim, secrets, expire };
  }

  it("shows nothing when all goes well, nor when the tokens are revoked", async () => {
    const { as, victim, secrets } = await withTokens();
    expectNoSecret(victim, secrets);
    as.script.on = { revocation: echo(400, "body") };
    const error = await victim.oauth.signOut().catch((reason: unknown) => reason);
    expectNoSecret(victim, [...secrets, ...secretsOf(victim, as)], error);
  });

  it("shows nothing when a refresh is refused, and the refusal repeats it", async () => {
    const { as, victim, secrets, expire } = await withTokens();
    expire();
    as.script.on = { token: echo(400, "body") };
    const error = await failureOf(victim.call());
    expect(error.code).toMatch(/^(?:refresh_failed|token_request_failed)$/);
    expectHarmless(error.message);
    expectNoSecret(victim, [...secrets, ...secretsOf(victim, as)], error);
  });
});

describe("an answer that is no HTTP", () => {
  it.each([
    ["a header without a name", "HTTP/1.1 200 OK\r\nbroken header\r\n\r\n"],
    ["no status", "HTTP/1.1 OK\r\n\r\n"],
    ["a length that is none", "HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n"],
    ["two lengths", "HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\n"],
    ["another protocol", "SSH-2.0-OpenSSH_9.9\r\n"],
    [
      "a chunk that is none",
      "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    ],
    ["a cut body", "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 5000\r\n\r\n"],
    [
      "a broken compression",
      "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-encoding: gzip\r\ncontent-length: 64\r\n\r\n",
    ],
  ])("with %s shows no token that came in it", async (_what, head) => {
    const token = "access-token-in-a-broken-answer";
    const raw = await rawAnswer(`${head}{"access_token":"${token}","token_type":"Bearer"}`);
    const as = await hostileServer({ metadata: (document) => ({ ...document, token_endpoint: `${raw}/token` }) });
    const victim = victimOf(as);
    const error = await failureOf(victim.call());
    expect(error.code).toBe("token_request_failed");
    expectNoSecret(victim, [...secretsOf(victim, as), token], error);
    expect(shown(error)).not.toContain("access_token");
  });
});

describe("the MCP server", () => {
  it.each([401, 403])("that repeats the token in the text of a %i gets it shown nowhere", async (status) => {
    const as = await hostileServer();
    as.script.on = {
      resource: async (exchange) => {
        const { authorization } = exchange.request.headers;
        if (authorization === undefined) return exchange.usual();
        const challenge = `Bearer error="invalid_token", error_description="${authorization}", scope="${authorization}"`;
        exchange.response.writeHead(status, { "www-authenticate": challenge }).end();
      },
    };
    const victim = victimOf(as);
    const outcome = await victim.call().catch((error: unknown) => error);
    expectNoSecret(victim, secretsOf(victim, as), ...(outcome instanceof Response ? [] : [outcome]));
  });
});

describe("a description with escapes of a terminal", () => {
  const escapes = "\u001b]0;pwned\u0007\u009b2J\u202e\u2066\u2028\r\nINFO signed in\u0000\ud800";
  const failing: readonly OAuthEndpoint[] = ["registration", "token", "revocation"];

  it.each(failing)("from %s is one line that a terminal only shows", async (endpoint) => {
    const as = await hostileServer({
      on: { [endpoint]: answerJson({ error: escapes, error_description: escapes.repeat(1000) }, 400) },
    });
    const victim = victimOf(as);
    const error = await failureOf(victim.call().then(() => victim.oauth.signOut()));
    expectHarmless(error.message);
    expect(error.message).not.toContain("\n");
    expect(error.message.length).toBeLessThan(2500);
    expectHarmless(JSON.stringify(victim.events));
  });
});

/** A server that answers whatever it is sent with these bytes; returns its origin. */
async function rawAnswer(text: string): Promise<string> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("data", () => socket.end(text));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
}
