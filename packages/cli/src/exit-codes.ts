/**
 * What the exit code of the command means. Scripts rely on it: a number never changes its meaning.
 */
import type { ErrorCode } from "@sallyport/auth-core";

/** The signals that end the command in its own way. */
export const signals = ["SIGHUP", "SIGINT", "SIGTERM"] as const;

/** The ways in which the command can end. */
export type Exit =
  | "ok"
  | "reported"
  | "usage"
  | "unauthorized"
  | "unreachable"
  | "store"
  | "internal"
  | (typeof signals)[number];

/** Every exit code, with the sentence that `--help` and the README show. */
export const exitCodes: Readonly<Record<Exit, { readonly code: number; readonly meaning: string }>> = {
  ok: { code: 0, meaning: "it worked" },
  reported: { code: 1, meaning: "the server or the tool reported an error" },
  usage: { code: 2, meaning: "bad usage or bad configuration; nothing was started" },
  unauthorized: { code: 3, meaning: "not authorized: a credential is missing, refused, or lacks a scope" },
  unreachable: { code: 4, meaning: "cannot connect to the server, or the connection broke" },
  store: { code: 5, meaning: "what is saved, sessions and sign-ins, cannot be read or written" },
  internal: { code: 70, meaning: "a bug in sallyport" },
  SIGHUP: { code: 129, meaning: "ended by SIGHUP" },
  SIGINT: { code: 130, meaning: "ended by Ctrl-C (SIGINT)" },
  SIGTERM: { code: 143, meaning: "ended by SIGTERM" },
};

/** The `code` of an error in `--json`: those of the packages below, and what only a command line knows. */
export type CliErrorCode = ErrorCode | OwnCode;

type OwnCode = "usage_invalid" | "interrupted" | "internal_error";

/** How the command ends for each error. An interruption ends by its signal instead. */
export const exitOfError: Readonly<Record<CliErrorCode, Exit>> = {
  usage_invalid: "usage",
  config_invalid: "usage",
  config_conflict: "usage",
  config_env_missing: "usage",
  config_file_unreadable: "usage",
  credential_source_failed: "usage",
  auth_unsupported: "usage",
  server_unknown: "usage",
  insecure_url: "usage",

  authorization_required: "unauthorized",
  authorization_denied: "unauthorized",
  authorization_timeout: "unauthorized",
  popup_blocked: "unauthorized",
  discovery_failed: "unauthorized",
  resource_mismatch: "unauthorized",
  issuer_mismatch: "unauthorized",
  state_mismatch: "unauthorized",
  pkce_unsupported: "unauthorized",
  registration_failed: "unauthorized",
  registration_unsupported: "unauthorized",
  token_request_failed: "unauthorized",
  refresh_failed: "unauthorized",
  port_unavailable: "unauthorized",
  insufficient_scope: "unauthorized",
  unauthorized: "unauthorized",

  temporarily_unavailable: "unreachable",
  redirect_refused: "unreachable",
  connect_failed: "unreachable",
  request_timeout: "unreachable",
  session_closed: "unreachable",

  store_unavailable: "store",
  request_failed: "reported",
  interrupted: "SIGINT",
  internal_error: "internal",
};
