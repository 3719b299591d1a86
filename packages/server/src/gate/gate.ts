/**
 * The gate: from the head of a request to the caller's token or to a refusal. It reads no body and writes nothing;
 * what a refusal looks like is `refusal.ts`, how it is sent is up to whoever asked.
 */
import { SallyportError } from "@sallyport/auth-core";
import type { VerifyContext } from "../providers/auth-provider.ts";
import type { BasicAuthProvider } from "../providers/basic-auth-provider.ts";
import type { BearerAuthProvider } from "../providers/bearer-auth-provider.ts";
import { AccessToken } from "../token/access-token.ts";
import { type ScopeHierarchy, scopeExpander } from "../token/scopes.ts";
import { type Answer, toResponse } from "./answers.ts";
import { extractCredential, type RequestHead, type Scheme } from "./extract.ts";
import { answerRefusal, type Refusal } from "./refusal.ts";
import { parseUserPass, type UserPass } from "./user-pass.ts";
import { verify } from "./verify.ts";

/** What a gate asks. One that extends one class and has the method of the other too takes both schemes. */
export type GateProvider = BearerAuthProvider | BasicAuthProvider;

/** Options of a gate. */
export interface AuthGateOptions {
  /** Which scope implies which others. Default: none does. */
  readonly scopeImplies?: ScopeHierarchy;
  /** Bound on the provider's `verifyToken` or `verifyPassword`, in milliseconds. Default 10,000. */
  readonly verifyTimeoutMs?: number;
  /** Told why a credential could not be verified; the client is not. Default: nobody is told. */
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
  provider: GateProvider,
  options?: AuthGateOptions,
): (request: Request) => Promise<GateResult> {
  const gate = new Gate(provider, options);
  return async (request) => {
    const head = requestHead(request);
    const published = await gate.publish(head);
    if (published !== undefined) return { response: toResponse(published) };
    const admission = await gate.admit(head);
    return "token" in admission ? admission : { response: toResponse(admission.answer) };
  };
}

type Judgement = { readonly token: AccessToken } | { readonly refusal: Refusal };

const invalid: Readonly<Record<Scheme, Refusal>> = {
  Bearer: { reason: "invalid_token" },
  Basic: { reason: "wrong_password" },
};

/** The head of a fetch-style request. Its `Headers` have joined repeated headers with commas; extraction expects that. */
export function requestHead(request: Request): RequestHead {
  const { pathname, search } = new URL(request.url);
  return { method: request.method, target: pathname + search, headers: [...request.headers].flat() };
}

/** The gate itself, for callers that have no `Request` yet. */
export class Gate {
  readonly #provider: GateProvider;
  readonly #methods: Partial<BearerAuthProvider & BasicAuthProvider>;
  readonly #schemes: readonly Scheme[];
  readonly #expand: ((scopes: readonly string[]) => readonly string[]) | undefined;
  readonly #timeoutMs: number;
  readonly #onError: (error: unknown) => void;

  constructor(provider: GateProvider, options: AuthGateOptions = {}) {
    const { scopeImplies, verifyTimeoutMs = 10_000, onError = () => {} } = options;
    const methods: Partial<BearerAuthProvider & BasicAuthProvider> = provider ?? {};
    const schemes: Scheme[] = [];
    if (typeof methods.verifyToken === "function") schemes.push("Bearer");
    if (typeof methods.verifyPassword === "function") schemes.push("Basic");
    if (schemes.length === 0 || !Array.isArray(methods.scopes)) {
      throw new SallyportError("config_invalid", "auth: must extend BearerAuthProvider or BasicAuthProvider.");
    }
    if (!(verifyTimeoutMs > 0 && verifyTimeoutMs <= 2_147_483_647)) {
      throw new SallyportError("config_invalid", "verifyTimeoutMs: must be a number of milliseconds above 0.");
    }
    this.#provider = provider;
    this.#methods = methods;
    this.#schemes = schemes;
    this.#expand = scopeImplies && scopeExpander(scopeImplies);
    this.#timeoutMs = verifyTimeoutMs;
    this.#onError = onError;
  }

  /** The answer to a request for what the provider publishes about the server; nobody is asked for a token. */
  publish(head: RequestHead): Answer | Promise<Answer> | undefined {
    return this.#methods.metadata?.answer(head);
  }

  /** Judge a request by its head. */
  async admit(head: RequestHead): Promise<{ readonly token: AccessToken } | { readonly answer: Answer }> {
    const found = extractCredential(head, this.#schemes);
    switch (found.kind) {
      case "none":
        return { answer: this.answer({ reason: "unauthorized" }) };
      case "malformed":
        return { answer: this.answer(invalid[found.scheme]) };
      case "ambiguous":
        return { answer: this.answer({ reason: "invalid_request", description: found.reason }) };
      case "token":
        return this.#answered(await this.#judgeToken(found.token));
      case "password":
        return this.#answered(await this.#judgePassword(found));
    }
  }

  /** Judge a credential by itself, wherever it came from: a token, or `user:password` where there are no tokens. */
  async judge(credential: string): Promise<Judgement> {
    if (this.#schemes.includes("Bearer")) return this.#judgeToken(credential);
    const userPass = parseUserPass(credential);
    return userPass === undefined ? { refusal: invalid.Basic } : this.#judgePassword(userPass);
  }

  #judgeToken(token: string): Promise<Judgement> {
    return this.#judge("Bearer", "verifyToken", async (context) => this.#methods.verifyToken?.(token, context) ?? null);
  }

  #judgePassword({ username, password }: UserPass): Promise<Judgement> {
    const ask = async (context: VerifyContext): Promise<AccessToken | null> =>
      this.#methods.verifyPassword?.(username, password, context) ?? null;
    return this.#judge("Basic", "verifyPassword", ask);
  }

  async #judge(
    scheme: Scheme,
    method: string,
    ask: (context: VerifyContext) => Promise<AccessToken | null>,
  ): Promise<Judgement> {
    const verification = await verify(ask, method, this.#timeoutMs);
    switch (verification.kind) {
      case "invalid":
        return { refusal: invalid[scheme] };
      case "unavailable":
        this.#report(verification.cause);
        return { refusal: { reason: "temporarily_unavailable" } };
      case "valid": {
        const token = this.#withImpliedScopes(verification.token);
        return this.#lacking(token, []) ?? { token };
      }
    }
  }

  #answered(judgement: Judgement): { readonly token: AccessToken } | { readonly answer: Answer } {
    return "refusal" in judgement ? { answer: this.answer(judgement.refusal) } : judgement;
  }

  /** The answer to `token` when it lacks one of `scopes`, naming all that the operation needs (CHL-11, CHL-12). */
  refuseScopes(token: AccessToken, scopes: readonly string[]): Answer | undefined {
    const lacking = this.#lacking(token, scopes);
    return lacking && this.answer(lacking.refusal);
  }

  /** The answer to a refusal that was decided elsewhere. */
  answer(refusal: Refusal): Answer {
    const { realm, resourceMetadata, scopes } = this.#provider;
    return answerRefusal(refusal, { realm, resourceMetadata, scopes, schemes: this.#schemes });
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
