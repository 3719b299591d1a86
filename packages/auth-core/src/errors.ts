/**
 * The one error type of every Sallyport package. `code` says what happened and never changes its meaning;
 * the message says where, and what to do. Neither ever contains a token, code, verifier, password or secret.
 */

/** What went wrong, as a literal. The list grows; a code is never renamed. */
export type ErrorCode =
  | "config_invalid"
  | "config_conflict"
  | "config_env_missing"
  | "config_file_unreadable"
  | "credential_source_failed"
  | "auth_unsupported"
  | "server_unknown"
  | "authorization_required"
  | "authorization_denied"
  | "authorization_timeout"
  | "popup_blocked"
  | "discovery_failed"
  | "resource_mismatch"
  | "issuer_mismatch"
  | "state_mismatch"
  | "pkce_unsupported"
  | "registration_failed"
  | "registration_unsupported"
  | "token_request_failed"
  | "refresh_failed"
  | "insufficient_scope"
  | "unauthorized"
  | "temporarily_unavailable"
  | "insecure_url"
  | "redirect_refused"
  | "port_unavailable"
  | "store_unavailable"
  | "connect_failed"
  | "request_failed"
  | "request_timeout"
  | "session_closed";

/** Codes of refusals that protect the caller. Trying again cannot help, so nothing here ever retries them. */
export type SecurityRefusalCode =
  | "issuer_mismatch"
  | "state_mismatch"
  | "resource_mismatch"
  | "insecure_url"
  | "redirect_refused";

const securityRefusals: ReadonlySet<string> = new Set<SecurityRefusalCode>([
  "issuer_mismatch",
  "state_mismatch",
  "resource_mismatch",
  "insecure_url",
  "redirect_refused",
]);

// Registered globally: two copies of this package in one process recognise each other's errors.
const brand: unique symbol = Symbol.for("sallyport.error") as never;

/**
 * Every failure that Sallyport reports on purpose.
 *
 * @example
 * ```ts
 * import { isSallyportError } from "@sallyport/auth-core";
 * import type { Session } from "@sallyport/auth-core/mcp";
 *
 * declare const session: Session;
 * declare function askForNewToken(): Promise<void>;
 *
 * try {
 *   await session.callTool("whoami");
 * } catch (error) {
 *   if (isSallyportError(error) && error.code === "unauthorized") await askForNewToken();
 *   else throw error;
 * }
 * ```
 */
export class SallyportError<Code extends ErrorCode = ErrorCode> extends Error {
  readonly code: Code;

  constructor(code: Code, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    Object.defineProperty(this, brand, { value: true });
  }

  override get name(): string {
    return "SallyportError";
  }

  /** What a log line may hold: no stack, no cause. */
  toJSON(): { name: string; code: Code; message: string } {
    return { name: this.name, code: this.code, message: this.message };
  }
}

/** One thing wrong with a configuration, and where. */
export interface ConfigProblem {
  readonly code: "config_invalid" | "config_conflict" | "config_env_missing" | "config_file_unreadable";
  /** Where, as written in the input: `mcpServers.api.auth_token`. Empty for the document itself. */
  readonly path: string;
  /** What is wrong and what to do, without any value of a secret. */
  readonly message: string;
}

// A hostile configuration has as many problems as it has values.
const shownProblems = 50;

/**
 * A configuration that cannot be used. Holds every problem at once; `code` is that of the first.
 */
export class ConfigError extends SallyportError<ConfigProblem["code"]> {
  readonly problems: readonly [ConfigProblem, ...ConfigProblem[]];

  /**
   * @param problems - at least one.
   * @param options - `source` names what was read, such as a file; every line of the message begins with it.
   */
  constructor(
    problems: readonly [ConfigProblem, ...ConfigProblem[]],
    options: ErrorOptions & { readonly source?: string } = {},
  ) {
    const lines = problems.slice(0, shownProblems).map(({ path, message }) => {
      return [options.source, path, message].filter((part) => part !== undefined && part !== "").join(": ");
    });
    if (problems.length > shownProblems) lines.push(`… and ${problems.length - shownProblems} more problems`);
    super(problems[0].code, lines.join("\n"), options.cause === undefined ? {} : { cause: options.cause });
    this.problems = Object.freeze(problems.slice() as [ConfigProblem, ...ConfigProblem[]]);
  }

  override get name(): string {
    return "ConfigError";
  }
}

/** Whether `error` comes from Sallyport, also when another copy of the package threw it. */
export function isSallyportError(error: unknown): error is SallyportError {
  return typeof error === "object" && error !== null && (error as Record<symbol, unknown>)[brand] === true;
}

/** Whether `error` is a refusal that must reach the caller instead of a retry. */
export function isSecurityRefusal(error: unknown): error is SallyportError<SecurityRefusalCode> {
  return isSallyportError(error) && securityRefusals.has(error.code);
}

// What JSON leaves as it is and a terminal obeys or hides: C1 controls, line and paragraph separators, marks of direction.
const unseen = /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/** Foreign text as it may appear in a message: JSON-encoded, so that it cannot forge lines, and at most `limit` characters. */
export function quoteForeign(text: string, limit = 200): string {
  const quoted = JSON.stringify(text.length > limit ? `${text.slice(0, limit)}…` : text);
  return quoted.replace(unseen, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
