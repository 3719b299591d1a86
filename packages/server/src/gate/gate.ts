/**
 * The gate: from the head of a request to the caller's token or to a refusal. It reads no body and writes nothing;
 * what a refusal looks like is `refusal.ts`, how it is sent is up to whoever asked.
 */
import { SallyportError } from "@sallyport/auth-core";
import type { AuditEvent } from "../audit/event.ts";
import { Fingerprints } from "../audit/fingerprint.ts";
import { AuditTrail } from "../audit/trail.ts";
import type { AttemptLimiter } from "../limits/attempt-limiter.ts";
import { type ClientAddress, connectionAddress } from "../limits/client-address.ts";
import { AttemptGuard } from "../limits/guard.ts";
import type { VerifyContext } from "../providers/auth-provider.ts";
import type { BasicAuthProvider } from "../providers/basic-auth-provider.ts";
import type { BearerAuthProvider } from "../providers/bearer-auth-provider.ts";
import { AccessToken } from "../token/access-token.ts";
import { type ScopeHierarchy, scopeExpander } from "../token/scopes.ts";
import { type Answer, toResponse } from "./answers.ts";
import { type Credential, type Extraction, extractCredential, type RequestHead, type Scheme } from "./extract.ts";
import { answerRefusal, type Judgement, type Refusal } from "./refusal.ts";
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
  /** Slows guesses: `attemptLimiter()`. When it fails, credentials are judged all the same. Default: none. */
  readonly limiter?: AttemptLimiter;
  /**
   * Whose address a request has, for the limiter and audit events. Default: that of the connection, so behind a proxy that of the
   * proxy: give `addressBehindProxies(1)` there.
   */
  readonly clientAddress?: ClientAddress;
  /** Told of every decision, after it was made: `pinoAudit(logger)`, or your own. No event holds a credential. Default: nobody. */
  readonly onAudit?: (event: AuditEvent) => void | Promise<void>;
  /** Key of the fingerprints in audit events, so that those of several processes agree. Secret. Default: one of this process. */
  readonly auditKey?: string;
}

/** What a fetch-style server may know of a request beside its `Request`. */
export interface ConnectionInfo {
  /** Address of the other end of the connection. */
  readonly remoteAddress?: string | undefined;
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
): (request: Request, connection?: ConnectionInfo) => Promise<GateResult> {
  const gate = new Gate(provider, options);
  return async (request, connection) => {
    const head = { ...requestHead(request), ...connection };
    const published = gate.publish(head);
    if (published !== undefined) return { response: toResponse(await published) };
    const admission = await gate.admit(head);
    return "token" in admission ? admission : { response: toResponse(admission.answer) };
  };
}

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
  readonly #guard: AttemptGuard | undefined;
  readonly #trail: AuditTrail | undefined;

  constructor(provider: GateProvider, options: AuthGateOptions = {}) {
    const { scopeImplies, verifyTimeoutMs = 10_000, onError = () => {} } = options;
    const { limiter, clientAddress = connectionAddress, onAudit, auditKey } = options;
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
    const report = this.#report.bind(this);
    this.#guard = limiter && new AttemptGuard(limiter, clientAddress, report);
    this.#trail = onAudit && new AuditTrail(onAudit, new Fingerprints(auditKey), clientAddress, report);
  }

  /** The answer to a request for what the provider publishes about the server; nobody is asked for a token. */
  publish(head: RequestHead): Answer | Promise<Answer> | undefined {
    return this.#methods.metadata?.answer(head);
  }

  /** Judge a request by its head. */
  async admit(head: RequestHead): Promise<{ readonly token: AccessToken } | { readonly answer: Answer }> {
    const found = extractCredential(head, this.#schemes);
    const judgement = await this.#judgeFound(found, head);
    if ("token" in judgement) {
      this.#trail?.record({ head, found, caller: judgement.token });
      return judgement;
    }
    const { refusal, caller } = judgement;
    const answer = this.answer(refusal);
    this.#trail?.record({ head, found, caller, refused: { refusal, answer } });
    return { answer };
  }

  /** Judge a credential by itself, wherever it came from: a token, or `user:password` where there are no tokens. */
  async judge(credential: string): Promise<Judgement> {
    const found = this.#asCredential(credential);
    const judgement = found === undefined ? { refusal: invalid.Basic } : await this.#judgeCredential(found);
    const caller = "token" in judgement ? judgement.token : judgement.caller;
    const refused = "token" in judgement ? undefined : { refusal: judgement.refusal };
    this.#trail?.record({ found: found ?? { kind: "malformed", scheme: "Basic" }, caller, refused });
    return judgement;
  }

  #asCredential(text: string): Credential | undefined {
    if (this.#schemes.includes("Bearer")) return { kind: "token", token: text };
    const userPass = parseUserPass(text);
    return userPass && { kind: "password", ...userPass };
  }

  async #judgeFound(found: Extraction, head: RequestHead): Promise<Judgement> {
    switch (found.kind) {
      case "none":
        return { refusal: { reason: "unauthorized" } };
      case "malformed":
        return { refusal: invalid[found.scheme] };
      case "ambiguous":
        return { refusal: { reason: "invalid_request", description: found.reason } };
      default: {
        const judge = (): Promise<Judgement> => this.#judgeCredential(found);
        return this.#guard === undefined ? judge() : this.#guard.judge(found, head, judge);
      }
    }
  }

  #judgeCredential(found: Credential): Promise<Judgement> {
    return found.kind === "token" ? this.#judgeToken(found.token) : this.#judgePassword(found);
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

  /**
   * The answer to `token` when it lacks one of `scopes`, naming all that the operation needs (CHL-11, CHL-12).
   *
   * @param head - that of the request, for the audit event.
   */
  refuseScopes(token: AccessToken, scopes: readonly string[], head: RequestHead): Answer | undefined {
    const lacking = this.#lacking(token, scopes);
    if (lacking === undefined) return undefined;
    const { refusal } = lacking;
    const answer = this.answer(refusal);
    const found = extractCredential(head, this.#schemes);
    this.#trail?.record({ head, found, caller: token, refused: { refusal, answer } });
    return answer;
  }

  /** The answer to a refusal that was decided elsewhere. */
  answer(refusal: Refusal): Answer {
    const { realm, resourceMetadata, scopes } = this.#provider;
    return answerRefusal(refusal, { realm, resourceMetadata, scopes, schemes: this.#schemes });
  }

  #lacking(
    token: AccessToken,
    scopes: readonly string[],
  ): { readonly refusal: Refusal; readonly caller: AccessToken } | undefined {
    const needed = [...new Set([...this.#provider.scopes, ...scopes])];
    if (needed.every((scope) => token.hasScope(scope))) return undefined;
    return { refusal: { reason: "insufficient_scope", scopes: needed }, caller: token };
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
