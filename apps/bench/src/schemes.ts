/**
 * What is measured of each scheme. A test holds this list against the exports of auth-core: a new scheme needs a row.
 */
import { generateKeyPairSync, type KeyObject, randomBytes } from "node:crypto";
import {
  ApiKeyAuth,
  type Auth,
  type AuthFunction,
  AwsSigV4Auth,
  BasicAuth,
  BearerAuth,
  CookieAuth,
  DigestAuth,
  HttpSignatureAuth,
  MultiHeaderAuth,
  OAuth,
  QueryParamAuth,
  SignatureAuth,
} from "@sallyport/auth-core";

/** One way of authenticating, as a row of the report. */
export interface Scheme {
  readonly name: string;
  /** The exported class behind it. */
  readonly exported?: string;
  readonly auth: Auth | AuthFunction | undefined;
  /** Where the server waits for it. Default `/mcp`. */
  readonly path?: string;
}

/** The class that a user would write by hand: nothing but `authFlow`. */
class OwnAuth implements Auth {
  async *authFlow(request: Request): AsyncGenerator<Request, void, Response> {
    request.headers.set("Authorization", "Bearer bench-token");
    yield request;
  }
}

export function schemes(): Scheme[] {
  return [
    { name: "bearer", exported: "BearerAuth", auth: new BearerAuth("bench-token") },
    { name: "none", auth: undefined },
    { name: "basic", exported: "BasicAuth", auth: new BasicAuth("ana", "bench-password") },
    { name: "key in a header", exported: "ApiKeyAuth", auth: new ApiKeyAuth("bench-key") },
    { name: "key in the query", exported: "QueryParamAuth", auth: new QueryParamAuth("bench-key", "api_key") },
    { name: "key in a cookie", exported: "CookieAuth", auth: new CookieAuth("bench-key", "session") },
    {
      name: "three headers",
      exported: "MultiHeaderAuth",
      auth: new MultiHeaderAuth({ "X-API-Key": "bench-key", "X-Tenant": "t-1", "X-Region": "eu" }),
    },
    { name: "function", auth: () => ({ Authorization: "Bearer bench-token" }) },
    { name: "own class", auth: new OwnAuth() },
    {
      name: "digest, SHA-256",
      exported: "DigestAuth",
      auth: new DigestAuth("ana", "bench-password"),
      path: "/digest",
    },
    { name: "HMAC", exported: "SignatureAuth", auth: new SignatureAuth("bench-key", "bench-secret") },
    {
      name: "HMAC with body",
      exported: "SignatureAuth",
      auth: new SignatureAuth("bench-key", "bench-secret", { message: "{method}{path}{timestamp}{bodyHash}" }),
    },
    ...httpSignatures(),
    { name: "OAuth, token at hand", exported: "OAuth", auth: oauth(), path: "/oauth" },
    {
      name: "AWS SigV4",
      exported: "AwsSigV4Auth",
      auth: new AwsSigV4Auth({
        region: "us-east-1",
        service: "execute-api",
        accessKeyId: "AKIDBENCH",
        secretAccessKey: "bench-secret",
      }),
    },
  ];
}

/** Its first request is refused and gets the token, all others have it. The authorization server costs nothing here. */
function oauth(): OAuth {
  const origin = "http://127.0.0.1";
  return new OAuth({
    grant: "client_credentials",
    clientId: "bench",
    clientSecret: "bench-secret",
    resource: `${origin}/oauth`,
    oauthProvider: { issuer: origin, token_endpoint: `${origin}/token` },
    fetch: async () => Response.json({ access_token: "bench-token", token_type: "Bearer", expires_in: 86_400 }),
  });
}

function httpSignatures(): Scheme[] {
  // Keys of this run alone.
  const keys = {
    ed25519: pem(generateKeyPairSync("ed25519").privateKey),
    "ecdsa-p256-sha256": pem(generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey),
    "rsa-pss-sha512": pem(generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey),
    "hmac-sha256": randomBytes(32).toString("base64url"),
  };
  return (Object.keys(keys) as (keyof typeof keys)[]).map((algorithm) => ({
    name: `HTTP signature, ${algorithm}`,
    exported: "HttpSignatureAuth",
    auth: new HttpSignatureAuth("bench", keys[algorithm], { algorithm }),
  }));
}

function pem(key: KeyObject): string {
  return key.export({ type: "pkcs8", format: "pem" }).toString();
}
