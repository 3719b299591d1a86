/** Who the client is, with what is kept of it: BIND-01 to BIND-07, REG-02, pain 6. */
import type { AuthorizationServer } from "oauth4webapi";
import { describe, expect, it } from "vitest";
import { memoryStore } from "../../../src/credentials/memory-store.ts";
import type { CredentialStore } from "../../../src/credentials/store.ts";
import { ClientRegistry } from "../../../src/oauth/client/client-registry.ts";
import type { Discovery } from "../../../src/oauth/discovery/discovery.ts";
import type { OAuthOptions } from "../../../src/oauth/options.ts";
import type { ClientIdentity } from "../../../src/oauth/registration.ts";
import { GrantRecords } from "../../../src/oauth/tokens/grant-records.ts";
import { answering } from "../../support/authorization-server.ts";
import { failureOf } from "../../support/failure.ts";

const resource = "https://mcp.example/mcp";
const redirectUri = "http://127.0.0.1:8080/callback";
const document = "https://app.example/client.json";
const asks = { redirectUri, previousIssuer: undefined, signal: undefined };

const at = (issuer = "https://as.example", more: Partial<AuthorizationServer> = {}): Discovery => ({
  resource,
  issuer,
  server: { issuer, token_endpoint: `${issuer}/token`, registration_endpoint: `${issuer}/register`, ...more },
});

function clientOf(options: OAuthOptions = {}, store: CredentialStore = memoryStore(), server = resource) {
  let count = 0;
  const context = answering(() => {
    count += 1;
    return Response.json(
      { client_id: `client-${count}`, client_secret: `secret-${count}`, client_secret_expires_at: 0 },
      { status: 201 },
    );
  });
  const records = new GrantRecords(store, server, "", {});
  return { client: new ClientRegistry(options, records, () => context), sent: context.sent, store };
}

async function proofOf({ authentication, client }: ClientIdentity) {
  const body = new URLSearchParams();
  const headers = new Headers();
  await authentication({ issuer: "https://as.example" }, client, body, headers);
  return { ...Object.fromEntries(body), ...Object.fromEntries(headers) };
}

describe("the client for a sign-in", () => {
  it("is registered once, and known to everybody who shares the store", async () => {
    const { client, sent, store } = clientOf();
    const first = await client.at(at(), asks);
    expect((await client.at(at(), asks)).client).toEqual(first.client);
    const elsewhere = clientOf({}, store, "https://mcp.example/other");
    expect((await elsewhere.client.at(at(), asks)).client).toEqual(first.client);
    expect([sent.length, elsewhere.sent.length]).toEqual([1, 0]);
  });

  it("is registered once when many ask at the same time", async () => {
    const { client, sent } = clientOf();
    const all = await Promise.all(Array.from({ length: 20 }, () => client.at(at(), asks)));
    expect(new Set(all.map((identity) => identity.client.client_id))).toEqual(new Set(["client-1"]));
    expect(sent).toHaveLength(1);
  });

  it("is another at each authorization server, compared as text (BIND-01, BIND-03, BIND-05)", async () => {
    const { client, sent } = clientOf();
    const ids = [];
    for (const issuer of ["https://as.example", "https://other.example", "https://as.example/"]) {
      ids.push((await client.at(at(issuer, { registration_endpoint: "https://as.example/r" }), asks)).client.client_id);
    }
    expect(ids).toEqual(["client-1", "client-2", "client-3"]);
    expect((await client.at(at(), asks)).client.client_id).toBe("client-1");
    expect(sent).toHaveLength(3);
  });

  it("is another for the device grant, and under another name", async () => {
    const { client, sent, store } = clientOf();
    await client.at(at(), asks);
    const device = await client.at(at(), { ...asks, grant: "device_code", redirectUri: undefined });
    expect(device.client.client_id).toBe("client-2");
    expect(JSON.parse(sent[1]?.text ?? "{}").grant_types).toContain("urn:ietf:params:oauth:grant-type:device_code");
    const named = clientOf({ clientName: "Another" }, store);
    await named.client.at(at(), asks);
    expect(named.sent).toHaveLength(1);
  });

  it("is registered anew for another redirect URI (RED-02)", async () => {
    const { client, sent } = clientOf();
    await client.at(at(), asks);
    await client.at(at(), { ...asks, redirectUri: "http://127.0.0.1:9090/callback" });
    expect(sent).toHaveLength(2);
  });

  it("is registered anew after it was forgotten, here only (pain 6)", async () => {
    const { client, sent } = clientOf();
    await client.at(at(), asks);
    await client.at(at("https://other.example"), asks);
    await client.at(at(), { ...asks, grant: "device_code" });
    for (const number of [1, 3]) await client.forget({ discovery: at(), clientId: `client-${number}` });
    expect((await client.at(at("https://other.example"), asks)).client.client_id).toBe("client-2");
    await client.at(at(), asks);
    await client.at(at(), { ...asks, grant: "device_code" });
    expect(sent).toHaveLength(5);
  });

  it("stays while there is another for another redirect URI, until it is forgotten itself", async () => {
    const { client, sent } = clientOf();
    const other = { ...asks, redirectUri: "http://127.0.0.1:9090/callback" };
    const idOf = async (occasion: typeof asks) => (await client.at(at(), occasion)).client.client_id;
    expect([await idOf(asks), await idOf(other), await idOf(asks)]).toEqual(["client-1", "client-2", "client-1"]);
    await client.forget({ discovery: at(), clientId: "client-1" });
    expect((await client.known({ discovery: at(), clientId: "client-2" })).client.client_id).toBe("client-2");
    expect([await idOf(other), await idOf(asks)]).toEqual(["client-2", "client-3"]);
    expect(sent).toHaveLength(3);
  });

  it("is the configured one, which goes to no other server than before (BIND-04, BIND-06)", async () => {
    const { client, sent } = clientOf({ clientId: "mine", clientSecret: "s3cr3t" });
    const identity = await client.at(at(), { ...asks, previousIssuer: "https://as.example" });
    expect(await proofOf(identity)).toEqual({ authorization: `Basic ${btoa("mine:s3cr3t")}` });
    const moved = client.at(at("https://other.example"), { ...asks, previousIssuer: "https://as.example" });
    expect((await failureOf(moved)).code).toBe("issuer_mismatch");
    expect(sent).toEqual([]);
  });

  it("is the configured one for the configured issuer, wherever it was used before", async () => {
    const { client } = clientOf({ clientId: "mine", issuer: "https://as.example" });
    expect((await client.at(at(), { ...asks, previousIssuer: "https://old.example" })).client.client_id).toBe("mine");
    const other = client.at(at("https://other.example"), asks);
    expect((await failureOf(other)).code).toBe("issuer_mismatch");
  });

  it("is the same document at any server that takes it (BIND-07)", async () => {
    const { client, sent } = clientOf({ clientMetadataUrl: document });
    const takes = { client_id_metadata_document_supported: true };
    for (const issuer of ["https://as.example", "https://other.example"]) {
      const identity = await client.at(at(issuer, takes), { ...asks, previousIssuer: "https://old.example" });
      expect(identity.client.client_id).toBe(document);
    }
    expect(sent).toEqual([]);
  });
});

describe("the client of a grant", () => {
  it("is the one it was issued to, from either way to sign in", async () => {
    const { client, sent } = clientOf();
    await client.at(at(), asks);
    await client.at(at(), { ...asks, grant: "device_code" });
    for (const number of [1, 2]) {
      const identity = await client.known({ discovery: at(), clientId: `client-${number}` });
      expect(await proofOf(identity)).toEqual({ authorization: `Basic ${btoa(`client-${number}:secret-${number}`)}` });
    }
    expect(sent).toHaveLength(2);
  });

  it("is the configured one", async () => {
    const { client } = clientOf({ clientId: "mine" });
    const identity = await client.known({ discovery: at(), clientId: "mine" });
    expect(await proofOf(identity)).toEqual({ client_id: "mine" });
  });

  it("is the document, also where the server does not say any more that it takes one", async () => {
    const { client, sent } = clientOf({ clientMetadataUrl: document });
    const identity = await client.known({ discovery: at(), clientId: document });
    expect(identity).toMatchObject({ source: "metadata-document", client: { client_id: document } });
    expect(sent).toEqual([]);
  });

  it.each(["client-1", "client-9", ""])("is never registered: %j is not known here", async (clientId) => {
    const { client, store } = clientOf();
    await client.at(at(), asks);
    await client.forget({ discovery: at(), clientId: "client-1" });
    const { client: next, sent } = clientOf({}, store);
    const failure = await failureOf(next.known({ discovery: at(), clientId }));
    expect(failure).toMatchObject({ code: "registration_failed", oauthError: "invalid_client" });
    expect(sent).toEqual([]);
  });

  it("is not one that another server has registered (BIND-02)", async () => {
    const { client } = clientOf();
    await client.at(at("https://other.example"), asks);
    const failure = await failureOf(client.known({ discovery: at(), clientId: "client-1" }));
    expect(failure.code).toBe("registration_failed");
  });
});
