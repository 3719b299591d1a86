/**
 * Tokens that nobody has to be asked for: client credentials, a workload's assertion, an enterprise's identity provider.
 */
import { SallyportError } from "../../errors.ts";
import { Secret } from "../../secrets/secret.ts";
import { discoverProvider } from "../discovery/discover.ts";
import { clientCredentials } from "../grants/client-credentials.ts";
import { enterprise, type IdentityProvider } from "../grants/enterprise.ts";
import { jwtBearer } from "../grants/jwt-bearer.ts";
import { onceMore } from "../messages/once-more.ts";
import type { Grant } from "../tokens/grant.ts";
import { issue, type SignInParts, type SignInRequest } from "./sign-in.ts";

/** Tokens by the configured grant. */
export async function signInUnattended(parts: SignInParts, request: SignInRequest): Promise<Grant> {
  return parts.options.grant === "jwt_bearer" ? withAssertion(parts, request) : asClient(parts, request);
}

/** With nothing but the workload's assertion, read anew each time and sent once (WIF-01, WIF-02). */
async function withAssertion(parts: SignInParts, { discovery, scope, signal }: SignInRequest): Promise<Grant> {
  const { assertion, secrets } = parts.options;
  const { server, resource } = discovery;
  const dpop = await parts.newProver(discovery, "");
  const context = { ...parts.context(signal, dpop), server, resource, ...(scope !== undefined && { scope }) };
  const reading = await new Secret(assertion ?? "", secrets).get();
  const tokens = await jwtBearer(context, reading.reveal());
  return parts.granted({ discovery, clientId: "", scope, tokens, dpop, grant: "jwt_bearer" });
}

async function asClient(parts: SignInParts, request: SignInRequest): Promise<Grant> {
  const { discovery, scope, previousIssuer, signal } = request;
  const { grant = "client_credentials" } = parts.options;
  const identity = await parts.client.at(discovery, { previousIssuer, signal });
  return issue(parts, { discovery, identity, scope, signal, grant }, (context) =>
    onceMore(identity, signal, async () =>
      grant === "enterprise" ? enterprise(context, await providerOf(parts, signal)) : clientCredentials(context),
    ),
  );
}

/**
 * The identity provider as configured; its metadata is discovered when only its issuer is. Of one whose metadata is not
 * known it is known that it takes secrets in the body, as OAuth 2.1 §2.4.1 wants of all (EAS-07).
 */
async function providerOf(parts: SignInParts, signal: AbortSignal): Promise<IdentityProvider> {
  const { idp, secrets, allowInsecure = false } = parts.options;
  if (idp === undefined) {
    throw new SallyportError("config_invalid", 'The option `idp` is missing: "grant": "enterprise" needs it.');
  }
  const { issuer = "", tokenEndpoint, clientId, clientSecret, idToken } = idp;
  const server =
    tokenEndpoint === undefined
      ? await discoverProvider(issuer, parts.context(signal), { allowInsecure })
      : {
          issuer: issuer || new URL(tokenEndpoint).origin,
          token_endpoint: tokenEndpoint,
          token_endpoint_auth_methods_supported: ["client_secret_post"],
        };
  return {
    server,
    clientId,
    clientSecret: clientSecret === undefined ? undefined : new Secret(clientSecret, secrets),
    idToken: new Secret(idToken, secrets),
  };
}
