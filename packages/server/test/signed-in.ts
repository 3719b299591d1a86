import { createHash, randomBytes } from "node:crypto";
import type { TestAuthorizationServer } from "@sallyport/testkit";

/** What a client gets that a person has let in. */
export interface SignedIn {
  readonly accessToken: string;
  readonly refreshToken: string;
  /** Empty without the scope `openid`. */
  readonly idToken: string;
}

/** Sign Ada in as the public client `desktop`, which the server must know: an authorization code with PKCE. */
export async function signedIn(server: TestAuthorizationServer, resource: string, scope: string): Promise<SignedIn> {
  const verifier = randomBytes(32).toString("base64url");
  const redirectUri = "http://127.0.0.1:1/callback";
  const url = new URL(`${server.issuer}/auth`);
  url.search = new URLSearchParams({
    client_id: "desktop",
    response_type: "code",
    redirect_uri: redirectUri,
    scope,
    resource,
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
  }).toString();
  const callback = await server.signIn(url, { account: "ada" });
  const response = await fetch(`${server.issuer}/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "authorization_code",
      client_id: "desktop",
      code: callback.searchParams.get("code") ?? "",
      redirect_uri: redirectUri,
      code_verifier: verifier,
      resource,
    }),
  });
  const body = (await response.json()) as { access_token: string; refresh_token: string; id_token?: string };
  return { accessToken: body.access_token, refreshToken: body.refresh_token, idToken: body.id_token ?? "" };
}
