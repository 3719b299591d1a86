/**
 * What a handler throws when the caller is not allowed: no verified token, or one that allows too little.
 * Thrown before a handler's answer has begun, they become the 401 and 403 of RFC 6750 §3.1.
 */
import { SallyportError } from "@sallyport/auth-core";
import { checkScopes } from "./scopes.ts";

/** There is no verified token, or it has expired. Code: `unauthorized`. */
export class AuthenticationError extends SallyportError<"unauthorized"> {
  constructor(message: string, options?: ErrorOptions) {
    super("unauthorized", message, options);
  }

  override get name(): string {
    return "AuthenticationError";
  }
}

/** The token is good but allows too little. Code: `insufficient_scope`. */
export class InsufficientScopeError extends SallyportError<"insufficient_scope"> {
  /** Every scope that the operation needs, also those the token has (CHL-12). */
  readonly scopes: readonly string[];

  /** @throws SallyportError (`config_invalid`) when a scope could not be sent to the client. */
  constructor(scopes: readonly string[], options?: ErrorOptions) {
    super("insufficient_scope", `This needs a token with the scopes: ${scopes.join(" ")}.`, options);
    this.scopes = checkScopes(scopes, "scopes");
  }

  override get name(): string {
    return "InsufficientScopeError";
  }
}
