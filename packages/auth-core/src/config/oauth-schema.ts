/**
 * The `oauth` entry: who the client is, how it gets a token, and what replaces discovery. Fields that would have no
 * effect together are refused: a secret that is accepted and then dropped is worse than an error.
 */
import * as z from "zod";
import { absoluteUri, asSecret, plainText, secret, secureUrl, signingKey, systemName, webUrl } from "./fields.ts";
import { kind, spelled } from "./spelling.ts";
import type { OAuthConfig } from "./types.ts";

/** Fields of OAuth 2.1. `type` may be left out: an object with OAuth keys, or none, is OAuth. */
export function oauth(): z.ZodType<OAuthConfig> & z.core.$ZodTypeDiscriminable {
  const untyped = (type: string) => `: an object without a type is OAuth; say "type": "${type}"`;
  return spelled(
    {
      type: kind("oauth").exactOptional(),
      clientId: plainText().describe("Identifier of a client registered beforehand.").exactOptional(),
      clientSecret: secret(plainText()).describe("Secret of that client.").exactOptional(),
      clientAuthentication: z
        .enum(["none", "client_secret_basic", "client_secret_post", "private_key_jwt"])
        .describe(
          "How the client authenticates at the token endpoint. Default: what the authorization server supports.",
        )
        .exactOptional(),
      privateKey: signingKey().describe("Key for private_key_jwt: PEM or JWK (RFC 7523).").exactOptional(),
      clientMetadataUrl: metadataUrl()
        .describe("Client ID Metadata Document: an https URL that is the client's identifier.")
        .exactOptional(),
      clientName: plainText().describe("Name shown to the person who signs in.").exactOptional(),
      scope: z
        .string()
        // scope-token, RFC 6749 §3.3
        .regex(/^[!#-[\]-~]+(?: [!#-[\]-~]+)*$/, { error: "must be scopes separated by single spaces" })
        .describe("Scopes to ask for, separated by spaces.")
        .exactOptional(),
      grant: z
        .enum(["authorization_code", "client_credentials", "device_code", "jwt_bearer", "enterprise"])
        .describe("How a token is obtained. Default authorization_code.")
        .exactOptional(),
      dpop: z
        .union([z.boolean(), dpopOptions()], { error: "must be true, false or an object with an algorithm" })
        .describe("Bind tokens to a key (RFC 9449).")
        .exactOptional(),
      callbackPort: z
        .int({ error: "must be a whole number from 0 to 65535" })
        .min(0, { error: "must be a whole number from 0 to 65535" })
        .max(65535, { error: "must be a whole number from 0 to 65535" })
        .describe("Port of the loopback callback. Default 8080; 0 is any free port.")
        .exactOptional(),
      callbackUrl: secureUrl().describe("Redirect URI, where the callback is not a loopback port.").exactOptional(),
      redirectPath: z
        .string()
        .regex(/^\/(?!\/)[!$&-.0-;=@-Z_a-z~/]*$/, { error: "must be a path that begins with / and has no query" })
        .describe("Path of the loopback callback.")
        .exactOptional(),
      strictPort: z.boolean().describe("Fail when callbackPort is taken, instead of trying the next.").exactOptional(),
      issuer: webUrl().describe("Accept this authorization server only.").exactOptional(),
      resource: absoluteUri()
        .describe("Resource indicator (RFC 8707), sent as written. Default: what the server publishes.")
        .exactOptional(),
      oauthProvider: z
        // What others put there is not known.
        .record(z.string(), asSecret(z.unknown()))
        .describe("The authorization server's metadata (RFC 8414), where it publishes none.")
        .exactOptional(),
      assertion: secret(systemName()).describe("The assertion of the jwt_bearer grant (RFC 7523).").exactOptional(),
      idp: identityProvider().describe("The identity provider of the enterprise grant.").exactOptional(),
      legacyDiscovery: z.boolean().describe("Fall back to the discovery of MCP 2025-03-26.").exactOptional(),
      allowInsecure: z.boolean().describe("Allow plain http beyond the machine itself. For tests.").exactOptional(),
    },
    {
      token: untyped("bearer"),
      username: untyped("basic"),
      password: untyped("basic"),
      key: untyped("apiKey"),
      apiKey: untyped("apiKey"),
      headers: untyped("headers"),
      scopes: "; did you mean scope?",
    },
  )
    .superRefine((value, context) => {
      for (const [field, message] of contradictions(value))
        context.addIssue({ code: "custom", path: [field], message });
    })
    .transform(({ type = "oauth", ...rest }) => ({ ...rest, type }))
    .describe("OAuth 2.1.");
}

/** What an identifier that is a URL must be: CMD-01, CMD-03. */
function metadataUrl(): z.ZodType<string, string> {
  return webUrl().check(
    z.refine(
      (value) => !URL.canParse(value) || (/^https:\/\/[^/]+\/./i.test(value) && !/\/\.{1,2}(?:[/?]|$)/.test(value)),
      { error: "must begin with https:// and have a path without . or .. in it" },
    ),
  );
}

function dpopOptions() {
  return spelled({
    algorithm: z
      .enum(["ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512", "Ed25519"])
      .describe("Signature algorithm of the proofs. Default: what the authorization server supports.")
      .exactOptional(),
  });
}

function identityProvider() {
  return spelled({
    issuer: webUrl().describe("Issuer of the identity provider, for discovery.").exactOptional(),
    tokenEndpoint: webUrl().describe("Token endpoint, where there is no discovery.").exactOptional(),
    clientId: plainText().describe("This client at the identity provider."),
    clientSecret: secret(plainText()).describe("Secret of that client.").exactOptional(),
    idToken: secret(systemName()).describe("The person's ID token."),
  }).superRefine(({ issuer, tokenEndpoint }, context) => {
    if (issuer === undefined && tokenEndpoint === undefined) {
      context.addIssue({
        code: "custom",
        path: ["issuer"],
        message: "is missing: name the issuer or the tokenEndpoint",
      });
    }
  });
}

/** Fields that need another field, or have no effect beside one. */
function* contradictions(value: Omit<OAuthConfig, "type">): Generator<[field: string, message: string]> {
  const { clientAuthentication: method, grant = "authorization_code" } = value;
  const has = (field: keyof typeof value) => value[field] !== undefined;

  if (!has("clientId") && !has("clientMetadataUrl")) {
    if (has("clientSecret") || has("privateKey")) yield ["clientId", "is missing: a secret or key belongs to a client"];
    else if (grant === "client_credentials") yield ["clientId", "is missing: client_credentials needs a client"];
  }
  if (has("clientMetadataUrl") && !has("clientId") && (has("clientSecret") || method?.startsWith("client_secret"))) {
    // CMD-05
    yield ["clientSecret", "is for a client with a clientId: what clientMetadataUrl describes has no secret"];
  }
  if (has("clientSecret") && has("privateKey") && method === undefined) {
    yield ["clientAuthentication", "is missing: there is a secret and a key, say which authenticates the client"];
  }
  if (method?.startsWith("client_secret") === true && !has("clientSecret")) {
    yield ["clientSecret", "is missing: clientAuthentication asks for it"];
  }
  if (method === "private_key_jwt" && !has("privateKey")) {
    yield ["privateKey", "is missing: clientAuthentication asks for it"];
  }
  if (method === "none" && (has("clientSecret") || has("privateKey"))) {
    yield ["clientAuthentication", "is none, so the secret or key would never be used; remove one of them"];
  }
  if (grant === "client_credentials" && !has("clientSecret") && !has("privateKey")) {
    yield ["clientSecret", "is missing: client_credentials needs a secret or a privateKey"];
  }
  if (grant === "jwt_bearer") {
    // WIF-01
    for (const field of ["clientSecret", "privateKey"] as const) {
      if (has(field)) yield [field, "is never sent: jwt_bearer sends the assertion alone"];
    }
  }
  if (grant === "jwt_bearer" && !has("assertion")) yield ["assertion", "is missing: jwt_bearer needs it"];
  if (grant !== "jwt_bearer" && has("assertion")) yield ["assertion", 'is for "grant": "jwt_bearer"'];
  if (grant === "enterprise" && !has("idp")) yield ["idp", "is missing: enterprise needs it"];
  if (grant !== "enterprise" && has("idp")) yield ["idp", 'is for "grant": "enterprise"'];
}
