/**
 * How a client proves at the token endpoint who it is: RFC 6749 §2.3, OAuth 2.1 §2.4, RFC 7523 §2.2.
 */
import { type AuthorizationServer, type ClientAuth, ClientSecretPost, None } from "oauth4webapi";
import { toBase64, utf8 } from "../http/bytes.ts";
import type { Secret } from "../secrets/secret.ts";
import { assertionAuthentication } from "./client/client-assertion.ts";

/** A method of the registry of RFC 7591 §2, `token_endpoint_auth_method`. */
export type ClientAuthenticationMethod = "none" | "client_secret_basic" | "client_secret_post" | "private_key_jwt";

/** What a client proves with that it is who it says. */
export interface ClientProof {
  readonly secret?: Secret | undefined;
  /** PEM or JWK. */
  readonly privateKey?: Secret | undefined;
}

/** A method, and its proof: without one there is nothing but `none`. */
export type ClientAuthentication =
  | { readonly method: "none" }
  | { readonly method: "client_secret_basic" | "client_secret_post"; readonly secret: Secret }
  | { readonly method: "private_key_jwt"; readonly privateKey: Secret };

/**
 * Choose how to authenticate: the configured or registered method, else the best that the server names for what the
 * client has. A server that names none supports `client_secret_basic` (RFC 8414 §2); one that names no method for
 * secrets gets `client_secret_post`, which every server of OAuth 2.1 takes (§2.4.1).
 *
 * @param method - as configured or registered. Falls to `none` when there is no proof for it: such a client is public.
 */
export function chooseAuthentication(
  { secret, privateKey }: ClientProof,
  server: AuthorizationServer,
  method?: ClientAuthenticationMethod,
): ClientAuthentication {
  const wanted = method ?? (privateKey === undefined ? secretMethod(server) : "private_key_jwt");
  if (wanted === "private_key_jwt" && privateKey !== undefined) return { method: wanted, privateKey };
  if (wanted.startsWith("client_secret") && secret !== undefined) {
    return { method: wanted as "client_secret_basic", secret };
  }
  return { method: "none" };
}

/** Where a server wants a secret. */
export function secretMethod({
  token_endpoint_auth_methods_supported: supported = ["client_secret_basic"],
}: AuthorizationServer): "client_secret_basic" | "client_secret_post" {
  return supported.includes("client_secret_basic") ? "client_secret_basic" : "client_secret_post";
}

/**
 * The authentication as oauth4webapi applies it. Secrets and keys are read when a request is made.
 *
 * @param now - milliseconds since 1970.
 * @returns rejects, when it is applied, with `credential_source_failed`.
 */
export function clientAuthentication(chosen: ClientAuthentication, now: () => number): ClientAuth {
  switch (chosen.method) {
    case "client_secret_basic":
      return async (_server, { client_id }, _body, headers) => {
        const pair = `${formEncoded(client_id)}:${formEncoded((await chosen.secret.get()).reveal())}`;
        headers.set("authorization", `Basic ${toBase64(utf8(pair))}`);
      };
    case "client_secret_post":
      return async (server, client, body, headers) => {
        await ClientSecretPost((await chosen.secret.get()).reveal())(server, client, body, headers);
      };
    case "private_key_jwt":
      return assertionAuthentication(chosen.privateKey, now);
    default:
      return None();
  }
}

// RFC 6749 §2.3.1 and appendix B. oauth4webapi also encodes `-`, `.` and `_`, which is allowed, but many servers compare
// what they get without decoding it, and their identifiers are full of these.
function formEncoded(text: string): string {
  return new URLSearchParams({ "": text }).toString().slice(1);
}
