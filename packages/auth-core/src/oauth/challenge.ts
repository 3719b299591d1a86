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

/**
 * What to act on, of all challenges of a response (DSC-03); `undefined` when it does not ask for OAuth.
 *
 * The error is that of the scheme that was used (D49-11). What that challenge leaves out is taken from the others: they
 * speak of the same resource (R28-12). A parameter without a value says nothing.
 */
export function readOAuthChallenge(response: Response): OAuthChallenge | undefined {
  const all = parseChallenges(response.headers.get("www-authenticate") ?? "").filter(
    ({ scheme }) => scheme === "bearer" || scheme === "dpop",
  );
  const chosen =
    all.find(({ params }) => params["error"]) ?? all.find(({ params }) => params["resource_metadata"]) ?? all[0];
  if (chosen === undefined) return undefined;
  const anywhere = (name: string): string | undefined =>
    [chosen, ...all].map(({ params }) => params[name]).find((value) => value);
  const { error, error_description: errorDescription } = chosen.params;
  const scope = anywhere("scope");
  const resourceMetadata = anywhere("resource_metadata");
  return {
    scheme: chosen.scheme as "bearer" | "dpop",
    ...(error && { error }),
    ...(errorDescription && { errorDescription }),
    ...(scope && { scope }),
    ...(resourceMetadata && { resourceMetadata }),
  };
}
