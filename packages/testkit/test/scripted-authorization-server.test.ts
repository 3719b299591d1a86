/**
 * The scripted authorization server: correct when nothing is changed, and wrong in one thing when one thing is.
 */
import { createHash } from "node:crypto";
import { afterEach, describe, expect, it } from "vitest";
import {
  answerEndlessBody,
  answerEndlessRedirects,
  answerFirst,
  answerHalf,
  answerHangUp,
  answerHeld,
  answerHtml,
  answerJson,
  answerRedirect,
  answerStatus,
  closedOrigin,
  type Script,
  type ScriptedAuthorizationServer,
  scriptedAuthorizationServer,
} from "../src/index.ts";

const redirectUri = "http://127.0.0.1:4711/callback";
const verifier = "a-verifier-that-is-long-enough-for-the-rfc-7636";
const running: ScriptedAuthorizationServer[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.close()));
});

async function start(script?: Script): Promise<ScriptedAuthorizationServer> {
  const server = await scriptedAuthorizationServer(script);
  running.push(server);
  return server;
}

async function json(response: Response): Promise<Record<string, string>> {
  return response.json();
}

function token(server: ScriptedAuthorizationServer, params: Record<string, string>): Promise<Response> {
  return fetch(`${server.issuer}/token`, { method: "POST", body: new URLSearchParams(params) });
}

function authorizationUrl(server: ScriptedAuthorizationServer, clientId: string): URL {
  const challenge = createHash("sha256").update(verifier).digest("base64url");
  const params = {
    response_type: "code",
    client_id: clientId,
    redirect_uri: redirectUri,
    state: "s",
    scope: "mcp:read",
  };
  const pkce = { code_challenge: challenge, code_challenge_method: "S256" };
  return new URL(`${server.issuer}/authorize?${new URLSearchParams({ ...params, ...pkce })}`);
}

/** Register, sign in, redeem. */
async function codeFlow(server: ScriptedAuthorizationServer, code_verifier = verifier) {
  const registration = { method: "POST", headers: { "content-type": "application/json" }, body: "{}" };
  const { client_id = "" } = await json(await fetch(`${server.issuer}/register`, registration));
  const callback = await server.signIn(authorizationUrl(server, client_id));
  const redemption = { grant_type: "authorization_code", client_id, redirect_uri: redirectUri, code_verifier };
  const response = await token(server, { ...redemption, code: callback.searchParams.get("code") ?? "" });
  const refresh = (refresh_token = "") => token(server, { grant_type: "refresh_token", client_id, refresh_token });
  return { client_id, callback, status: response.status, body: await json(response), refresh };
}

function callResource(server: ScriptedAuthorizationServer, accessToken?: string): Promise<Response> {
  const headers = accessToken === undefined ? {} : { authorization: `Bearer ${accessToken}` };
  return fetch(server.resource, { method: "POST", headers });
}

describe.each(["", "/tenant"])("without a script, issuer path %j", (issuerPath) => {
  it("is a correct authorization server", async () => {
    const server = await start({ issuerPath });
    const challenge = (await callResource(server)).headers.get("www-authenticate") ?? "";
    const [, metadataUrl = ""] = /resource_metadata="([^"]+)"/.exec(challenge) ?? [];
    expect(await json(await fetch(metadataUrl))).toMatchObject({
      resource: server.resource,
      authorization_servers: [server.issuer],
    });
    const metadata = `${server.url}/.well-known/oauth-authorization-server${issuerPath}`;
    expect(await json(await fetch(metadata))).toMatchObject({
      issuer: server.issuer,
      code_challenge_methods_supported: ["S256"],
    });

    const { callback, body, refresh } = await codeFlow(server);
    expect(Object.fromEntries(callback.searchParams)).toMatchObject({ state: "s", iss: server.issuer });
    expect(body).toMatchObject({ token_type: "Bearer", expires_in: 3600, scope: "mcp:read" });
    expect(await json(await callResource(server, body["access_token"]))).toEqual({ ok: true });

    const second = await json(await refresh(body["refresh_token"]));
    expect((await callResource(server, second["access_token"])).status).toBe(200);
    expect(await json(await refresh(body["refresh_token"]))).toEqual({ error: "invalid_grant" });
    expect((await callResource(server, second["access_token"])).status).toBe(401);
    expect(await json(await refresh(second["refresh_token"]))).toEqual({ error: "invalid_grant" });
    expect(server.count("token", "refresh_token")).toBe(3);
    expect(server.count("resource", undefined, 401)).toBe(2);
  });
});

it("checks PKCE, redeems a code once, revokes, and forgets", async () => {
  const server = await start();
  expect((await codeFlow(server, "wrong")).body).toEqual({ error: "invalid_grant" });
  const { client_id, callback, body, refresh } = await codeFlow(server);
  const code = callback.searchParams.get("code") ?? "";
  const again = {
    grant_type: "authorization_code",
    client_id,
    redirect_uri: redirectUri,
    code_verifier: verifier,
    code,
  };
  expect(await json(await token(server, again))).toEqual({ error: "invalid_grant" });

  const revocation = new URLSearchParams({ token: body["refresh_token"] ?? "" });
  expect((await fetch(`${server.issuer}/revoke`, { method: "POST", body: revocation })).status).toBe(200);
  expect((await callResource(server, body["access_token"])).status).toBe(401);
  expect((await refresh(body["refresh_token"])).status).toBe(400);
  server.killClients();
  expect(await json(await refresh(body["refresh_token"]))).toEqual({ error: "invalid_client" });
  const refused = await server.signIn(authorizationUrl(server, client_id));
  expect(refused.searchParams.get("error")).toBe("unauthorized_client");
});

it("changes what the script changes", async () => {
  const server = await start({
    metadata: ({ code_challenge_methods_supported: _, ...rest }) => rest,
    resourceMetadata: (document) => ({ ...document, resource: "https://evil.example/mcp" }),
    challenge: (challenge) => challenge.replace("Bearer", "Basic"),
    authorizationResponse: (params) => params.delete("iss"),
    tokenResponse: (body) => ({ ...body, token_type: "mac" }),
    accessTokenSeconds: 1,
  });
  const metadata = await json(await fetch(`${server.url}/.well-known/oauth-authorization-server`));
  expect(metadata).not.toHaveProperty("code_challenge_methods_supported");
  const resourceMetadata = await fetch(`${server.url}/.well-known/oauth-protected-resource/mcp`);
  expect(await json(resourceMetadata)).toMatchObject({ resource: "https://evil.example/mcp" });
  expect((await callResource(server)).headers.get("www-authenticate")).toMatch(/^Basic /);
  const { callback, body } = await codeFlow(server);
  expect(callback.searchParams.has("iss")).toBe(false);
  expect(body).toMatchObject({ token_type: "mac", expires_in: 1 });
  server.script.tokenResponse = () => [];
  expect((await codeFlow(server)).body).toEqual([]);
});

describe("answers", () => {
  it("come in place of the usual ones", async () => {
    const metadata = "/.well-known/oauth-authorization-server";
    const server = await start({ on: { metadata: answerHtml(), [metadata]: answerJson({ by: "path" }, 203) } });
    const get = (path = metadata) => fetch(server.url + path, { redirect: "manual" });
    expect((await get()).status).toBe(203);
    server.script.on = { metadata: answerHtml() };
    expect(await (await get()).text()).toContain("<!doctype html>");
    server.script.on = { metadata: answerStatus(500) };
    expect((await get()).status).toBe(500);
    server.script.on = { metadata: answerRedirect("http://169.254.169.254/") };
    expect((await get()).headers.get("location")).toBe("http://169.254.169.254/");
    server.script.on = { metadata: answerFirst(2, answerStatus(503)) };
    expect([(await get()).status, (await get()).status, (await get()).status]).toEqual([503, 503, 200]);
    server.script.on = { metadata: answerEndlessRedirects() };
    const targets = [await get(), await get()].map(({ headers }) => headers.get("location"));
    expect(targets).toEqual([`${metadata}?1`, `${metadata}?2`]);
    server.script.on = { metadata: answerHangUp() };
    await expect(get()).rejects.toThrow("fetch failed");
    expect((await get("/elsewhere")).status).toBe(404);
  });

  it("can be held and released", async () => {
    const held = answerHeld();
    const server = await start({ on: { metadata: held } });
    const waiting = fetch(`${server.url}/.well-known/oauth-authorization-server`);
    await held.reached;
    expect(server.requests.map(({ endpoint, status }) => [endpoint, status])).toEqual([["metadata", 0]]);
    held.release();
    expect((await waiting).status).toBe(200);
    expect(server.count("metadata", undefined, 200)).toBe(1);
  });

  it.each([
    ["without an end", answerEndlessBody, 1_000_000],
    ["that stop half way", answerHalf, 10],
  ])("can have bodies %s, and the server closes nevertheless", async (_name, answer, bytes) => {
    const server = await start({ on: { metadata: answer() } });
    const { body } = await fetch(`${server.url}/.well-known/oauth-authorization-server`);
    const reader = body?.getReader();
    let length = 0;
    while (length < bytes) length += (await reader?.read())?.value?.length ?? bytes;
    expect(length).toBeGreaterThanOrEqual(bytes);
    await server.close();
    const rest = async () => {
      while ((await reader?.read())?.done === false);
    };
    await expect(rest()).rejects.toThrow();
  });

  it("are none at a closed origin", async () => {
    await expect(fetch(await closedOrigin())).rejects.toThrow("fetch failed");
  });
});
