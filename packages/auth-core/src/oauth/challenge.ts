/**
 * The OAuth challenge of a response: RFC 6750 §3, RFC 9449 §7.1, RFC 9728 §5.1.
 */
import { parseChallenges } from "../http/challenge.ts";

/** What a `Bearer` or `DPoP` challenge asks for. */
export interface OAuthChallenge {
  readonly scheme: "bearer" | "dpop";
  readonly error?: string;
  readonly errorDescription?: string;
  /** Scopes, separated by spaces. */
  readonly scope?: string;
  /** Where the protected resource metadata is. */
  readonly resourceMetadata?: string;
}

/** The challenge to act on; `undefined` when the response does not ask for OAuth. */
export function readOAuthChallenge(response: Response): OAuthChallenge | undefined {
  const all = parseChallenges(response.headers.get("www-authenticate") ?? "").filter(
    ({ scheme }) => scheme === "bearer" || scheme === "dpop",
  );
  const chosen =
    all.find(({ params }) => params["error"] !== undefined) ??
    all.find(({ params }) => params["resource_metadata"] !== undefined) ??
    all[0];
  if (chosen === undefined) return undefined;
  const { error, scope, error_description: errorDescription } = chosen.params;
  const resourceMetadata = all.map(({ params }) => params["resource_metadata"]).find((url) => url !== undefined);
  return {
    scheme: chosen.scheme as "bearer" | "dpop",
    ...(error === undefined ? {} : { error }),
    ...(errorDescription === undefined ? {} : { errorDescription }),
    ...(scope === undefined ? {} : { scope }),
    ...(resourceMetadata === undefined ? {} : { resourceMetadata }),
  };
}
