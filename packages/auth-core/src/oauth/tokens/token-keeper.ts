/**
 * Keeps the tokens for one server fresh: in memory, in the store, and across everybody who shares the store. Whoever asks
 * gets a token that works, and however many ask, one refresh or one sign-in is made (REF-06, pains 2, 3 and 5).
 */
import { emit } from "../../emit.ts";
import { isSallyportError, isSecurityRefusal, SallyportError } from "../../errors.ts";
import type { AuthEventListener } from "../../events.ts";
import type { Observable } from "../../observable.ts";
import type { OAuthChallenge } from "../challenge.ts";
import type { Discovery } from "../discovery/discovery.ts";
import type { Engine } from "../engine.ts";
import { scopesOf } from "../scope-list.ts";
import type { OAuthState } from "../state.ts";
import { CircleGuard } from "./circle-guard.ts";
import { covers, type Grant, grantedScopes, isAlive, isFresh } from "./grant.ts";
import type { GrantRecords } from "./grant-records.ts";
import { HeldGrant } from "./held-grant.ts";
import { refreshShared } from "./refresh-shared.ts";
import { ScopeAttempts } from "./scope-attempts.ts";
import { signOutShared } from "./sign-out-shared.ts";
import { SingleFlight } from "./single-flight.ts";

/** What a keeper needs. */
export interface KeeperOptions {
  /** Where it says what it does. */
  readonly state: Observable<OAuthState>;
  readonly records: GrantRecords;
  /** Talks to authorization servers; loaded when it is first needed. */
  readonly engine: () => Promise<Engine>;
  readonly now: () => number;
  /** Whether tokens are obtained without a person. */
  readonly unattended: boolean;
  /** Whether a person can be asked. */
  readonly attended: boolean;
  /** Leave a server alone that does not ask for OAuth. */
  readonly onDemand: boolean;
  readonly onEvent: AuthEventListener | undefined;
}

/** Why a renewal is made: what was refused, and what the server said. */
export interface Refusal {
  readonly grant: Grant | undefined;
  readonly challenge: OAuthChallenge | undefined;
}

export class TokenKeeper {
  readonly #options: KeeperOptions;
  readonly #state: Observable<OAuthState>;
  readonly #held: HeldGrant;
  readonly #flight = new SingleFlight<Grant | undefined>();
  readonly #attempts: ScopeAttempts;
  readonly #circles: CircleGuard;

  constructor(options: KeeperOptions) {
    this.#options = options;
    this.#state = options.state;
    this.#held = new HeldGrant(options.state, options.records, options.now);
    this.#attempts = new ScopeAttempts(options.now);
    this.#circles = new CircleGuard(options.now);
  }

  /**
   * The grant to send a request with: renewed first when it is about to expire. `undefined` when the server has to be
   * asked what it wants.
   */
  async usable(signal: AbortSignal): Promise<Grant | undefined> {
    await this.#held.load();
    if (this.#held.isUnsaved) await this.#flight.join(signal, () => this.#held.saveLater());
    const grant = this.#held.current;
    const { now, unattended } = this.#options;
    if (grant === undefined || isFresh(grant, now())) return grant;
    if (grant.tokens.refreshToken !== undefined)
      return this.#flight.join(signal, (own) => this.#refreshAhead(grant, own));
    if (unattended) {
      return this.#flight.join(signal, (own) => this.#obtain({ grant, challenge: undefined }, grant.discovery, own));
    }
    return isAlive(grant, now()) ? grant : undefined;
  }

  /** The server has accepted a request that was sent with this grant. */
  accepted(grant: Grant): void {
    this.#circles.accepted(grant);
  }

  /**
   * Another grant than the one that was refused: somebody else's, refreshed, or obtained anew.
   *
   * @returns `undefined` when the refusal is to be handed over: another token would not mend it, or nobody can be asked.
   */
  async renew(refusal: Refusal, signal: AbortSignal): Promise<Grant | undefined> {
    const { current } = this.#held;
    if (current !== undefined && current !== refusal.grant) return current;
    if (this.#circles.isCircle(refusal.grant)) return undefined;
    return this.#flight.join(signal, (own) => this.#renew(refusal, own));
  }

  /**
   * A grant with the scopes of a challenge as well (STEP-01 to STEP-07).
   *
   * @param operation - what was asked for: attempts are counted by it.
   * @returns `undefined` when the refusal is to be handed over.
   */
  async stepUp(
    refused: Grant | undefined,
    challenge: OAuthChallenge,
    operation: string,
    signal: AbortSignal,
  ): Promise<Grant | undefined> {
    const wanted = scopesOf(challenge.scope);
    for (;;) {
      const grant = this.#held.current;
      if (grant !== refused && grant !== undefined && covers(grant, wanted)) return grant;
      if (!this.#canObtain()) return undefined;
      if (!this.#flight.busy) break;
      // Another call may be getting them: a sign-in for these scopes alone would undo it.
      await this.#flight.join(signal, async () => undefined).catch(() => {});
      signal.throwIfAborted();
    }
    if (!this.#attempts.allow(operation, wanted)) return undefined;
    return this.#flight.join(signal, (own) => this.#stepUp(refused, challenge, wanted, own));
  }

  /** Take a grant that was obtained elsewhere: a sign-in that another process had begun. */
  async take(grant: Grant): Promise<void> {
    await this.#held.issued(grant);
  }

  /** Forget everything about this server; revoke the tokens first when asked. */
  async signOut(revoke: boolean, signal: AbortSignal | undefined): Promise<void> {
    await signOutShared({ ...this.#options, held: this.#held }, revoke, signal);
  }

  #canObtain(): boolean {
    return this.#options.unattended || this.#options.attended;
  }

  async #refreshAhead(grant: Grant, signal: AbortSignal): Promise<Grant | undefined> {
    try {
      return await this.#refresh(grant, signal);
    } catch (error) {
      // The old token may do for a while yet; the server will say when it does not.
      if (isAlive(grant, this.#options.now()) && !isCode(error, "store_unavailable")) {
        return this.#held.adopt(grant);
      }
      throw this.#failed(error);
    }
  }

  async #renew(refusal: Refusal, signal: AbortSignal): Promise<Grant | undefined> {
    try {
      const other = await this.#held.others(refusal.grant);
      if (other !== undefined) return other;
      const { grant, challenge } = refusal;
      const discovery = await this.#discover(refusal, signal);
      if (discovery === undefined) return undefined;
      const moved = grant !== undefined && grant.discovery.issuer !== discovery.issuer;
      if (grant !== undefined && this.#circles.isWorthRefreshing(grant) && !moved) {
        const refreshed = await this.#refresh({ ...grant, discovery }, signal);
        if (refreshed !== undefined) return refreshed;
      }
      const obtained = await this.#obtain({ grant, challenge }, discovery, signal);
      // What another authorization server issued is of no use here any more (BIND-04).
      if (moved && obtained !== undefined) await this.#options.records.dropTokens(grant);
      return obtained;
    } catch (error) {
      throw this.#failed(error);
    }
  }

  /**
   * Where tokens come from now. A refusal may mean that the server has moved to another authorization server (DSC-06,
   * BIND-05), so it is asked again; what is known is good enough when it cannot say.
   */
  async #discover({ grant, challenge }: Refusal, signal: AbortSignal): Promise<Discovery | undefined> {
    const { engine, onDemand } = this.#options;
    if (grant === undefined && onDemand && (challenge === undefined || !this.#canObtain())) return undefined;
    this.#state.set({ status: "discovering" });
    try {
      return await (await engine()).discover(challenge, signal);
    } catch (error) {
      if (isSecurityRefusal(error) || signal.aborted) throw error;
      if (grant !== undefined) return grant.discovery;
      if (onDemand && challenge?.resourceMetadata === undefined && isCode(error, "discovery_failed")) {
        this.#state.set({ status: "signed-out" });
        return undefined;
      }
      throw error;
    }
  }

  async #refresh(grant: Grant, signal: AbortSignal): Promise<Grant | undefined> {
    const refreshed = await refreshShared({ ...this.#options, held: this.#held }, grant, signal);
    this.#circles.refreshed(refreshed);
    return refreshed;
  }

  /**
   * A grant obtained anew, by a person or by the client itself; or one that somebody else has obtained meanwhile.
   *
   * @param stepUp - the challenge whose scopes it needs, besides those that there are by then.
   */
  async #obtain(
    { grant, challenge }: Refusal,
    discovery: Discovery,
    signal: AbortSignal,
    stepUp?: OAuthChallenge,
  ): Promise<Grant | undefined> {
    const { records, engine, onDemand } = this.#options;
    if (!this.#canObtain()) {
      // Who had signed in learns that this has ended, and not that the credential is a wrong one.
      if (onDemand && grant === undefined) return undefined;
      throw nobodyToAsk(discovery);
    }
    const waitingForPerson = this.#options.attended && !this.#options.unattended;
    if (waitingForPerson && grant !== undefined && stepUp === undefined && !this.#circles.mayAskAgain())
      return undefined;
    const wait = (): void =>
      this.#state.set({
        status: "authorizing",
        issuer: discovery.issuer,
        ...(waitingForPerson && { waitingForPerson }),
      });
    wait();
    return records.signingIn(async () => {
      signal.throwIfAborted();
      const other = await this.#held.others(grant);
      if (other !== undefined && covers(other, scopesOf(stepUp?.scope))) return other;
      // What there is now does not do either: it is taken, and added to.
      if (other !== undefined) wait();
      const previous = other ?? grant;
      const scope = stepUp && (await engine()).stepUp(previous, stepUp, discovery);
      const asked = (await engine()).obtain({ discovery, challenge, previous, scope, signal });
      const obtained = await asked.catch((error) => this.#finishedElsewhere(error, grant));
      this.#circles.obtained(obtained);
      await this.#held.issued(obtained);
      return obtained;
    });
  }

  /** The answer that did not come, or that was used already: it may have come to another program. */
  async #finishedElsewhere(error: unknown, refused: Grant | undefined): Promise<Grant> {
    if (!isCode(error, "authorization_timeout") && !isCode(error, "state_mismatch")) throw error;
    const other = await this.#held.others(refused);
    if (other === undefined) throw error;
    return other;
  }

  async #stepUp(
    refused: Grant | undefined,
    challenge: OAuthChallenge,
    wanted: readonly string[],
    signal: AbortSignal,
  ): Promise<Grant | undefined> {
    try {
      const discovery = refused?.discovery ?? (await this.#discover({ grant: refused, challenge }, signal));
      if (discovery === undefined) return undefined;
      const grant = await this.#obtain({ grant: refused, challenge }, discovery, signal, challenge);
      if (grant !== undefined) this.#attempts.learn(wanted, grantedScopes(grant));
      return grant;
    } catch (error) {
      throw this.#failed(error);
    }
  }

  #failed(error: unknown): unknown {
    if (isSallyportError(error)) {
      this.#state.set({ status: "failed", error });
      emit(this.#options.onEvent, { type: "oauth_failed", code: error.code, message: error.message });
    } else if (this.#held.current === undefined) this.#state.set({ status: "signed-out" });
    else this.#held.adopt(this.#held.current);
    return error;
  }
}

function isCode(error: unknown, code: string): boolean {
  return isSallyportError(error) && error.code === code;
}

function nobodyToAsk({ issuer, resource }: Discovery): SallyportError<"authorization_required"> {
  return new SallyportError(
    "authorization_required",
    `${resource} requires a sign-in at ${issuer}, and there is nobody to ask. Pass an interaction, sign in where there is a browser or a terminal and share the store, or use a grant that needs no person, such as client_credentials.`,
  );
}
