/**
 * Dynamic client registration: RFC 7591, for servers that know neither this client nor metadata documents (DCR-01).
 */
import {
  type AuthorizationServer,
  dynamicClientRegistrationRequest,
  processDynamicClientRegistrationResponse,
} from "oauth4webapi";
import { quoteForeign, SallyportError } from "../../errors.ts";
import { addressClass } from "../../http/addresses.ts";
import { parseObject } from "../../json.ts";
import { type ClientAuthenticationMethod, secretMethod } from "../client-authentication.ts";
import { oauthErrorOf } from "../errors.ts";
import { plain, textsOf } from "../messages/foreign-members.ts";
import { endpointName, type MessageContext, messageError, requestOptions } from "../messages/message.ts";

/** A client as the server registered it. */
export interface RegisteredClient {
  readonly clientId: string;
  readonly clientSecret?: string;
  /** When the secret expires, in milliseconds since 1970. Absent: never. */
  readonly secretExpiresAt?: number;
  readonly authenticationMethod: ClientAuthenticationMethod;
}

/** What a client tells about itself. */
export interface ClientDescription {
  /** Absent for a client that gets its tokens without a redirect. */
  readonly redirectUri?: string | undefined;
  readonly grantTypes: readonly string[];
  readonly clientName: string;
  /** Every scope that may be asked for, separated by spaces. */
  readonly scope?: string | undefined;
}

/**
 * Register a client. A server that refuses the redirect URI is asked once more, as the other type of application: OpenID
 * Connect servers have different rules for each (DCR-04, DCR-05). One that refuses what the client says of itself is asked
 * once more without scopes, of which it may not know each one that a resource names.
 *
 * @throws SallyportError `registration_failed`.
 */
export async function registerClient(
  description: ClientDescription,
  server: AuthorizationServer,
  context: MessageContext,
): Promise<RegisteredClient> {
  const type = applicationType(description.redirectUri);
  try {
    return await register(description, type, server, context);
  } catch (error) {
    const other = otherwise(description, type, error);
    if (other === undefined) throw error;
    try {
      return await register(...other, server, context);
    } catch {
      // The first refusal is about what the client is; the second one would only confuse.
      throw error;
    }
  }
}

/** What a server may accept that has refused this. */
function otherwise(
  description: ClientDescription,
  type: ApplicationType,
  error: unknown,
): readonly [ClientDescription, ApplicationType] | undefined {
  const oauthError = oauthErrorOf(error);
  if (oauthError === "invalid_redirect_uri") return [description, type === "native" ? "web" : "native"];
  if (oauthError !== "invalid_client_metadata" || description.scope === undefined) return undefined;
  return [{ ...description, scope: undefined }, type];
}

type ApplicationType = "native" | "web";

/** DCR-02, DCR-03: what runs on the person's machine is `native`, a page from elsewhere is `web`. */
function applicationType(redirectUri: string | undefined): ApplicationType {
  if (redirectUri === undefined) return "native";
  const { protocol, hostname } = new URL(redirectUri);
  if (protocol !== "https:" && protocol !== "http:") return "native";
  return addressClass(hostname) === "loopback" ? "native" : "web";
}

async function register(
  { redirectUri, grantTypes, clientName, scope }: ClientDescription,
  applicationType: ApplicationType,
  server: AuthorizationServer,
  context: MessageContext,
): Promise<RegisteredClient> {
  const method = requestedMethod(server);
  const what = `The registration at ${endpointName(server.registration_endpoint)}`;
  try {
    const metadata = {
      client_name: clientName,
      application_type: applicationType,
      redirect_uris: redirectUri === undefined ? [] : [redirectUri],
      grant_types: [...grantTypes],
      response_types: redirectUri === undefined ? [] : ["code"],
      token_endpoint_auth_method: method,
      ...(scope === undefined ? {} : { scope }),
    };
    const response = await dynamicClientRegistrationRequest(server, metadata, requestOptions(context));
    const registered = await processDynamicClientRegistrationResponse(await conform(response));
    return judge(registered, redirectUri, method, server, what);
  } catch (error) {
    throw messageError(error, "registration_failed", what, outOfBand);
  }
}

/** A public client where the server has them: a secret in a program that people install is none (OAuth 2.1 §2.1). */
function requestedMethod(server: AuthorizationServer): ClientAuthenticationMethod {
  const { token_endpoint_auth_methods_supported: supported } = server;
  return supported === undefined || supported.includes("none") ? "none" : secretMethod(server);
}

/**
 * A successful answer as RFC 7591 §3.2.1 has it, with nothing but what is used of it. Servers answer 200 in place of 201,
 * leave out when a secret expires, or send a `null` for what there is not.
 */
async function conform(response: Response): Promise<Response> {
  if (response.status !== 200 && response.status !== 201) return response;
  const body = parseObject(await response.clone().text());
  if (body === undefined) return response;
  const { client_id, client_secret, client_secret_expires_at, redirect_uris, token_endpoint_auth_method } = body;
  const used = {
    client_id: plain(client_id),
    client_secret: client_secret === "" ? undefined : plain(client_secret ?? undefined),
    client_secret_expires_at: Number(plain(client_secret_expires_at ?? 0)),
    redirect_uris: textsOf(redirect_uris),
    token_endpoint_auth_method: plain(token_endpoint_auth_method ?? undefined),
  };
  return Response.json(used, { status: 201 });
}

function judge(
  registered: Readonly<Record<string, unknown>>,
  redirectUri: string | undefined,
  requested: ClientAuthenticationMethod,
  server: AuthorizationServer,
  what: string,
): RegisteredClient {
  const clientId = String(registered["client_id"]);
  const secret = registered["client_secret"];
  const expires = Number(registered["client_secret_expires_at"] ?? 0);
  const redirectUris = registered["redirect_uris"];
  for (const [name, text] of [
    ["client_id", clientId],
    ["client_secret", secret ?? ""],
  ] as const) {
    if (typeof text === "string" && text.length <= longest && /^[ -~]*$/.test(text)) continue;
    throw unusable(what, `the \`${name}\` is no text, longer than ${longest} characters, or not all printable ASCII`);
  }
  if (redirectUri !== undefined && Array.isArray(redirectUris) && redirectUris.length > 0) {
    if (!redirectUris.includes(redirectUri)) {
      throw unusable(what, `it registered other redirect URIs: ${quoteForeign(JSON.stringify(redirectUris))}`);
    }
  }
  return {
    clientId,
    ...(typeof secret === "string" ? { clientSecret: secret } : {}),
    ...(typeof secret === "string" && expires > 0 ? { secretExpiresAt: expires * 1000 } : {}),
    authenticationMethod: registeredMethod(registered, requested, server, what),
  };
}

// Identifiers that are signed documents are long; nothing that is kept and sent is longer.
const longest = 8192;

/** How the client is to authenticate: as the server says (M14-03), and a client without a secret in the only way it can. */
function registeredMethod(
  { token_endpoint_auth_method: method, client_secret: secret }: Readonly<Record<string, unknown>>,
  requested: ClientAuthenticationMethod,
  server: AuthorizationServer,
  what: string,
): ClientAuthenticationMethod {
  switch (method) {
    case "none":
      return method;
    case "client_secret_basic":
    case "client_secret_post":
      return secret === undefined ? "none" : method;
    case undefined:
      if (secret === undefined) return "none";
      return requested === "none" ? secretMethod(server) : requested;
    default:
      throw unusable(what, `it wants the client to authenticate with ${quoteForeign(String(method), 60)}`);
  }
}

const outOfBand = "Register a client with the provider and set `clientId`.";

function unusable(what: string, problem: string): SallyportError {
  return new SallyportError(
    "registration_failed",
    `${what} gave a client that cannot be used: ${problem}. ${outOfBand}`,
  );
}
