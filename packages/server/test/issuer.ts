/**
 * A small issuer over real HTTP: metadata and keys, each of which a test may spoil, and tokens signed with those keys.
 */
import { type Handler, listen, type RecordedRequest } from "@sallyport/testkit";
import { exportJWK, generateKeyPair, type JWK, type JWTHeaderParameters, type JWTPayload, SignJWT } from "jose";

export const resource = "https://mcp.example.com/mcp";

export interface TestKey {
  readonly privateKey: CryptoKey;
  /** The public key, as it stands in the key set. */
  readonly jwk: JWK;
}

export interface Issuer {
  readonly url: string;
  readonly key: TestKey;
  /** What the key set holds now. */
  keys: JWK[];
  /** Answers in place of the correct ones, by path. */
  readonly on: Record<string, Handler>;
  readonly requests: readonly RecordedRequest[];
  /** How many requests for a path there were. */
  count(path: string): number;
  /** A good token but for these claims and header parameters; `undefined` leaves one out. */
  sign(claims?: JWTPayload, header?: Partial<JWTHeaderParameters>, key?: TestKey): Promise<string>;
  close(): Promise<void>;
}

export async function testKey(alg = "ES256", kid = "key-1"): Promise<TestKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: "sig" } };
}

export async function testIssuer(path = ""): Promise<Issuer> {
  const key = await testKey();
  const on: Record<string, Handler> = {};
  const server = await listen(async (request, response, incoming) => {
    const [at = ""] = request.url.split("?");
    const scripted = on[at];
    if (scripted !== undefined) return scripted(request, response, incoming);
    const documents: Record<string, unknown> = {
      [`/.well-known/oauth-authorization-server${path}`]: {
        issuer: issuer.url,
        jwks_uri: `${server.url}/jwks`,
        introspection_endpoint: `${server.url}/introspect`,
      },
      "/jwks": { keys: issuer.keys },
    };
    const document = documents[at];
    if (document === undefined) return void response.writeHead(404).end();
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(document));
  });
  const issuer: Issuer = {
    url: server.url + path,
    key,
    keys: [key.jwk],
    on,
    requests: server.requests,
    count: (at) => server.requests.filter(({ url }) => url.split("?")[0] === at).length,
    async sign(claims = {}, header = {}, signer = key) {
      const now = Math.floor(Date.now() / 1000);
      const usual = { iss: issuer.url, aud: resource, sub: "ada", scope: "mail.read", iat: now, exp: now + 300 };
      return new SignJWT({ ...usual, ...claims })
        .setProtectedHeader({ alg: signer.jwk.alg ?? "ES256", typ: "at+jwt", kid: signer.jwk.kid ?? "", ...header })
        .sign(signer.privateKey);
    },
    close: server.close,
  };
  return issuer;
}
