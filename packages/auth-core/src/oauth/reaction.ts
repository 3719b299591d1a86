/**
 * What a response of the MCP server asks its client to do about authorization (CHL-17). A judgement: nothing is sent.
 */
import { type OAuthChallenge, readOAuthChallenge } from "./challenge.ts";

export type Reaction =
  /** Hand the response over: it is an answer, or a refusal that another token does not mend. */
  | { readonly type: "hand-over" }
  /** Send the same token again, with a proof that has the nonce of the response (RFC 9449 §9). */
  | { readonly type: "prove-again" }
  /** Get a token, or another one. */
  | { readonly type: "renew"; readonly challenge: OAuthChallenge | undefined }
  /** Get a token with more scopes. */
  | { readonly type: "step-up"; readonly challenge: OAuthChallenge };

/** What to do about a response. */
export function reactionTo(response: Response): Reaction {
  const { status } = response;
  if (status !== 401 && status !== 403) return { type: "hand-over" };
  const challenge = readOAuthChallenge(response);
  if (status === 403) {
    // Any other 403 is a permission, or an origin that is not accepted (CHL-16).
    return challenge?.error === "insufficient_scope" ? { type: "step-up", challenge } : { type: "hand-over" };
  }
  if (challenge?.error === "use_dpop_nonce") return { type: "prove-again" };
  // Some servers say with a 401 what belongs into a 403.
  if (challenge?.error === "insufficient_scope") return { type: "step-up", challenge };
  return { type: "renew", challenge };
}
