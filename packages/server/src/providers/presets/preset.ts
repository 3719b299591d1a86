/**
 * What presets are made of. A preset is configuration only: what one vendor's access tokens are like, as options of
 * `jwtProvider` and `oauthProvider`.
 */
import { quoteForeign, SallyportError } from "@sallyport/auth-core/errors";
import { secureUrl } from "../../verification/secure-url.ts";
import type { JwtProviderOptions } from "../jwt/jwt-provider.ts";

type Vendor = "audienceClaim" | "jwksUri" | "algorithms" | "typ" | "scopeClaims" | "requiredClaims";

/** The access tokens of a vendor: options of `jwtProvider` and `oauthProvider`, to be spread among one's own. */
export type JwtPreset = Pick<JwtProviderOptions, "issuer" | "audience" | Vendor>;

/** A text of the form that a vendor gives it. @throws SallyportError (`config_invalid`) with the example. */
export function checkForm(value: string, form: RegExp, name: string, example: string): string {
  if (typeof value === "string" && form.test(value)) return value;
  throw new SallyportError(
    "config_invalid",
    `${name}: ${quoteForeign(String(value))} is none; write it as ${example}.`,
  );
}

/** A host name. @throws SallyportError (`config_invalid`). */
export function checkHost(host: string, name: string, example: string): string {
  return checkForm(host, /^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/, name, example);
}

/** A base URL without a slash at its end. @throws SallyportError (`config_invalid`). */
export function checkBase(url: string, name: string): string {
  secureUrl(url, name);
  return url.replace(/\/+$/, "");
}
