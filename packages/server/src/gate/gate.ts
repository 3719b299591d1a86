/**
 * The gate: from the head of a request to the caller's token or to a refusal. It reads no body and writes nothing;
 * what a refusal looks like is `refusal.ts`, how it is sent is up to whoever asked.
 */
import { SallyportError } from "@sallyport/auth-core";
import type { BearerAuthProvider } from "../providers/bearer-auth-provider.ts";
import { AccessToken } from "../token/access-token.ts";
import { type ScopeHierarchy, scopeExpander } from "../token/scopes.ts";
import { type Answer, toResponse } from "./answers.ts";
import { extractToken, type RequestHead } from "./extract.ts";
import { answerRefusal, type Refusal } from "./refusal.ts";
import { verifyToken } from "./verify.ts";

/** Options of a gate. */
export interface AuthGateOptions {
  /** Which scope implies which others. Default: none does. */
  readonly scopeImplies?: ScopeHierarchy;
  /** Bound on the provider's `verifyToken`, in milliseconds. Default 10,000. */
  readonly verifyTimeoutMs?: number;
  /** Told why a token could not be verified; the client is not. Default: nobody is told. */
  readonly onError?: (error: unknown) => void;
}

/** A request that may enter, or the answer that it gets instead. */
export type GateResult = { readonly token: AccessToken } | { readonly response: Response };

/**
 * A gate for requests of any fetch-style server. The body of the request stays unread.
 *
 * @throws SallyportError (`config_invalid`) when the provider or an option cannot be used.
 *
 * @example
 * ```ts
 * import { createAuthGate, envTokens } from "@sallyport/server";
 *
 * declare function handle(request: Request, subject: string | undefined): Promise<Response>;
 *
 * const gate = createAuthGate(envTokens("MCP_API_KEY"));
 *
 * export default {
 *   async fetch(request: Request): Promise<Response> {
 *     const entry = await gate(request);
 *     return "response" in entry ? entry.response : handle(request, entry.token.subject);
 *   },
 * };
 * ```
 */
export function createAuthGate(
  provider: BearerAuthProvider,
  options?: AuthGateOptions,
): (request: Request) => Promise<GateResult> {
  const gate = new Gate(provider, options);
  return async (request) => {
    const admission = await gate.admit(requestHead(request));
    return "token" in admission ? admission : { response: toResponse(admission.answer) };
  };
}

/** The head of a fetch-style request. Its `Headers` have joined repeated headers with commas; extraction expects that. */
export function requestHead(request: Request): RequestHead {
  const { pathname, search } = new URL(request.url);
  return { method: request.method, target: pathname + search, headers: [...request.headers].flat() };
}

/** The gate itself, for callers that have no `Request` yet. */
export class Gate {
  readonly #provider: BearerAuthProvider;
  readonly #expand: ((scopes: readonly string[]) => readonly string[]) | undefined;
  readonly #timeoutMs: number;
  readonly #onError: (error: unknown) => void;

  constructor(provider: BearerAuthProvider, options: AuthGateOptions = {}) {
    const { scopeImplies, verifyTimeoutMs = 10_000, onError = () => {} } = options;
    if (typeof provider?.verifyToken !== "function" || !Array.isArray(provider.scopes)) {
      throw new SallyportError("config_invalid", "auth: must extend BearerAuthProvider.");
    }
    if (!(verifyTimeoutMs > 0 && verifyTimeoutMs <= 2_147_483_647)) {
      throw new SallyportError("config_invalid", "verifyTimeoutMs: must be a number of milliseconds above 0.");
    }
    this.#provider = provider;
    this.#expand = scopeImplies && scopeExpander(scopeImplies);
    this.#timeoutMs = verifyTimeoutMs;
    this.#onError = onError;
  }

  /** Judge a request by its head. */
  async admit(head: RequestHead): Promise<{ readonly token: AccessToken } | { readonly answer: Answer }> {
    const found = extractToken(head);
    switch (found.kind) {
      case "none":
        return { answer: this.answer({ reason: "unauthorized" }) };
      case "malformed":
        return { answer: this.answer({ reason: "invalid_token" }) };
      case "ambiguous":
        return { answer: this.answer({ reason: "invalid_request", description: found.reason }) };
      case "token": {
        const verdict = await this.judge(found.token);
        return "refusal" in verdict ? { answer: this.answer(verdict.refusal) } : verdict;
      }
    }
  }

  /** Judge a token by itself, wherever it came from. */
  async judge(credential: string): Promise<{ readonly token: AccessToken } | { readonly refusal: Refusal }> {
    const verification = await verifyToken(this.#provider, credential, this.#timeoutMs);
    switch (verification.kind) {
      case "invalid":
        return { refusal: { reason: "invalid_token" } };
      case "unavailable":
        this.#report(verification.cause);
        return { refusal: { reason: "temporarily_unavailable" } };
      case "valid": {
        const token = this.#withImpliedScopes(verification.token);
        return this.#lacking(token, []) ?? { token };
      }
    }
  }

  /** The answer to `token` when it lacks one of `scopes`, naming all that the operation needs (CHL-11, CHL-12). */
  refuseScopes(token: AccessToken, scopes: readonly string[]): Answer | undefined {
    const lacking = this.#lacking(token, scopes);
    return lacking && this.answer(lacking.refusal);
  }

  /** The answer to a refusal that was decided elsewhere. */
  answer(refusal: Refusal): Answer {
    return answerRefusal(refusal, this.#provider);
  }

  #lacking(token: AccessToken, scopes: readonly string[]): { readonly refusal: Refusal } | undefined {
    const needed = [...new Set([...this.#provider.scopes, ...scopes])];
    if (needed.every((scope) => token.hasScope(scope))) return undefined;
    return { refusal: { reason: "insufficient_scope", scopes: needed } };
  }

  #withImpliedScopes(token: AccessToken): AccessToken {
    const scopes = this.#expand?.(token.scopes) ?? [];
    if (scopes.every((scope) => token.hasScope(scope))) return token;
    const { claims, expiresAt, subject } = token;
    return new AccessToken({ token: token.token, claims, scopes, expiresAt, subject });
  }

  #report(error: unknown): void {
    try {
      this.#onError(error);
    } catch {
      // A broken listener must not open or close the gate.
    }
  }
}
