/** An authorization server that pretends to be another one, or gets its answers to another one: RFC 9207, RFC 9700 §4.4. */
import { answerJson } from "@sallyport/testkit";
import { describe, expect, it } from "vitest";
import { failureOf } from "../../support/failure.ts";
import { expectHarmless, hostileServer, sentTo, victimOf } from "./setup.ts";

describe("an answer of somebody else (ISS-01 to ISS-04)", () => {
  it.each<[string, (iss: string) => string]>([
    ["another server", () => "https://honest.example"],
    ["nobody", () => ""],
    ["a slash more", (iss) => `${iss}/`],
    ["upper case in the scheme", (iss) => iss.replace("http", "HTTP")],
    ["upper case in the path", (iss) => iss.replace("tenant", "Tenant")],
    ["a percent-encoded letter", (iss) => iss.replace("tenant", "%74enant")],
    ["dots that a parser removes", (iss) => iss.replace("/tenant", "/x/../tenant")],
    ["another spelling of the address", (iss) => iss.replace("127.0.0.1", "127.1")],
    ["a default port", (iss) => iss.replace(/:\d+/, ":80")],
    ["white space", (iss) => `${iss} `],
    ["a user name", (iss) => iss.replace("://", "://a@")],
    ["a fragment", (iss) => `${iss}#`],
    ["a query", (iss) => `${iss}?`],
    ["letters that look the same", (iss) => iss.replace("tenant", "tenаnt")],
    ["a combined letter taken apart", (iss) => iss.normalize("NFD").replace("tenant", "te\u0301nant")],
  ])("named as %s gets no code", async (_name, change) => {
    const as = await hostileServer({
      issuerPath: "/tenant",
      authorizationResponse: (params) => params.set("iss", change(params.get("iss") ?? "")),
    });
    const victim = victimOf(as);
    const error = await failureOf(victim.call());
    expect(error.code).toBe("issuer_mismatch");
    expect(as.count("token")).toBe(0);
    expectHarmless(error.message);
  });

  it("that does not say who it is from, though that was promised", async () => {
    const as = await hostileServer({ authorizationResponse: (params) => params.delete("iss") });
    expect(await failureOf(victimOf(as).call())).toMatchObject({ code: "issuer_mismatch" });
    expect(as.count("token")).toBe(0);
  });

  it("is one with a wrong issuer also where nothing was promised, and none without one", async () => {
    const unpromised = (metadata: Record<string, unknown>) => {
      delete metadata["authorization_response_iss_parameter_supported"];
      return metadata;
    };
    const as = await hostileServer({
      metadata: unpromised,
      authorizationResponse: (params) => params.set("iss", "https://honest.example"),
    });
    expect(await failureOf(victimOf(as).call())).toMatchObject({ code: "issuer_mismatch" });
    expect(as.count("token")).toBe(0);
    as.script.authorizationResponse = (params) => params.delete("iss");
    expect((await victimOf(as).call()).status).toBe(200);
  });

  it("shows nothing of what it says", async () => {
    const as = await hostileServer({
      authorizationResponse(params) {
        params.delete("code");
        params.set("iss", "https://honest.example");
        params.set("error", "call_0900_123");
        params.set("error_description", "Your machine is infected.");
      },
    });
    const victim = victimOf(as);
    const error = await failureOf(victim.call());
    expect(error.code).toBe("issuer_mismatch");
    expect(JSON.stringify([error.message, victim.events])).not.toMatch(/0900|infected|honest/);
  });

  it("does not name it twice, the right one first or last", async () => {
    for (const first of [true, false]) {
      const as = await hostileServer({
        authorizationResponse(params) {
          const iss = params.get("iss") ?? "";
          params.delete("iss");
          for (const each of first ? [iss, "https://evil.example"] : ["https://evil.example", iss])
            params.append("iss", each);
        },
      });
      expect(await failureOf(victimOf(as).call())).toMatchObject({ code: "state_mismatch" });
      expect(as.count("token")).toBe(0);
    }
  });

  it("of an honest server is not redeemed at the one that had sent the person there (mix-up)", async () => {
    const honest = await hostileServer();
    // The attacker's metadata names the honest authorization endpoint, and its own token endpoint.
    const evil = await hostileServer({
      metadata: (metadata) => ({ ...metadata, authorization_endpoint: `${honest.issuer}/authorize` }),
    });
    const victim = victimOf(evil);
    expect(await failureOf(victim.call())).toMatchObject({ code: "issuer_mismatch" });
    expect(honest.count("authorization")).toBe(1);
    expect(sentTo(evil, "token")).toEqual([]);
  });
});

describe("metadata", () => {
  it.each<[string, (issuer: string) => unknown]>([
    ["of another issuer", () => "https://honest.example"],
    ["of the same one with a slash", (issuer) => `${issuer}/`],
    ["of one in upper case", (issuer) => issuer.toUpperCase()],
    ["of one percent-encoded", (issuer) => issuer.replace("127", "%3127")],
    ["of several", (issuer) => [issuer]],
    ["of nobody", () => undefined],
    ["of null", () => null],
  ])("%s is not used (ASM-06)", async (_name, change) => {
    const as = await hostileServer({
      metadata: (metadata) => ({ ...metadata, issuer: change(String(metadata["issuer"])) }),
    });
    const error = await failureOf(victimOf(as).call());
    expect(error.code).toBe("discovery_failed");
    expect(error.message).toContain("/.well-known/oauth-authorization-server: ");
    expect(as.count("registration") + as.count("authorization") + as.count("token")).toBe(0);
  });

  it("of an honest issuer cannot be served by somebody else", async () => {
    const honest = await hostileServer();
    const evil = await hostileServer({
      resourceMetadata: (document) => ({ ...document, authorization_servers: [`${honest.url}/evil`] }),
    });
    const error = await failureOf(victimOf(evil).call());
    expect(error.code).toBe("discovery_failed");
    expect(honest.count("registration") + honest.count("authorization")).toBe(0);
  });

  it.each<[string, (issuer: string) => string]>([
    ["a Cyrillic letter", () => "https://аpple.com"],
    ["a mark of direction", (issuer) => `${issuer}/\u202egnp.exe`],
    ["an invisible letter", (issuer) => `${issuer}/\u200b`],
    ["a letter that is folded to another", () => "https://ｅxample.com"],
    ["an escape of a terminal", (issuer) => `${issuer}/\u001b]0;pwned\u0007`],
    ["a line break that parsers drop", (issuer) => issuer.replace("127", "1\n27")],
    ["a tab that parsers drop", (issuer) => issuer.replace("127", "1\t27")],
    ["control characters in front, which parsers drop", (issuer) => `\u001b\u0000${issuer}`],
  ])("is not looked for at an issuer with %s: the text is no URL (URL-04)", async (_name, change) => {
    const as = await hostileServer({
      resourceMetadata: (document) => ({
        ...document,
        authorization_servers: (document["authorization_servers"] as string[]).map(change),
      }),
      metadata: (metadata) => ({ ...metadata, issuer: change(String(metadata["issuer"])) }),
    });
    const victim = victimOf(as);
    const error = await failureOf(victim.call());
    expect(error.code).toBe("insecure_url");
    expectHarmless(error.message);
    expectHarmless(JSON.stringify(victim.events));
    expect(as.count("metadata") + as.count("registration")).toBe(0);
  });
});

describe("protected resource metadata", () => {
  it.each<[string, (resource: string) => string]>([
    ["another origin", () => "https://bank.example/mcp"],
    ["another port", (resource) => resource.replace(/:(\d+)/, (_, port) => `:${(Number(port) % 60_000) + 1024}`)],
    ["another scheme", (resource) => resource.replace("http:", "https:")],
    ["a path beside it", (resource) => resource.replace("/mcp", "/other")],
    ["a path below it", (resource) => `${resource}/admin`],
    ["a path that begins alike", (resource) => `${resource}2`],
    ["a longer path by dots", (resource) => `${resource}/../admin`],
    ["an origin that begins alike", (resource) => resource.replace("127.0.0.1", "127.0.0.1.evil.example")],
    ["a user name that looks like the origin", (resource) => resource.replace("://", "://bank.example@")],
    ["a fragment", (resource) => `${resource}#admin`],
    ["no URL", () => "urn:mcp:everything"],
    ["a line break that parsers drop", (resource) => resource.replace("/mcp", "/m\ncp")],
    ["control characters in front, which parsers drop", (resource) => `\u001b\u0000${resource}`],
    ["white space", (resource) => `${resource} `],
    ["a letter that is no ASCII", (resource) => resource.replace("127", "１27")],
  ])("for %s gets no token (DSC-04)", async (_name, change) => {
    const as = await hostileServer({
      resourceMetadata: (document) => ({ ...document, resource: change(String(document["resource"])) }),
    });
    const victim = victimOf(as);
    const error = await failureOf(victim.call());
    expect(error.code).toBe("resource_mismatch");
    expectHarmless(error.message);
    expect(as.count("metadata") + as.count("authorization") + as.count("token")).toBe(0);
  });
});

describe("a server without PKCE (ASM-05, AUT-02)", () => {
  it.each<[string, unknown]>([
    ["that says nothing of it", undefined],
    ["that has only plain", ["plain"]],
    ["that has none", []],
    ["that spells it otherwise", ["s256", "S256 "]],
    ["that says it in a text", "S256"],
    ["that says yes", true],
  ])("%s is not signed in to", async (_name, methods) => {
    const as = await hostileServer({
      metadata: (metadata) => ({ ...metadata, code_challenge_methods_supported: methods }),
    });
    const victim = victimOf(as);
    const error = await failureOf(victim.call());
    expect(error.code).toBe("pkce_unsupported");
    expect(error.message).toContain("oauthProvider");
    expect(victim.opened).toEqual([]);
    expect(as.count("authorization") + as.count("token")).toBe(0);
  });
});

describe("a document with names that JavaScript knows", () => {
  const names = ["__proto__", "constructor", "prototype", "toString", "valueOf", "then", "hasOwnProperty"];
  const polluted = (document: object): string =>
    `${JSON.stringify(document).slice(0, -1)},${names.map((name) => `"${name}":{"polluted":true}`).join()}}`;

  it("changes nothing but itself, and the sign-in goes on (prototype pollution)", async () => {
    const as = await hostileServer();
    const raw =
      (document: object) =>
      ({ response }: { response: import("node:http").ServerResponse }) =>
        void response.writeHead(200, { "content-type": "application/json" }).end(polluted(document));
    const plain = await fetch(`${as.url}/.well-known/oauth-authorization-server`).then((answer) => answer.json());
    const resource = await fetch(`${as.url}/.well-known/oauth-protected-resource/mcp`).then((answer) => answer.json());
    as.script.on = {
      metadata: raw(plain),
      resource_metadata: raw(resource),
      registration: (exchange) => answerJson(JSON.parse(polluted({ client_id: "c-1" })), 201)(exchange),
    };
    as.script.tokenResponse = (body) => JSON.parse(polluted(body));
    const victim = victimOf(as);
    expect((await victim.call()).status).toBe(200);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    expect(Object.keys(Object.prototype)).toEqual([]);
    // What is kept is read again.
    expect((await victimOf(as, { kept: victim.store }).call()).status).toBe(200);
  });
});
