/** What people meet who are attacked by nobody: each a typed error with the next step in it, and every URL that was tried. */
import { answerHtml, answerJson, answerStatus, closedOrigin, headlessInteraction } from "@sallyport/testkit";
import { describe, expect, it } from "vitest";
import { failureOf } from "../../support/failure.ts";
import { start } from "../../support/start.ts";
import { expectHarmless, hostileServer, victimOf } from "./setup.ts";

describe("nobody to ask", () => {
  it("is authorization_required, with the server, the issuer and what to do instead", async () => {
    const server = await hostileServer();
    const victim = victimOf(server, { interaction: undefined });
    const error = await failureOf(victim.call());
    expect(error.code).toBe("authorization_required");
    for (const text of [server.resource, server.issuer, "interaction", "client_credentials"]) {
      expect(error.message).toContain(text);
    }
    expect(server.count("registration")).toBe(0);
    expect(victim.oauth.getState()).toMatchObject({ status: "failed", error });
  });

  it("to show a device code to names the method that is missing", async () => {
    const server = await hostileServer({
      metadata: (metadata) => ({ ...metadata, device_authorization_endpoint: `${metadata["issuer"]}/device` }),
    });
    const error = await failureOf(victimOf(server, { grant: "device_code" }).call());
    expect(error.code).toBe("authorization_required");
    expect(error.message).toContain("showDeviceCode");
  });
});

describe("no OAuth on the server", () => {
  it("is discovery_failed, with each URL that was tried and its answer", async () => {
    const plain = await start((_, response) => {
      response.writeHead(response.req.url === "/mcp" ? 401 : 404).end();
    });
    const error = await failureOf(victimOf({ resource: `${plain.url}/mcp` }).call());
    expect(error.code).toBe("discovery_failed");
    expect(error.message.split("\n").slice(1)).toEqual([
      `- ${plain.url}/.well-known/oauth-protected-resource/mcp: answered with 404`,
      `- ${plain.url}/.well-known/oauth-protected-resource: answered with 404`,
    ]);
    for (const option of ["issuer", "oauthProvider", "legacyDiscovery"]) expect(error.message).toContain(option);
  });

  it("is left alone where OAuth is only used on demand", async () => {
    const plain = await start((_, response) => {
      response.writeHead(response.req.url === "/mcp" ? 401 : 404).end();
    });
    expect((await victimOf({ resource: `${plain.url}/mcp` }, { onDemand: true }).call()).status).toBe(401);
  });
});

describe("registration", () => {
  it("that is refused says why, and what to do", async () => {
    const refusal = { error: "access_denied", error_description: "Ask your administrator to register this client." };
    const server = await hostileServer({ on: { registration: answerJson(refusal, 403) } });
    const error = await failureOf(victimOf(server).call());
    expect(error.code).toBe("registration_failed");
    for (const text of [
      `${server.issuer}/register`,
      "403",
      "access_denied",
      "Ask your administrator",
      "set `clientId`",
    ]) {
      expect(error.message).toContain(text);
    }
  });

  it.each([
    ["a page", answerHtml(403)],
    ["nothing", answerStatus(401)],
    ["an error of the server", answerStatus(500)],
  ])("that is answered with %s says where and with what status", async (_what, answer) => {
    const server = await hostileServer({ on: { registration: answer } });
    const error = await failureOf(victimOf(server).call());
    expect(error.code).toBe("registration_failed");
    expect(error.message).toContain(`${server.issuer}/register`);
    expect(error.message).toMatch(/40[13]|500/);
    expect(error.message).toContain("set `clientId`");
  });

  it("that is not offered names the fields that are missing (pain 12)", async () => {
    const server = await hostileServer({
      metadata: ({ registration_endpoint: _, ...metadata }) => metadata,
    });
    const error = await failureOf(victimOf(server).call());
    expect(error.code).toBe("registration_unsupported");
    for (const text of ["`clientId`", "`clientMetadataUrl`", server.issuer]) expect(error.message).toContain(text);
  });

  it.each(["client_credentials", "enterprise"] as const)(
    "is not made for %s: a client id is missing",
    async (grant) => {
      const server = await hostileServer();
      const error = await failureOf(victimOf(server, { grant }).call());
      expect(["registration_unsupported", "config_invalid"]).toContain(error.code);
      expect(error.message).toMatch(/`clientId`|`idp`/);
      expect(server.count("registration") + server.count("token")).toBe(0);
    },
  );
});

describe("an issuer that cannot be reached", () => {
  it("is discovery_failed, with each URL that was tried and why it failed", async () => {
    const closed = await closedOrigin();
    const server = await hostileServer({
      resourceMetadata: (document) => ({ ...document, authorization_servers: [`${closed}/tenant`] }),
    });
    const error = await failureOf(victimOf(server).call());
    expect(error.code).toBe("discovery_failed");
    expectHarmless(error.message.replaceAll("\n", " "));
    for (const path of [
      "/.well-known/oauth-authorization-server/tenant",
      "/.well-known/openid-configuration/tenant",
      "/tenant/.well-known/openid-configuration",
    ]) {
      expect(error.message).toContain(`- ${closed}${path}: `);
    }
    expect(error.message.match(/ECONNREFUSED/g)).toHaveLength(3);
  });

  it("as configured says the same", async () => {
    const closed = await closedOrigin();
    const server = await hostileServer({ on: { resource_metadata: answerStatus(404) }, challenge: () => "Bearer" });
    const error = await failureOf(victimOf(server, { issuer: closed }).call());
    expect(error.code).toBe("discovery_failed");
    expect(error.message.match(/ECONNREFUSED/g)).toHaveLength(2);
  });

  it("at its token endpoint alone is token_request_failed, with its place", async () => {
    const closed = await closedOrigin();
    const server = await hostileServer({
      metadata: (metadata) => ({ ...metadata, token_endpoint: `${closed}/token` }),
    });
    const error = await failureOf(victimOf(server).call());
    expect(error.code).toBe("token_request_failed");
    expect(error.message).toContain(`${closed}/token`);
    expect(error.message).toContain("ECONNREFUSED");
  });
});

describe("an interaction that fails", () => {
  it("fails the sign-in with what it threw, gives its port free, and the next call asks again", async () => {
    const server = await hostileServer();
    let [closed, fail] = [0, true];
    const person = headlessInteraction();
    const interaction = {
      open: async () => {
        const session = await person.open();
        return {
          ...session,
          authorize: async (url: URL) => {
            if (fail) throw new Error("the window was closed");
            return session.authorize(url);
          },
          close: async () => void closed++,
        };
      },
    };
    const victim = victimOf(server, { interaction });
    await expect(victim.call()).rejects.toThrow("the window was closed");
    expect(closed).toBe(1);
    fail = false;
    expect((await victim.call()).status).toBe(200);
    expect(closed).toBe(2);
  });
});
