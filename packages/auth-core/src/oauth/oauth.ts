/**
 * OAuth 2.1 as an auth scheme: MCP authorization, all revisions since 2025-03-26.
 */
import { memoryStore } from "../credentials/memory-store.ts";
import type { Owner } from "../credentials/records.ts";
import { SallyportError } from "../errors.ts";
import { type Observable, observable } from "../observable.ts";
import type { Auth } from "../schemes/auth.ts";
import { setHeader } from "../schemes/header.ts";
import type { Engine } from "./engine.ts";
import { isUnattended, type OAuthOptions } from "./options.ts";
import { reactionTo } from "./reaction.ts";
import type { OAuthState } from "./state.ts";
import type { Grant } from "./tokens/grant.ts";
import { GrantRecords } from "./tokens/grant-records.ts";
import { TokenKeeper } from "./tokens/token-keeper.ts";

// One after each thing that can be wrong with a token: it was replaced meanwhile, it expired, its grant ended.
const mostRenewals = 3;
const mostProofs = 2;

/** The parts that are made when the server is known. */
interface Parts {
  readonly keeper: TokenKeeper;
  readonly engine: () => Promise<Engine>;
}

/**
 * Signs in to MCP servers with OAuth 2.1: finds the authorization server, registers, asks the person or uses the client's
 * own credentials, keeps the tokens fresh, and asks for more scopes when a server wants them.
 *
 * One object serves one server. Requests share it: however many need a token, one sign-in or one refresh is made, also
 * across processes and tabs that use the same store.
 *
 * Requests reject with `discovery_failed`, `resource_mismatch`, `issuer_mismatch`, `insecure_url`, `registration_failed`,
 * `registration_unsupported`, `pkce_unsupported`, `authorization_required`, `authorization_denied`,
 * `authorization_timeout`, `state_mismatch`, `token_request_failed`, `refresh_failed`, `credential_source_failed`,
 * `store_unavailable`; and with what the interaction throws.
 *
 * @see MCP authorization, https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization
 *
 * @example
 * ```ts
 * import { createAuthFetch, OAuth, type Interaction } from "@sallyport/auth-core";
 *
 * declare const interaction: Interaction;
 *
 * const oauth = new OAuth({ scope: "mcp:read", interaction });
 * oauth.subscribe(() => console.log(oauth.getState().status));
 * const fetch = createAuthFetch(oauth, { origin: "https://mcp.example.com" });
 * await fetch("https://mcp.example.com/mcp");
 * ```
 */
export class OAuth implements Auth {
  readonly needsBody: boolean = false;
  readonly #options: OAuthOptions;
  readonly #state: Observable<OAuthState> = observable<OAuthState>({ status: "signed-out" });
  #parts: Parts | undefined;

  /** Nothing is read or sent before the first request. */
  constructor(options: OAuthOptions = {}) {
    this.#options = options;
    if (options.server !== undefined) this.#parts = this.#make(String(options.server));
  }

  /** The state now. The same object until something changes. */
  readonly getState = (): OAuthState => this.#state.get();

  /** Call `listener` after each change of state. Returns what ends that. A listener that throws does not disturb the others. */
  readonly subscribe = (listener: () => void): (() => void) => this.#state.subscribe(listener);

  async *authFlow(request: Request): AsyncGenerator<Request, void, Response> {
    this.#parts ??= this.#make(request.url);
    const { keeper, engine } = this.#parts;
    const { signal } = request;
    let grant = await keeper.usable(signal);
    for (let renewals = 0, proofs = 0; ; ) {
      if (grant !== undefined) await attach(request, grant, engine);
      const response = yield request;
      if (grant?.tokens.tokenType === "dpop") await (await engine()).learnNonce(grant, request.url, response);
      const reaction = reactionTo(response);
      if (grant !== undefined && response.status !== 401) keeper.accepted(grant);
      if (reaction.type === "hand-over") return;
      if (reaction.type === "prove-again") {
        if (grant?.tokens.tokenType !== "dpop" || proofs++ >= mostProofs) return;
        continue;
      }
      if (renewals++ >= mostRenewals) return;
      const next: Grant | undefined =
        reaction.type === "renew"
          ? await keeper.renew({ grant, challenge: reaction.challenge }, signal)
          : await keeper.stepUp(grant, reaction.challenge, operationOf(request), signal);
      if (next === undefined) return;
      grant = next;
    }
  }

  /**
   * Finish a sign-in with the URL that the authorization server has sent the person back to. Works in any process or page
   * that shares the store with the one that began it; each answer works once.
   *
   * @param callback - the whole URL, with its query (ISS-07).
   * @throws SallyportError `state_mismatch` when no sign-in of this server waits for that answer; `issuer_mismatch`,
   * `authorization_denied`, `token_request_failed`, `store_unavailable`; `config_invalid` without the option `server`.
   */
  async finishSignIn(callback: string | URL, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const { keeper, engine } = this.#known("finishSignIn");
    // The platform's error would quote the code.
    if (!URL.canParse(String(callback))) throw noCallback();
    const grant = await (await engine()).finish(new URL(callback), options.signal);
    await keeper.take(grant);
  }

  /**
   * Forget the tokens and everything else that is kept for this server.
   *
   * @param options.revoke - also tell the authorization server to end them (RFC 7009), where it can. Default: `true`.
   * @throws SallyportError `token_request_failed` when the server does not revoke them: they are forgotten all the same;
   * `store_unavailable`; `config_invalid` before the first request without the option `server`.
   */
  async signOut(options: { readonly revoke?: boolean; readonly signal?: AbortSignal } = {}): Promise<void> {
    await this.#known("signOut").keeper.signOut(options.revoke ?? true, options.signal);
  }

  #known(method: string): Parts {
    if (this.#parts !== undefined) return this.#parts;
    throw noServer(method);
  }

  #make(server: string): Parts {
    const { store = memoryStore(), now = Date.now, grant = "authorization_code", account = "" } = this.#options;
    const { interaction, onDemand = false, onEvent } = this.#options;
    const records = new GrantRecords(store, server, account, identityOf(this.#options));
    let engine: Promise<Engine> | undefined;
    const loadEngine = (): Promise<Engine> => {
      // Imported when a sign-in or a refresh needs it.
      engine ??= import("./engine.ts").then(({ Engine }) => new Engine(server, this.#options, records));
      return engine;
    };
    const keeper = new TokenKeeper({
      state: this.#state,
      records,
      engine: loadEngine,
      now,
      unattended: isUnattended(grant),
      attended: interaction !== undefined,
      onDemand,
      onEvent,
    });
    return { keeper, engine: loadEngine };
  }
}

/** Put the access token into a request: TOK-01, RFC 9449 §7.1. */
async function attach(request: Request, grant: Grant, engine: () => Promise<Engine>): Promise<void> {
  const { tokens } = grant;
  if (tokens.tokenType === "bearer") {
    setHeader(request, "Authorization", `Bearer ${tokens.accessToken}`);
    return;
  }
  const proof = await (await engine()).prove(grant, request);
  setHeader(request, "Authorization", `DPoP ${tokens.accessToken}`);
  setHeader(request, "DPoP", proof);
}

/** What a request asks the server to do, as far as its headers say: attempts to get more scopes are counted by it. */
function operationOf({ method, url, headers }: Request): string {
  return [method, new URL(url).pathname, headers.get("mcp-method") ?? "", headers.get("mcp-name") ?? ""].join(" ");
}

/** What the configuration says of client and authorization server: with other settings, another sign-in. */
function identityOf({ clientId, clientMetadataUrl, issuer, resource, grant }: OAuthOptions): Owner {
  return {
    client: clientId ?? clientMetadataUrl ?? "",
    issuer: issuer ?? "",
    resource: resource ?? "",
    grant: grant ?? "",
  };
}

function noCallback(): SallyportError<"state_mismatch"> {
  return new SallyportError(
    "state_mismatch",
    "What was given as the answer of the authorization server is no URL. Pass the whole address that the person was sent back to.",
  );
}

function noServer(method: string): SallyportError<"config_invalid"> {
  return new SallyportError(
    "config_invalid",
    `${method} needs to know the server before the first request: pass its URL as the option \`server\` of OAuth.`,
  );
}
