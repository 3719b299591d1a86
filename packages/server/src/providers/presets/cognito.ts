/**
 * Amazon Cognito user pools. Checked against "Understanding the access token", "Verifying JSON web tokens" and "Resource binding".
 */
import { checkForm, type JwtPreset } from "./preset.ts";

/** What to say about a user pool. Give `audience` or `clientIds`. */
export type CognitoOptions = {
  /** Id of the user pool, which begins with its region: `eu-west-1_AbCdEfGhI`. */
  readonly userPoolId: string;
} & (
  | {
      /** What clients ask tokens for with `resource`: the MCP endpoint's URL. Tokens have an `aud` only then. */
      readonly audience: string | readonly string[];
    }
  | {
      /** App clients whose tokens are accepted, for pools without resource binding: whatever server they were meant for. */
      readonly clientIds: readonly string[];
    }
);

/**
 * Access tokens of a Cognito user pool. The header has no `typ`; `token_use` tells them from ID tokens. Custom scopes have the
 * identifier of their resource server in front.
 *
 * @throws SallyportError (`config_invalid`) when the id of the pool is none.
 *
 * @example
 * ```ts
 * import { cognito, jwtProvider } from "@sallyport/server";
 *
 * const auth = jwtProvider(
 *   cognito({ userPoolId: "eu-west-1_AbCdEfGhI", audience: "https://mcp.example.com/mcp" }),
 * );
 * ```
 */
export function cognito(options: CognitoOptions): JwtPreset {
  const pool = checkForm(options.userPoolId, /^[a-z0-9-]+_\w+$/, "cognito: userPoolId", "eu-west-1_AbCdEfGhI");
  const issuer = `https://cognito-idp.${pool.split("_")[0]}.amazonaws.com/${pool}`;
  return {
    issuer,
    ...("audience" in options
      ? { audience: options.audience }
      : { audience: options.clientIds, audienceClaim: "client_id" }),
    jwksUri: `${issuer}/.well-known/jwks.json`,
    algorithms: ["RS256"],
    typ: false,
    scopeClaims: ["scope"],
    requiredClaims: { token_use: "access" },
  };
}
