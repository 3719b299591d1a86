/**
 * Everything that talks to an authorization server, put together for one MCP server. Loaded when a sign-in or a refresh
 * needs it.
 */
import { emit } from "../emit.ts";
import { guardedFetch } from "../http/guarded-fetch.ts";
import type { OAuthChallenge } from "./challenge.ts";
import { ClientRegistry } from "./client/client-registry.ts";
import { discover } from "./discovery/discover.ts";
import type { Discovery } from "./discovery/discovery.ts";
import { DpopProvers } from "./dpop/provers.ts";
import type { DpopProver } from "./dpop.ts";
import { oauthErrorOf } from "./errors.ts";
import { refreshTokens } from "./grants/refresh.ts";
import type { MessageContext } from "./messages/message.ts";
import { onceMore } from "./messages/once-more.ts";
import { isUnattended, type OAuthOptions } from "./options.ts";
import { revoke } from "./revocation.ts";
import { initialScope, stepUpScope } from "./scopes.ts";
import type { Issued, SignInParts } from "./sign-in/sign-in.ts";
import { signInUnattended } from "./sign-in/unattended.ts";
import { finishSignIn, signInWithPerson } from "./sign-in/with-person.ts";
import type { Grant } from "./tokens/grant.ts";
import type { GrantRecords } from "./tokens/grant-records.ts";
import type { TokenSet } from "./tokens/token-set.ts";

/** What a grant is to be obtained for. */
export interface ObtainRequest {
  readonly discovery: Discovery;
  readonly challenge: OAuthChallenge | undefined;
  /** The grant that it replaces. */
  readonly previous: Grant | undefined;
  /** The scopes to ask for, when they are known already. */
  readonly scope: string | undefined;
  readonly signal: AbortSignal;
}

export class Engine {
  readonly #server: string;
  readonly #options: OAuthOptions;
  readonly #dpop: DpopProvers;
  readonly #parts: SignInParts;

  /** @param server - the URL of the MCP endpoint. */
  constructor(server: string, options: OAuthOptions, records: GrantRecords) {
    const { now = Date.now, fetch, allowInsecure = false, resolveHost, onEvent } = options;
    const send = guardedFetch({ fetch, trusted: trustedUrls(server, options), allowInsecure, resolveHost });
    const context = (signal?: AbortSignal, dpop?: DpopProver): MessageContext => ({
      fetch: send,
      now,
      ...(signal && { signal }),
      ...(onEvent && { onEvent }),
      ...(dpop && { dpop }),
    });
    this.#server = server;
    this.#options = options;
    this.#dpop = new DpopProvers(options, now);
    this.#parts = {
      options,
      records,
      client: new ClientRegistry(options, records, context),
      now,
      context,
      newProver: (discovery, clientId) => this.#dpop.make(discovery, clientId),
      granted: (issued) => this.#granted(issued),
    };
  }

  /** Where tokens for the server come from. */
  async discover(challenge: OAuthChallenge | undefined, signal: AbortSignal | undefined): Promise<Discovery> {
    const { issuer, resource, oauthProvider, legacyDiscovery = false, allowInsecure = false } = this.#options;
    const input = {
      serverUrl: this.#server,
      challenge,
      issuer,
      resource,
      oauthProvider,
      legacyDiscovery,
      allowInsecure,
    };
    return discover(input, this.#parts.context(signal));
  }

  /** Tokens anew, from a person or with the client's own credentials. */
  async obtain({ discovery, challenge, previous, scope, signal }: ObtainRequest): Promise<Grant> {
    const unattended = isUnattended(this.#options.grant);
    const wanted =
      scope ??
      initialScope({
        configured: this.#options.scope,
        challenge: challenge?.scope,
        // Of another authorization server's scopes nothing is known here.
        granted: previous?.discovery.issuer === discovery.issuer ? previous.tokens.scope : undefined,
        discovery,
        offline: !unattended,
      });
    // Also when its tokens are gone: a client that was given belongs there (BIND-06).
    const previousIssuer = previous?.discovery.issuer ?? (await this.#parts.records.lastIssuer());
    const request = { discovery, scope: wanted, previousIssuer, signal };
    return unattended ? signInUnattended(this.#parts, request) : signInWithPerson(this.#parts, request);
  }

  /** The scopes of a step-up: all that were asked for and granted, and those of the challenge (STEP-03, SCP-03). */
  stepUp(previous: Grant | undefined, challenge: OAuthChallenge, discovery: Discovery): string | undefined {
    return stepUpScope({
      configured: this.#options.scope,
      requested: previous?.requested,
      granted: previous?.tokens.scope,
      challenge: challenge.scope,
      discovery,
      offline: !isUnattended(this.#options.grant),
    });
  }

  /**
   * The same grant with new tokens; a server that could not answer is asked twice. It is never given up: the answer may
   * hold the only refresh token that still works.
   */
  async refresh(grant: Grant): Promise<Grant> {
    const { discovery, clientId, tokens } = grant;
    const dpop = tokens.tokenType === "dpop" ? await this.#dpop.of(grant) : undefined;
    const identity = await this.#parts.client.known(grant);
    const { server, resource } = discovery;
    const context = { ...this.#parts.context(undefined, dpop), server, resource, identity };
    const refreshed = await onceMore(identity, undefined, () => refreshTokens(context, tokens));
    const scope = grant.requested;
    return this.#granted({ discovery, clientId, scope, tokens: refreshed, dpop, grant: "refresh_token" });
  }

  /** Finish a sign-in that was begun here or elsewhere. */
  finish(callback: URL, signal: AbortSignal | undefined): Promise<Grant> {
    return finishSignIn(this.#parts, callback, signal);
  }

  /** The registration is dead: the next sign-in registers again (pain 6). */
  async dropRegistration(grant: Grant): Promise<void> {
    await this.#parts.client.forget(grant);
  }

  /** Revoke the tokens when asked, and forget what is kept with them. */
  async signOut(grant: Grant, revokeThem: boolean, signal: AbortSignal | undefined): Promise<void> {
    const { discovery, tokens } = grant;
    let revoked = false;
    try {
      // Without a client there is nobody whom the server would let revoke anything (RFC 7009 §2.1, WIF-01).
      if (revokeThem && grant.clientId !== "") {
        const identity = await this.#parts.client.known(grant);
        const context = this.#parts.context(signal);
        revoked = await revokeAll(tokens, (token, hint) => revoke(discovery.server, identity, token, hint, context));
      }
    } finally {
      await this.#dpop.forget(grant);
      emit(this.#options.onEvent, { type: "signed_out", issuer: discovery.issuer, revoked });
    }
  }

  /** A proof for a request to the MCP server (RFC 9449 §7). */
  async prove(grant: Grant, { method, url }: Request): Promise<string> {
    const prover = await this.#dpop.of(grant);
    return prover.proof({ method, url, accessToken: grant.tokens.accessToken });
  }

  /** Take the nonce that the MCP server answered with. */
  async learnNonce(grant: Grant, url: string, response: Response): Promise<void> {
    (await this.#dpop.of(grant)).learn(url, response);
  }

  async #granted({ discovery, clientId, scope: requested, tokens, dpop, grant }: Issued): Promise<Grant> {
    const dpopKey = tokens.tokenType === "dpop" ? await dpop?.export() : undefined;
    const { scope, expiresAt, refreshToken } = tokens;
    emit(this.#options.onEvent, {
      type: "token",
      grant,
      issuer: discovery.issuer,
      refreshable: refreshToken !== undefined,
      ...(scope === undefined ? {} : { scope }),
      ...(expiresAt === undefined ? {} : { expiresAt }),
    });
    return {
      discovery,
      clientId,
      tokens,
      ...(requested === undefined ? {} : { requested }),
      ...(dpopKey === undefined ? {} : { dpopKey }),
    };
  }
}

/** Where the caller himself wants requests to go: what is private there is his own. */
function trustedUrls(server: string, { issuer, idp, oauthProvider }: OAuthOptions): string[] {
  const named = [issuer, idp?.issuer, idp?.tokenEndpoint, ...Object.values(oauthProvider ?? {})];
  return [server, ...named.filter((url): url is string => typeof url === "string" && URL.canParse(url))];
}

/** The refresh token before all: RFC 7009 §2.1 lets that end the access tokens too, which not every server can do alone. */
async function revokeAll(
  { accessToken, refreshToken }: TokenSet,
  end: (token: string, hint: "access_token" | "refresh_token") => Promise<boolean>,
): Promise<boolean> {
  const ended = refreshToken !== undefined && (await end(refreshToken, "refresh_token"));
  try {
    return await end(accessToken, "access_token");
  } catch (error) {
    if (oauthErrorOf(error) === "unsupported_token_type") return ended;
    throw error;
  }
}
