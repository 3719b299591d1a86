/**
 * Who is calling, once a verifier has said so. Immutable, and it never shows the credential itself:
 * neither JSON, nor an inspector, nor a spread copy contains it (RFC 6750 §5.2).
 */

/** What a verifier learned about a token. */
export interface AccessTokenInit {
  /** The credential as it was presented. */
  readonly token: string;
  /** Everything the token or its issuer says about the caller, as JSON. Default: nothing. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** What the token allows. Default: nothing. */
  readonly scopes?: readonly string[];
  /** When the token ends, in seconds since 1970-01-01T00:00:00Z as in the JWT claim `exp`. Default: never. */
  readonly expiresAt?: number | undefined;
  /** Who the token stands for. Default: the claim `sub`. */
  readonly subject?: string | undefined;
}

/**
 * A verified access token.
 *
 * The object is frozen, claims and scopes included; claims are copied. `token` is readable by code that has the object and
 * hidden from everything that prints it.
 *
 * @throws TypeError when a field has the wrong type: a token that cannot be judged must not be taken for a valid one.
 *
 * @example
 * ```ts
 * import { AccessToken } from "@sallyport/server";
 *
 * const token = new AccessToken({
 *   token: "k-1",
 *   claims: { sub: "ada", email: "ada@example.com" },
 *   scopes: ["mail.read"],
 *   expiresAt: Math.floor(Date.now() / 1000) + 3600,
 * });
 * token.hasScope("mail.read"); // true
 * JSON.stringify(token); // {"token":"[redacted]","subject":"ada",…}
 * ```
 */
export class AccessToken {
  readonly #token: string;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly scopes: readonly string[];
  /** Seconds since 1970-01-01T00:00:00Z, as in the JWT claim `exp`; `undefined` means the token does not expire. */
  readonly expiresAt: number | undefined;
  readonly subject: string | undefined;

  constructor(init: AccessTokenInit) {
    const { token, claims = {}, scopes = [], expiresAt } = init;
    if (typeof token !== "string" || token === "")
      throw new TypeError("AccessToken: token must be a non-empty string.");
    if (typeof claims !== "object" || claims === null || Array.isArray(claims)) {
      throw new TypeError("AccessToken: claims must be an object.");
    }
    if (!Array.isArray(scopes) || !scopes.every((scope) => typeof scope === "string")) {
      throw new TypeError("AccessToken: scopes must be a list of strings.");
    }
    if (expiresAt !== undefined && !Number.isFinite(expiresAt)) {
      throw new TypeError("AccessToken: expiresAt must be a number of seconds since 1970.");
    }
    const subject = init.subject ?? claims["sub"];
    this.#token = token;
    this.claims = deepFreeze(structuredClone(claims));
    this.scopes = Object.freeze([...scopes]);
    this.expiresAt = expiresAt;
    this.subject = typeof subject === "string" ? subject : undefined;
    Object.defineProperty(this, brand, { value: true });
    Object.freeze(this);
  }

  /** The credential as it was presented. Do not log it; do not send it to another service (MCP: no token passthrough, TOK-07). */
  get token(): string {
    return this.#token;
  }

  /** Whether the token allows `scope`, by itself or through a broader one (`scopeImplies`, CHL-14). */
  hasScope(scope: string): boolean {
    return this.scopes.includes(scope);
  }

  /** What a log line may hold. */
  toJSON(): Record<string, unknown> {
    const { subject, scopes, expiresAt, claims } = this;
    return { token: "[redacted]", subject, scopes, expiresAt, claims };
  }
}

// Registered globally: a verifier may have been built against another copy of this package.
const brand: unique symbol = Symbol.for("sallyport.access-token") as never;

// `util.inspect`, and so `console.log` in Node, Deno and Bun, prints what this returns.
Object.defineProperty(AccessToken.prototype, Symbol.for("nodejs.util.inspect.custom"), {
  value(this: AccessToken) {
    return { AccessToken: this.toJSON() };
  },
});

/** Whether `value` is an {@link AccessToken}, of this copy of the package or another one. */
export function isAccessToken(value: unknown): value is AccessToken {
  return typeof value === "object" && value !== null && (value as Record<symbol, unknown>)[brand] === true;
}

/** Whether the token has ended at `now`, in seconds since 1970. */
export function isExpired(token: AccessToken, now: number): boolean {
  return token.expiresAt !== undefined && token.expiresAt <= now;
}

function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const member of Object.values(value)) deepFreeze(member);
  }
  return value;
}
