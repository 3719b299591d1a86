/**
 * The server that people sign in to. It takes the tokens of a real authorization server, `oidc-provider`, and says in its
 * metadata where they come from (RFC 9728).
 */
import { createServer, type Server } from "node:http";
import { AccessToken, BearerAuthProvider, type Listening } from "@sallyport/server";
import { type TestAuthorizationServer, testAuthorizationServer } from "@sallyport/testkit";
import type { People } from "../people.ts";
import { demoServer } from "./mcp-server.ts";

/** Where people sign in, by any name; and one program, by its secret. */
export function authorizationServer(people: People): Promise<TestAuthorizationServer> {
  const authentication = "client_secret_basic";
  const grantTypes = ["client_credentials"];
  return testAuthorizationServer({
    scopes: ["tools:read", "reports:read"],
    clients: [{ clientId: "nightly-job", authentication, clientSecret: people.job, grantTypes }],
  });
}

/** @param listen - gives a server its address. */
export async function oauthServer(
  issuer: TestAuthorizationServer,
  listen: (server: Server) => Promise<string>,
): Promise<Listening> {
  const metadata = createServer();
  const metadataUrl = `${await listen(metadata)}/.well-known/oauth-protected-resource/mcp`;
  const auth = new IssuedTokens(issuer, metadataUrl);
  const server = await demoServer(auth).listen(0);
  auth.resource = server.url;
  const document = JSON.stringify({
    resource: server.url,
    authorization_servers: [issuer.issuer],
    scopes_supported: auth.scopes,
  });
  metadata.on("request", (_request, response) => {
    response.writeHead(200, { "content-type": "application/json" }).end(document);
  });
  return server;
}

/** Takes what the authorization server has issued for this server, and for no other. */
class IssuedTokens extends BearerAuthProvider {
  resource: string | undefined;
  readonly #issuer: TestAuthorizationServer;

  constructor(issuer: TestAuthorizationServer, resourceMetadata: string) {
    super({ scopes: ["tools:read"], resourceMetadata });
    this.#issuer = issuer;
  }

  async verifyToken(token: string): Promise<AccessToken | null> {
    const verified = await this.#issuer.verify(token);
    if (verified === undefined || verified.audience !== this.resource) return null;
    const { scopes, subject } = verified;
    return new AccessToken({ token, scopes, subject, claims: { email: `${subject}@example.com` } });
  }
}
