/**
 * How each refusal is told to the client: status, body and challenge. This is the response table of the README; the
 * fields are RFC 6750 §3's and RFC 7617 §2's, the metadata link RFC 9728 §5.1's.
 */
import { formatChallenge } from "@sallyport/auth-core";
import type { AccessToken } from "../token/access-token.ts";
import { type Answer, jsonAnswer } from "./answers.ts";
import type { Scheme } from "./extract.ts";

/** Why a request is refused. */
export type Refusal =
  | { readonly reason: "unauthorized" }
  | { readonly reason: "invalid_token" }
  | { readonly reason: "wrong_password" }
  | { readonly reason: "insufficient_scope"; readonly scopes: readonly string[] }
  | { readonly reason: "invalid_request"; readonly description: string }
  | { readonly reason: "too_many_attempts"; readonly waitSeconds: number }
  | { readonly reason: "temporarily_unavailable" };

/** The name of a reason. */
export type RefusalReason = Refusal["reason"];

/** What a gate thinks of a credential. `caller` is known where a good one allows too little. */
export type Judgement =
  | { readonly token: AccessToken }
  | { readonly refusal: Refusal; readonly caller?: AccessToken | undefined };

/** What challenges say about the server. */
export interface ChallengeContext {
  /** How a credential may be sent. */
  readonly schemes: readonly Scheme[];
  readonly realm?: string | undefined;
  readonly resourceMetadata?: string | undefined;
  /** Scopes that every request needs; sent with 401 (CHL-04). */
  readonly scopes: readonly string[];
}

/** Seconds after which a client may try again when the verifier cannot answer. */
const retryAfter = 5;

/** The answer to a refused request. */
export function answerRefusal(refusal: Refusal, context: ChallengeContext): Answer {
  const { reason } = refusal;
  switch (reason) {
    case "unauthorized":
      // Without `error`: the request had no authentication information (B50-11).
      return jsonAnswer(
        401,
        { error: reason, error_description: "Authentication required" },
        challenge(context, {}, true),
      );
    case "invalid_token":
      return jsonAnswer(
        401,
        { error: reason, error_description: "Token is invalid or expired" },
        challenge(context, { error: reason }, true),
      );
    case "wrong_password":
      // RFC 7617 has no `error`, and which of the two is wrong is not said.
      return jsonAnswer(
        401,
        { error: "unauthorized", error_description: "User name or password is wrong" },
        challenge(context, {}, true),
      );
    case "insufficient_scope": {
      const scope = refusal.scopes.join(" ");
      return jsonAnswer(
        403,
        { error: reason, error_description: `Requires scope: ${scope}`, scope },
        challenge(context, { error: reason, scope }),
      );
    }
    case "invalid_request":
      return jsonAnswer(
        400,
        { error: reason, error_description: refusal.description },
        challenge(context, { error: reason }),
      );
    case "too_many_attempts":
      // Whether the credential is right is not said: it was not judged, or came out among guesses.
      return jsonAnswer(
        429,
        { error: "too_many_requests", error_description: "Too many failed attempts; try again later" },
        { "Retry-After": String(refusal.waitSeconds) },
      );
    case "temporarily_unavailable":
      // Never a 401: the client would throw away a token that may be good.
      return jsonAnswer(
        503,
        { error: reason, error_description: "The token cannot be verified right now; try again" },
        { "Retry-After": String(retryAfter) },
      );
  }
}

function challenge(context: ChallengeContext, params: Record<string, string>, invites = false): Record<string, string> {
  const { schemes, realm = "mcp" } = context;
  const challenges = [
    ...(schemes.includes("Bearer") ? [bearerChallenge(context, params, invites)] : []),
    // Nothing but an invitation: RFC 7617 has no other parameters.
    ...(schemes.includes("Basic") && invites
      ? [formatChallenge({ scheme: "Basic", params: { realm, charset: "UTF-8" } })]
      : []),
  ];
  return challenges.length === 0 ? {} : { "WWW-Authenticate": challenges.join(", ") };
}

// At least one parameter always follows `Bearer` (B50-05), none twice (B50-06).
function bearerChallenge(context: ChallengeContext, params: Record<string, string>, withScopes: boolean): string {
  const { realm, resourceMetadata, scopes } = context;
  const named = realm ?? (resourceMetadata === undefined ? "mcp" : undefined);
  return formatChallenge({
    scheme: "Bearer",
    params: {
      ...(named !== undefined && { realm: named }),
      ...params,
      ...(withScopes && scopes.length > 0 && { scope: scopes.join(" ") }),
      ...(resourceMetadata !== undefined && { resource_metadata: resourceMetadata }),
    },
  });
}
