/**
 * Which scenarios of the official suite are run, with which SDK line, at which protocol version, and how they have to end.
 */
import type { ErrorCode } from "@sallyport/auth-core";

/** One run of one scenario. */
export interface Run {
  readonly scenario: string;
  readonly sdk: SdkLine;
  readonly version: ProtocolVersion;
}

export type SdkLine = "1.x" | "2.x";
export type ProtocolVersion = "2025-03-26" | "2025-11-25" | "2026-07-28";

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
];

// None of it needs the newer wire, so every line is held to it at the older one as well.
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
];

const extensions = [
  "auth/client-credentials-jwt",
  "auth/client-credentials-basic",
  "auth/enterprise-managed-authorization",
  "auth/dpop",
  "auth/dpop-nonce",
  "auth/wif-jwt-bearer",
];

const backwards = ["auth/2025-03-26-oauth-metadata-backcompat", "auth/2025-03-26-oauth-endpoint-fallback"];

/** Every scenario, in the order of the table. */
export const groups: readonly { readonly name: string; readonly scenarios: readonly string[] }[] = [
  { name: "the core, since 2025-11-25", scenarios: core },
  { name: "since 2026-07-28", scenarios: since2026 },
  { name: "extensions", scenarios: extensions },
  { name: "compatibility with 2025-03-26", scenarios: backwards },
];

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
export const runs: readonly Run[] = columns.flatMap(({ sdk, version, scenarios }) =>
  scenarios.map((scenario) => ({ scenario, sdk, version })),
);

const refusals: Readonly<Record<string, ErrorCode>> = {
  "auth/scope-retry-limit": "insufficient_scope",
  "auth/resource-mismatch": "resource_mismatch",
  "auth/iss-supported-missing": "issuer_mismatch",
  "auth/iss-wrong-issuer": "issuer_mismatch",
  "auth/iss-unexpected": "issuer_mismatch",
  "auth/iss-normalized": "issuer_mismatch",
  "auth/metadata-issuer-mismatch": "discovery_failed",
};

/**
 * The last line of a client that passes. Where the suite lets a client fail it does not ask why: one that fails for
 * another reason than the scenario's has shown nothing.
 */
export function expectedEnding(scenario: string): string {
  const code = refusals[scenario];
  return code === undefined ? "completed" : `failed ${code}`;
}
