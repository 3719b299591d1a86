/**
 * The grant as this program has it in memory, beside the one in the store, which others write too.
 */
import type { Observable } from "../../observable.ts";
import { authorizedState, type OAuthState } from "../state.ts";
import { type Grant, isFresh } from "./grant.ts";
import type { GrantRecords } from "./grant-records.ts";

export class HeldGrant {
  readonly #state: Observable<OAuthState>;
  readonly #records: GrantRecords;
  readonly #now: () => number;
  #grant: Grant | undefined;
  #loading: Promise<void> | undefined;
  /** Issued, but not yet in the store: the store has failed. */
  #unsaved: Grant | undefined;

  /** @param state - says that there is a grant as soon as there is one. */
  constructor(state: Observable<OAuthState>, records: GrantRecords, now: () => number) {
    this.#state = state;
    this.#records = records;
    this.#now = now;
  }

  get current(): Grant | undefined {
    return this.#grant;
  }

  /** Whether something was issued that is not in the store yet. */
  get isUnsaved(): boolean {
    return this.#unsaved !== undefined;
  }

  /** Read the store, unless that has been done. A store that fails is read again the next time. */
  async load(): Promise<void> {
    this.#loading ??= this.#records.load().then(
      (grant) => {
        if (grant !== undefined && this.#grant === undefined) this.adopt(grant);
      },
      (error) => {
        this.#loading = undefined;
        throw error;
      },
    );
    await this.#loading;
  }

  /** A usable grant in the store that is not the one that was refused. */
  async others(refused: Grant | undefined): Promise<Grant | undefined> {
    const stored = await this.#records.load();
    if (stored === undefined || isSameToken(stored, refused) || !isFresh(stored, this.#now())) return undefined;
    return this.adopt(stored);
  }

  /** What was issued is kept before it is used; when the store fails it is kept here, and saved as soon as that works. */
  async issued(grant: Grant): Promise<void> {
    this.adopt(grant);
    this.#unsaved = grant;
    await this.#records.save(grant);
    if (this.#unsaved === grant) this.#unsaved = undefined;
  }

  /** Save what could not be saved, unless somebody else has got something newer meanwhile. */
  async saveLater(): Promise<Grant | undefined> {
    const unsaved = this.#unsaved;
    if (unsaved === undefined) return this.#grant;
    return this.#records.renewing(unsaved, async () => {
      const stored = await this.#records.load();
      if (stored === undefined || stored.tokens.issuedAt <= unsaved.tokens.issuedAt) {
        await this.issued(unsaved);
        return unsaved;
      }
      this.#unsaved = undefined;
      return this.adopt(stored);
    });
  }

  adopt(grant: Grant): Grant {
    this.#grant = grant;
    this.#state.set(authorizedState(grant));
    return grant;
  }

  /** There is no grant any more. */
  drop(): void {
    this.#grant = undefined;
    this.#unsaved = undefined;
  }
}

/** Whether two grants are one: what was refused for one of them is refused for the other. */
export function isSameToken(one: Grant, other: Grant | undefined): boolean {
  return one.tokens.accessToken === other?.tokens.accessToken;
}
