/**
 * Which scenarios of the official suite are run, with which SDK line and at which protocol version.
 */

/** One run of one scenario. */
export interface Run {
  readonly scenario: string;
  readonly sdk: SdkLine;
  readonly version: ProtocolVersion;
}

export type SdkLine = "1.x" | "2.x";
export type ProtocolVersion = "2025-03-26" | "2025-11-25" | "2026-07-28";

/** What every client has to pass since 2025-11-25. */
const core = [
  "auth/metadata-default",
  "auth/metadata-var1",
  "auth/metadata-var2",
  "auth/metadata-var3",
  "auth/basic-cimd",
  "auth/scope-from-www-authenticate",
  "auth/scope-from-scopes-supported",
  "auth/scope-omitted-when-undefined",
  "auth/scope-step-up",
  "auth/scope-retry-limit",
  "auth/token-endpoint-auth-basic",
  "auth/token-endpoint-auth-post",
  "auth/token-endpoint-auth-none",
  "auth/pre-registration",
] as const;

/** What came with 2026-07-28. None of it needs that wire, so 1.x is held to it as well. */
const since2026 = [
  "auth/resource-mismatch",
  "auth/offline-access-scope",
  "auth/offline-access-not-supported",
  "auth/authorization-server-migration",
  "auth/iss-supported",
  "auth/iss-not-advertised",
  "auth/iss-supported-missing",
  "auth/iss-wrong-issuer",
  "auth/iss-unexpected",
  "auth/iss-normalized",
  "auth/metadata-issuer-mismatch",
] as const;

const extensions = [
  "auth/client-credentials-jwt",
  "auth/client-credentials-basic",
  "auth/enterprise-managed-authorization",
  "auth/dpop",
  "auth/dpop-nonce",
  "auth/wif-jwt-bearer",
] as const;

const backwards = ["auth/2025-03-26-oauth-metadata-backcompat", "auth/2025-03-26-oauth-endpoint-fallback"] as const;

/** Every scenario, in the order of the table. */
export const scenarios: readonly string[] = [...core, ...since2026, ...extensions, ...backwards];

/** The columns of the table. */
export const columns: readonly {
  readonly sdk: SdkLine;
  readonly version: ProtocolVersion;
  readonly scenarios: readonly string[];
}[] = [
  { sdk: "2.x", version: "2026-07-28", scenarios: [...core, ...since2026, ...extensions] },
  { sdk: "2.x", version: "2025-11-25", scenarios: [...core, ...since2026, ...extensions] },
  { sdk: "2.x", version: "2025-03-26", scenarios: backwards },
  { sdk: "1.x", version: "2025-11-25", scenarios: [...core, ...since2026, ...extensions] },
  { sdk: "1.x", version: "2025-03-26", scenarios: backwards },
];

/** Every run. */
export const runs: readonly Run[] = columns.flatMap(({ sdk, version, scenarios: names }) =>
  names.map((scenario) => ({ scenario, sdk, version })),
);
