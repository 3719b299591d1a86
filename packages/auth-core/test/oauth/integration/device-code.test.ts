/**
 * The device grant (RFC 8628): a code is shown, and entered at the pages of a real authorization server.
 */
import { answerJson, headlessInteraction, scriptedAuthorizationServer } from "@sallyport/testkit";
import { describe, expect, it } from "vitest";
import { createAuthFetch, type DeviceCode, OAuth } from "../../../src/index.ts";
import { running, sdks } from "../../mcp/sessions.ts";
import { failureOf } from "../../support/failure.ts";
import { client, lastToken, requestsTo, requestTo, servers, withoutWaiting } from "./setup.ts";

const grant = "urn:ietf:params:oauth:grant-type:device_code";

/** Somebody who can be shown a code. */
function person(enter: (code: DeviceCode) => void | Promise<void>, prefersDeviceCode?: true) {
  const codes: DeviceCode[] = [];
  const showDeviceCode = (code: DeviceCode) => {
    codes.push(code);
    return enter(code);
  };
  return { ...headlessInteraction(), showDeviceCode, codes, ...(prefersDeviceCode && { prefersDeviceCode }) };
}

describe.each(sdks)("over $name", (sdk) => {
  it("shows a code, waits until it is entered, and gets tokens that can be refreshed", async () => {
    const waits = withoutWaiting();
    const { as, mcp } = await servers();
    // Entered after the first question has been answered "not yet".
    let entered: Promise<void> | undefined;
    const enter = async ({ verificationUri, userCode }: DeviceCode) => {
      const isPending = (async () => {
        while (as.count("token", grant, 400) === 0) await new Promise((resolve) => setImmediate(resolve));
      })();
      entered = isPending.then(() => as.enterUserCode(verificationUri, userCode, { account: "grace" }));
    };
    const interaction = person((code) => void enter(code));
    const { session, events } = client(mcp, { grant: "device_code" }, { sdk, interaction });
    const result = await session.callTool("echo", { text: "from a machine without a browser" });
    await entered;
    expect(result.content).toEqual([{ type: "text", text: "from a machine without a browser" }]);
    expect((await lastToken(as, mcp)).verified).toMatchObject({ subject: "grace", audience: mcp.resource });
    expect(interaction.opened).toEqual([]);
    const [code] = interaction.codes;
    expect(code).toMatchObject({ verificationUri: `${as.issuer}/device`, userCode: expect.stringMatching(/^[\w-]+$/) });
    expect(code?.expiresAt).toBeGreaterThan(Date.now());
    expect(requestTo(as, "registration").params).toMatchObject({
      grant_types: JSON.stringify([grant, "refresh_token"]),
      redirect_uris: "[]",
      response_types: "[]",
    });
    const { params } = requestTo(as, "device_authorization");
    expect(params).toEqual({
      client_id: as.registeredClients()[0],
      resource: mcp.resource,
      scope: "mcp:read offline_access",
    });
    expect(waits.length).toBe(as.count("token", grant));
    expect(new Set(waits)).toEqual(new Set([5000]));
    expect(JSON.stringify(events)).not.toContain(requestsTo(as, "token", grant)[0]?.params["device_code"]);
    as.expireAccessTokens();
    await session.listTools();
    expect(as.count("token", "refresh_token", 200)).toBe(1);
  });
});

it("is used where no browser can be opened and the server offers it, with DPoP too", async () => {
  withoutWaiting();
  const { as, mcp } = await servers({ dpop: "nonce" }, { dpop: "nonce" });
  const interaction = person((code) => as.enterUserCode(code.verificationUriComplete ?? "", code.userCode), true);
  await client(mcp, {}, { interaction }).session.connect();
  expect((await lastToken(as, mcp)).scheme).toBe("DPoP");
  expect(as.count("authorization")).toBe(0);
});

it("is not used where the server does not offer it, unless it is configured", async () => {
  const { as, mcp } = await servers({ deviceFlow: false });
  const interaction = person(() => expect.unreachable("no code was asked for"), true);
  await client(mcp, {}, { interaction }).session.connect();
  expect(interaction.opened).toHaveLength(1);
  const error = await failureOf(
    client(mcp, { grant: "device_code" }, { interaction: person(() => {}) }).session.connect(),
  );
  expect(error.code).toMatch(/registration_failed|token_request_failed/);
  expect(as.count("token", grant)).toBe(0);
});

it("says that the person refused", async () => {
  withoutWaiting();
  const { as, mcp } = await servers();
  const interaction = person(({ verificationUri, userCode }) =>
    as.enterUserCode(verificationUri, userCode, { decision: "deny" }),
  );
  const { session } = client(mcp, { grant: "device_code" }, { interaction });
  const error = await failureOf(session.connect());
  expect(error).toMatchObject({ code: "authorization_denied" });
  expect(session.oauth?.getState()).toMatchObject({ status: "failed", error });
});

it("ends when the code does, and says what to do", async () => {
  const waits = withoutWaiting();
  const { as, mcp } = await servers();
  // The server's codes live for ten minutes; to this client it says ten seconds.
  const hasty = async (...[input, init]: Parameters<typeof fetch>) => {
    const response = await fetch(input, init);
    if (!String(input).endsWith("/device/auth")) return response;
    return Response.json({ ...(await response.json()), expires_in: 10 });
  };
  const { session } = client(mcp, { grant: "device_code" }, { interaction: person(() => {}), fetch: hasty });
  const error = await failureOf(session.connect());
  expect(error).toMatchObject({ code: "authorization_timeout" });
  expect(error.message).toContain("new code");
  expect(waits).toEqual([5000, 5000]);
  expect(as.count("token", grant)).toBe(2);
});

it("ends when the caller gives up", async () => {
  const { as, mcp } = await servers();
  const giveUp = new AbortController();
  const interaction = person(() => giveUp.abort(new Error("never mind")));
  const { session } = client(mcp, { grant: "device_code" }, { interaction });
  await expect(session.listTools({ signal: giveUp.signal })).rejects.toThrow("never mind");
  await session.close();
  expect(as.count("token")).toBe(0);
});

describe("what servers answer while the person is busy", () => {
  /** A scripted server whose token endpoint gives these errors, then tokens. */
  async function asked(answers: readonly { readonly error: string; readonly status?: number }[]) {
    const waits = withoutWaiting();
    const server = await running(
      scriptedAuthorizationServer({
        metadata: (document) => ({ ...document, device_authorization_endpoint: `${document["issuer"]}/device` }),
      }),
    );
    const left = [...answers];
    server.script.on = {
      "/device": answerJson({
        device_code: "device-code-1",
        user_code: "WDJB-MJHT",
        verification_uri: "https://as.example/device",
        expires_in: 600,
      }),
      token: async (exchange) => {
        const next = left.shift();
        const { error, status = 400 } = next ?? { error: "" };
        const tokens = { access_token: "at-1", token_type: "Bearer", expires_in: 3600 };
        await (next === undefined ? answerJson(tokens) : answerJson({ error }, status))(exchange);
      },
      resource: async (exchange) =>
        exchange.request.headers.authorization === "Bearer at-1" ? answerJson({})(exchange) : exchange.usual(),
    };
    const oauth = new OAuth({ grant: "device_code", clientId: "app", interaction: person(() => {}) });
    const response = createAuthFetch(oauth, { origin: server.url })(server.resource, { method: "POST" });
    return { waits, response, server };
  }

  it("slow_down makes every further question five seconds later (RFC 8628 §3.5)", async () => {
    const pending = { error: "authorization_pending" };
    const { waits, response } = await asked([pending, { error: "slow_down" }, pending, pending]);
    expect((await response).status).toBe(200);
    expect(waits).toEqual([5000, 5000, 10_000, 10_000, 10_000]);
  });

  it("expired_token ends it", async () => {
    const { response } = await asked([{ error: "authorization_pending" }, { error: "expired_token" }]);
    expect(await failureOf(response)).toMatchObject({ code: "authorization_timeout" });
  });

  it("a server that cannot answer is asked again, more slowly", async () => {
    const { waits, response } = await asked([{ error: "server_error", status: 503 }]);
    expect((await response).status).toBe(200);
    expect(waits).toEqual([5000, 10_000]);
  });

  it("any other error ends it at once", async () => {
    const { response, server } = await asked([{ error: "invalid_grant" }]);
    expect(await failureOf(response)).toMatchObject({ code: "token_request_failed", oauthError: "invalid_grant" });
    expect(server.count("token")).toBe(1);
  });
});
