/**
 * `private_key_jwt`: a client signs who it is (RFC 7523 §2.2, OpenID Connect Core §9).
 */
import { type ClientAuth, modifyAssertion, PrivateKeyJwt } from "oauth4webapi";
import type { Secret } from "../secrets/secret.ts";

/** Signs an assertion with each request. Its audience is the issuer alone, so that no other server can use it (T-09, CC-05). */
export function assertionAuthentication(_privateKey: Secret, _now: () => number): ClientAuth {
  void modifyAssertion;
  void PrivateKeyJwt;
  throw new Error("not yet");
}
