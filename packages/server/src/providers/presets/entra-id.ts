/**
 * Microsoft Entra ID. Checked against "Access token claims reference", "ID token claims reference" and "Access tokens".
 */
import { checkForm, type JwtPreset } from "./preset.ts";

/** What to say about an app registration. */
export interface EntraIdOptions {
  /** Id of the tenant, a GUID. `common` and `organizations` are no tenants: tokens of any company would be accepted (TOK-08). */
  readonly tenantId: string;
  /** What tokens call the API: its application id (a GUID) in version 2, its application id URI (`api://…`) or that id in version 1. */
  readonly audience: string | readonly string[];
  /** `requestedAccessTokenVersion` of the API's manifest. Default 2. */
  readonly version?: 1 | 2;
}

/**
 * Access tokens of Entra ID for an API of one's own. The header's `typ` is always `JWT`, and where client and API are one
 * registration an ID token has the same audience: it is kept out by the client's id, which only access tokens have (`azp`, in
 * version 1 `appid`). Scopes are `scp`, and `roles` for applications that act for nobody.
 *
 * For a national cloud, spread this and set `issuer` and `jwksUri`.
 *
 * @throws SallyportError (`config_invalid`) when the tenant is no GUID.
 *
 * @example
 * ```ts
 * import { entraId, jwtProvider } from "@sallyport/server";
 *
 * const auth = jwtProvider(
 *   entraId({
 *     tenantId: "9122040d-6c67-4c5b-b112-36a304b66dad",
 *     audience: "6e74172b-be56-4843-9ff4-e66a39bb12e3",
 *   }),
 * );
 * ```
 */
export function entraId({ tenantId, audience, version = 2 }: EntraIdOptions): JwtPreset {
  const guid = "9122040d-6c67-4c5b-b112-36a304b66dad";
  const tenant = checkForm(tenantId, /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, "entraId: tenantId", guid);
  const authority = `https://login.microsoftonline.com/${tenant}`;
  return {
    issuer: version === 2 ? `${authority}/v2.0` : `https://sts.windows.net/${tenant}/`,
    audience,
    jwksUri: `${authority}/discovery/${version === 2 ? "v2.0/" : ""}keys`,
    typ: "JWT",
    scopeClaims: ["scp", "roles"],
    requiredClaims: { tid: tenant, [version === 2 ? "azp" : "appid"]: true },
  };
}
