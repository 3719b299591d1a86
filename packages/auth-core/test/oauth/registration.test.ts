/** Who the client is: REG-01 to REG-04, CMD-05 to CMD-08, DCR-01 to DCR-05, REF-02, BIND-01 to BIND-07, RED-02, M14-03. */
import type { AuthorizationServer } from "oauth4webapi";
import { describe, expect, it } from "vitest";
import type { Discovery } from "../../src/oauth/discovery/discovery.ts";
import {
  type ClientIdentity,
  type ClientSettings,
  clientIdOf,
  identifyClient,
  type Registration,
} from "../../src/oauth/registration.ts";
import { Secret } from "../../src/secrets/secret.ts";
import { type Answer, answering } from "../support/authorization-server.ts";
import { failureOf } from "../support/failure.ts";

const issuer = "https://as.example";
const loopback = "http://127.0.0.1:8080/callback";
const document = "https://app.example/client.json";
const at = Date.UTC(2026, 0, 1);

const discovery = (server: Partial<AuthorizationServer> = {}, more: Partial<Discovery> = {}): Discovery => ({
  resource: "https://mcp.example/mcp",
  issuer,
  server: { issuer, registration_endpoint: "https://as.example/register", ...server },
  ...more,
});

const created = (more: object = {}): Response => Response.json({ client_id: "new-client", ...more }, { status: 201 });

interface Outcome {
  readonly identity: ClientIdentity;
  readonly registration?: Registration;
  readonly sent: readonly { readonly url: string; readonly text: string }[];
  readonly metadata: Record<string, unknown>;
}

async function identify(
  settings: ClientSettings = {},
  found: Discovery = discovery(),
  answer: Answer = created(),
  redirectUri: string | undefined = loopback,
  known?: Registration,
): Promise<Outcome> {
  const context = answering(answer);
  const outcome = await identifyClient(settings, found, redirectUri, known, context);
  return { ...outcome, sent: context.sent, metadata: JSON.parse(context.sent[0]?.text ?? "{}") };
}

async function sentBy({ authentication, client }: ClientIdentity): Promise<Record<string, string>> {
  const body = new URLSearchParams();
  const headers = new Headers();
  await authentication({ issuer }, client, body, headers);
  return { ...Object.fromEntries(body), ...Object.fromEntries(headers) };
}

describe("the order (REG-02)", () => {
  const everything = { client_id_metadata_document_supported: true };
  const settings = { clientId: "client-1", clientMetadataUrl: document };

  it("is first the client that was registered beforehand", async () => {
    const { identity, registration, sent } = await identify(settings, discovery(everything));
    expect(identity).toMatchObject({ source: "pre-registered", client: { client_id: "client-1" } });
    expect(registration).toBeUndefined();
    expect(sent).toEqual([]);
  });

  it("then the metadata document, where the server takes it (CMD-08, BIND-07)", async () => {
    const { identity, registration, sent } = await identify({ clientMetadataUrl: document }, discovery(everything));
    expect(identity).toMatchObject({ source: "metadata-document", client: { client_id: document } });
    expect(await sentBy(identity)).toEqual({ client_id: document });
    expect(registration).toBeUndefined();
    expect(sent).toEqual([]);
  });

  it.each([undefined, false, "true"])(
    "then registration: client_id_metadata_document_supported is %j",
    async (value) => {
      const server = value === undefined ? {} : { client_id_metadata_document_supported: value };
      const { identity, registration } = await identify({ clientMetadataUrl: document }, discovery(server));
      expect(identity).toMatchObject({ source: "registered", client: { client_id: "new-client" } });
      expect(registration).toEqual({
        issuer,
        clientId: "new-client",
        authenticationMethod: "none",
        redirectUris: [loopback],
        registeredAt: at,
      });
    },
  );

  it("is told beforehand, as far as it is known", () => {
    expect(clientIdOf(settings, { issuer })).toBe("client-1");
    expect(clientIdOf({ clientMetadataUrl: document }, { issuer, ...everything })).toBe(document);
    expect(clientIdOf({ clientMetadataUrl: document }, { issuer })).toBeUndefined();
    expect(clientIdOf({}, { issuer, ...everything })).toBeUndefined();
  });

  it("ends with what to set", async () => {
    const server = { registration_endpoint: undefined } as unknown as AuthorizationServer;
    const plain = await failureOf(identify({}, discovery(server)));
    expect(plain.code).toBe("registration_unsupported");
    expect(plain.message).toBe(
      'The authorization server "https://as.example" does not register clients by itself. Register a client with the provider and set `clientId` (and `clientSecret` or `privateKey`), or set `clientMetadataUrl` where the server takes client metadata documents.',
    );
    const useless = await failureOf(identify({ clientMetadataUrl: document }, discovery(server)));
    expect(useless.message).toContain("takes no client metadata documents");
  });

  it.each(["client_credentials", "enterprise", "jwt_bearer"] as const)(
    "has no registration for %s (CC-02, EMA-13, WIF-01)",
    async (grant) => {
      const context = answering(created());
      const error = await failureOf(identifyClient({ grant }, discovery(), undefined, undefined, context));
      expect(error.code).toBe("registration_unsupported");
      expect(error.message).toContain(`The grant ${grant} needs a client`);
      expect(context.sent).toEqual([]);
    },
  );
});

describe("a configured client", () => {
  it("proves itself as the server wants it", async () => {
    const settings = { clientId: "client-1", clientSecret: new Secret("secret-1") };
    const basic = await identify(settings);
    expect(await sentBy(basic.identity)).toEqual({ authorization: `Basic ${btoa("client-1:secret-1")}` });
    const post = await identify(settings, discovery({ token_endpoint_auth_methods_supported: ["client_secret_post"] }));
    expect(await sentBy(post.identity)).toEqual({ client_id: "client-1", client_secret: "secret-1" });
  });

  it("never shows its secret to another server than its own (BIND-04, BIND-06)", async () => {
    const settings = { clientId: "client-1", clientSecret: new Secret("secret-1"), issuer: "https://as.example/" };
    const error = await failureOf(identify(settings));
    expect(error.code).toBe("issuer_mismatch");
    expect(error.message).toContain('"https://as.example/"');
    expect(error.message).toContain("set its `clientId` and `issuer`");
    expect(error.message).not.toContain("secret-1");
    expect((await identify({ ...settings, issuer })).identity.source).toBe("pre-registered");
  });

  it("with a document has no secret (CMD-05)", async () => {
    const found = discovery({ client_id_metadata_document_supported: true });
    const secret = { clientMetadataUrl: document, clientSecret: new Secret("secret-1") };
    expect((await failureOf(identify(secret))).code).toBe("config_invalid");
    expect((await failureOf(identify(secret, found))).code).toBe("config_invalid");
    const method = { clientMetadataUrl: document, clientAuthentication: "client_secret_post" as const };
    expect((await failureOf(identify(method, found))).code).toBe("config_invalid");
  });

  it("with a document may have a key (CMD-06)", async () => {
    const found = discovery({ client_id_metadata_document_supported: true });
    const { privateKey } = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign"]);
    const key = new Secret(JSON.stringify(await crypto.subtle.exportKey("jwk", privateKey)));
    const { identity } = await identify({ clientMetadataUrl: document, privateKey: key }, found);
    expect(await sentBy(identity)).toMatchObject({ client_id: document, client_assertion: expect.any(String) });
  });

  it("reads a secret that is kept elsewhere again, once it was refused", async () => {
    const kept = ["first-secret", "first-secret", "second-secret"];
    const reader = { read: async () => kept.shift() ?? "" };
    const { identity } = await identify({ clientId: "client-1", clientSecret: new Secret({ file: "secret" }, reader) });
    const authorization = (secret: string) => ({ authorization: `Basic ${btoa(`client-1:${secret}`)}` });
    expect(await sentBy(identity)).toEqual(authorization("first-secret"));
    expect(await identity.renew?.()).toBe(false);
    expect(await identity.renew?.()).toBe(true);
    expect(await sentBy(identity)).toEqual(authorization("second-secret"));
  });

  it("has nothing to read again when its secret is a text, or it has none", async () => {
    const text = await identify({ clientId: "client-1", clientSecret: new Secret("secret-1") });
    expect(text.identity.renew).toBeUndefined();
    expect((await identify({ clientId: "client-1" })).identity.renew).toBeUndefined();
  });
});

describe("a registration that is known", () => {
  const known: Registration = {
    issuer,
    clientId: "old-client",
    clientSecret: "old-secret",
    authenticationMethod: "client_secret_post",
    redirectUris: [loopback],
    registeredAt: at - 1,
  };

  it.each([
    ["as it is", {}],
    ["while its secret lives", { secretExpiresAt: at + 3_600_000 }],
    ["with several redirect URIs", { redirectUris: ["https://app.example/callback", loopback] }],
  ])("is used again %s", async (_name, change) => {
    const { identity, registration, sent } = await identify({}, discovery(), created(), loopback, {
      ...known,
      ...change,
    });
    expect(identity).toMatchObject({ source: "registered", client: { client_id: "old-client" } });
    expect(await sentBy(identity)).toEqual({ client_id: "old-client", client_secret: "old-secret" });
    expect(registration).toBeUndefined();
    expect(sent).toEqual([]);
  });

  it("is used again where no redirect is needed", async () => {
    const context = answering(created());
    const { identity } = await identifyClient({ grant: "device_code" }, discovery(), undefined, known, context);
    expect(identity.client.client_id).toBe("old-client");
  });

  it.each([
    ["of another server (BIND-04, BIND-05)", { issuer: "https://as.example/" }],
    ["whose secret is about to expire", { secretExpiresAt: at + 60_000 }],
    ["whose secret has expired", { secretExpiresAt: at - 1 }],
    ["for another port (RED-02)", { redirectUris: ["http://127.0.0.1:8081/callback"] }],
  ])("is replaced when it is one %s", async (_name, change) => {
    const { identity, registration } = await identify({}, discovery(), created(), loopback, { ...known, ...change });
    expect(identity.client.client_id).toBe("new-client");
    expect(registration?.redirectUris).toEqual([loopback]);
    expect(JSON.stringify(await sentBy(identity))).not.toContain("old-secret");
  });

  it("is replaced by one for more scopes, and for those it had, when a sign-in wants more (STEP-03)", async () => {
    const registered = { ...known, scope: "read mail" };
    const fits = await identify({ scope: "mail" }, discovery(), created(), loopback, registered);
    expect(fits.registration).toBeUndefined();
    const { metadata, registration } = await identify(
      { scope: "read write" },
      discovery(),
      created(),
      loopback,
      registered,
    );
    expect(metadata["scope"]).toBe("read write mail");
    expect(registration).toMatchObject({ clientId: "new-client", scope: "read write mail" });
  });
});

describe("a new registration asks for", () => {
  it("what a public native client needs (DCR-02, DCR-03, REF-02)", async () => {
    const { sent, metadata } = await identify({ clientName: "Example" });
    expect(sent[0]).toMatchObject({ url: "https://as.example/register", method: "POST" });
    expect(metadata).toEqual({
      client_name: "Example",
      application_type: "native",
      redirect_uris: [loopback],
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      token_endpoint_auth_method: "none",
    });
  });

  it.each([
    ["http://127.0.0.1:8080/callback", "native"],
    ["http://127.1.2.3/callback", "native"],
    ["http://[::1]:9/callback", "native"],
    ["http://localhost:3000/oauth", "native"],
    ["http://app.localhost:3000/oauth", "native"],
    ["com.example.app:/callback", "native"],
    ["https://app.example/callback", "web"],
    ["https://localhost.example/callback", "web"],
    ["https://127.0.0.1.example/callback", "web"],
  ])("the type that %s tells: %s", async (redirectUri, type) => {
    const { metadata } = await identify({}, discovery(), created(), redirectUri);
    expect(metadata["application_type"]).toBe(type);
  });

  it("no redirect where there is none", async () => {
    const context = answering(created());
    const { registration } = await identifyClient({ grant: "device_code" }, discovery(), undefined, undefined, context);
    expect(JSON.parse(context.sent[0]?.text ?? "")).toMatchObject({
      application_type: "native",
      redirect_uris: [],
      response_types: [],
      grant_types: ["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"],
    });
    expect(registration?.redirectUris).toEqual([]);
  });

  it.each([
    [["none", "client_secret_basic"], "none"],
    [["client_secret_post"], "client_secret_post"],
    [["client_secret_post", "client_secret_basic"], "client_secret_basic"],
    [undefined, "none"],
  ])("the authentication of a public client where the server has it: %j, %s", async (supported, method) => {
    const found = discovery(supported && { token_endpoint_auth_methods_supported: supported });
    expect((await identify({}, found)).metadata["token_endpoint_auth_method"]).toBe(method);
  });

  it("every scope that a sign-in or a step-up may ask for (REF-03, STEP-03)", async () => {
    const offline = discovery(
      { scopes_supported: ["read", "offline_access", "admin"] },
      { scopesSupported: ["read", "write"] },
    );
    expect((await identify({ scope: "read extra" }, offline)).metadata["scope"]).toBe(
      "read extra write offline_access",
    );
    expect((await identify({}, discovery())).metadata).not.toHaveProperty("scope");
  });
});

describe("the answer to a registration", () => {
  it("counts as the server gives it: secret, end of it, method (M14-03)", async () => {
    const { identity, registration } = await identify(
      {},
      discovery(),
      created({
        client_secret: "new-secret",
        client_secret_expires_at: at / 1000 + 86_400,
        token_endpoint_auth_method: "client_secret_post",
      }),
    );
    expect(registration).toMatchObject({
      clientSecret: "new-secret",
      secretExpiresAt: at + 86_400_000,
      authenticationMethod: "client_secret_post",
    });
    expect(await sentBy(identity)).toEqual({ client_id: "new-client", client_secret: "new-secret" });
  });

  it.each([
    ["without an end of the secret", { client_secret: "new-secret" }, "client_secret_basic"],
    ["with an end as text", { client_secret: "new-secret", client_secret_expires_at: "0" }, "client_secret_basic"],
    ["with null for what there is not", { client_secret: null, client_secret_expires_at: null, scope: null }, "none"],
    ["with an empty secret", { client_secret: "", token_endpoint_auth_method: "none" }, "none"],
    ["with a method and no secret for it", { token_endpoint_auth_method: "client_secret_basic" }, "none"],
    ["without redirect URIs", { redirect_uris: [] }, "none"],
  ])("is taken %s", async (_name, body, method) => {
    const { registration } = await identify({}, discovery(), created(body));
    expect(registration?.authenticationMethod).toBe(method);
    expect(registration?.secretExpiresAt).toBeUndefined();
  });

  it("is taken with 200", async () => {
    const { registration } = await identify({}, discovery(), Response.json({ client_id: "new-client" }));
    expect(registration?.clientId).toBe("new-client");
  });

  it("uses the method that was asked for when a secret comes without one", async () => {
    const found = discovery({ token_endpoint_auth_methods_supported: ["client_secret_post"] });
    const { registration } = await identify({}, found, created({ client_secret: "new-secret" }));
    expect(registration?.authenticationMethod).toBe("client_secret_post");
  });

  it.each([
    ["has no identifier", created({ client_id: "" })],
    ["has one that is no text", created({ client_id: 7 })],
    ["has one with a line break", created({ client_id: "a\nb" })],
    ["has one without end", created({ client_id: "a".repeat(9000) })],
    ["has a secret without end", created({ client_secret: "a".repeat(9000) })],
    ["has an end of the secret that is none", created({ client_secret: "s", client_secret_expires_at: "soon" })],
    ["has other redirect URIs", created({ redirect_uris: ["https://elsewhere.example/"] })],
    ["wants a method that we do not have", created({ token_endpoint_auth_method: "tls_client_auth" })],
    ["is a page", new Response("<p>hello", { status: 201 })],
    ["is a list", Response.json([], { status: 201 })],
    ["is a failure", new Response("", { status: 500 })],
  ])("is a failure when it %s", async (_name, answer) => {
    const error = await failureOf(identify({}, discovery(), answer));
    expect(error.code).toBe("registration_failed");
    expect(error.message).toMatch(/^The registration at https:\/\/as\.example\/register /);
    expect(error.message.length).toBeLessThan(500);
  });

  it("is told with the server's reason (DCR-05)", async () => {
    const body = { error: "invalid_client_metadata", error_description: "client_name is too short" };
    const error = await failureOf(identify({}, discovery(), Response.json(body, { status: 400 })));
    expect(error).toMatchObject({ code: "registration_failed", oauthError: "invalid_client_metadata", status: 400 });
    expect(error.message).toContain('"client_name is too short"');
  });
});

describe("a refused redirect URI (DCR-04, DCR-05)", () => {
  const refused = Response.json({ error: "invalid_redirect_uri", error_description: "first" }, { status: 400 });

  it.each([
    [loopback, ["native", "web"]],
    ["https://app.example/callback", ["web", "native"]],
  ])("is tried once more as the other type of application: %s", async (redirectUri, types) => {
    const context = answering(refused, created());
    const { registration } = await identifyClient({}, discovery(), redirectUri, undefined, context);
    expect(registration?.clientId).toBe("new-client");
    expect(context.sent.map(({ text }) => JSON.parse(text).application_type)).toEqual(types);
  });

  it("twice is told as it was first", async () => {
    const second = Response.json({ error: "invalid_client_metadata", error_description: "second" }, { status: 400 });
    const context = answering(refused, second);
    const error = await failureOf(identifyClient({}, discovery(), loopback, undefined, context));
    expect(error).toMatchObject({ code: "registration_failed", oauthError: "invalid_redirect_uri" });
    expect(error.message).toContain('"first"');
    expect(context.sent).toHaveLength(2);
  });

  it("alone is tried again", async () => {
    const context = answering(Response.json({ error: "invalid_client_metadata" }, { status: 400 }));
    await failureOf(identifyClient({}, discovery(), loopback, undefined, context));
    expect(context.sent).toHaveLength(1);
  });
});

it("a registration is an event without the secret", async () => {
  const events: unknown[] = [];
  const context = {
    ...answering(created({ client_secret: "new-secret" })),
    onEvent: (event: unknown) => events.push(event),
  };
  await identifyClient({}, discovery(), loopback, undefined, context);
  expect(events).toEqual([{ type: "registration", issuer, clientId: "new-client" }]);
});
