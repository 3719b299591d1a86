/**
 * `private_key_jwt`: a client signs who it is (RFC 7523 §2.2, OpenID Connect Core §9).
 */
import { type AuthorizationServer, type ClientAuth, modifyAssertion, PrivateKeyJwt } from "oauth4webapi";
import { SallyportError } from "../../errors.ts";
import type { Reading, Secret } from "../../secrets/secret.ts";
import { type AssertionKey, importAssertionKey } from "./assertion-key.ts";

// Long enough for a clock that is off by half of it.
const lifetime = 60;

/**
 * Sign an assertion with each request. Its audience is the issuer alone: with the token endpoint, which the specification
 * also allows, a server could have assertions made for another one (T-09, CC-05).
 *
 * @param privateKey - PEM or JWK, read when it is needed.
 * @param now - milliseconds since 1970.
 * @returns rejects, when it is applied, with `credential_source_failed` for a key that cannot be used.
 */
export function assertionAuthentication(privateKey: Secret, now: () => number): ClientAuth {
  let last: { readonly reading: Reading; readonly supported: string; readonly key: AssertionKey } | undefined;
  return async (server, client, body, headers) => {
    const reading = await privateKey.get();
    const algorithms = algorithmsOf(server);
    const supported = algorithms?.join(" ") ?? "";
    if (last?.reading !== reading || last.supported !== supported) {
      last = { reading, supported, key: await usableKey(reading.reveal(), algorithms) };
    }
    const { key, kid, alg } = last.key;
    const sign = PrivateKeyJwt(kid === undefined ? { key } : { key, kid }, {
      [modifyAssertion](header, claims) {
        header["alg"] = alg;
        const issued = Math.floor(now() / 1000);
        // Without `nbf`: a server whose clock is behind would refuse what `exp` limits anyway.
        delete claims["nbf"];
        Object.assign(claims, { iat: issued, exp: issued + lifetime });
      },
    });
    await sign(server, client, body, headers);
  };
}

/** `token_endpoint_auth_signing_alg_values_supported` (RFC 8414 §2, CC-04). */
function algorithmsOf(server: AuthorizationServer): readonly string[] | undefined {
  const { token_endpoint_auth_signing_alg_values_supported: algorithms } = server;
  return Array.isArray(algorithms) ? algorithms.filter((name) => typeof name === "string") : undefined;
}

const advice = "It has to be the text of a PEM file or a JWK; for the path of one, use a source with `file`.";

async function usableKey(text: string, supported: readonly string[] | undefined): Promise<AssertionKey> {
  const key = await importAssertionKey(text, supported);
  if (!("problem" in key)) return key;
  throw new SallyportError("credential_source_failed", `The client's private key ${key.problem}. ${advice}`);
}
