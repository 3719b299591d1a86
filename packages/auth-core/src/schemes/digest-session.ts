/**
 * What is remembered of the challenges of a server, so that later requests need no challenge of their own: RFC 7616 §3.4
 * (nonce count), §3.5 (`nextnonce`) and §3.6 (protection spaces).
 */
import { toHex } from "../http/bytes.ts";
import type { DigestChallenge } from "./digest-challenge.ts";

/** What one request under a challenge uses of it. */
export interface DigestTurn {
  readonly nonce: string;
  readonly sessionNonce: string;
  readonly cnonce: string;
  readonly count: string;
}

/** The use of one challenge. Requests that run at the same time share its nonce, each with a count of its own. */
export class DigestSession {
  readonly challenge: DigestChallenge;
  readonly origin: string;
  readonly #prefixes: readonly string[];
  readonly #cnonce: string = randomText();
  #nonce: string;
  #count = 0;

  /** @param url - that of the request that was challenged. */
  constructor(challenge: DigestChallenge, url: URL) {
    this.challenge = challenge;
    this.origin = url.origin;
    this.#nonce = challenge.nonce;
    // A server may speak for others (RFC 7616 §3.3), but what is proven to one origin is not shown to another.
    const own = challenge.domain
      .filter((uri) => URL.canParse(uri, url.href))
      .map((uri) => new URL(uri, url))
      .filter(({ origin }) => origin === url.origin);
    this.#prefixes = challenge.domain.length === 0 ? [`${url.origin}/`] : own.map(({ href }) => href);
  }

  /** Whether a URL is known to be in the same protection space. */
  covers(url: URL): boolean {
    return url.origin === this.origin && this.#prefixes.some((prefix) => url.href.startsWith(prefix));
  }

  /** Count one more use of the nonce. */
  next(): DigestTurn {
    this.#count += 1;
    return {
      nonce: this.#nonce,
      sessionNonce: this.challenge.nonce,
      // The key of `-sess` is made of the first cnonce; elsewhere a new one each time keeps the server from choosing the text.
      cnonce: this.challenge.algorithm.session ? this.#cnonce : randomText(),
      count: this.#count.toString(16).padStart(8, "0"),
    };
  }

  /** Go on with another nonce. */
  renew(nonce: string): void {
    if (nonce === this.#nonce) return;
    this.#nonce = nonce;
    this.#count = 0;
  }
}

/** The sessions of all protection spaces, the last opened first. */
export class DigestSessions {
  #sessions: readonly DigestSession[] = [];

  find(url: URL): DigestSession | undefined {
    return this.#sessions.find((session) => session.covers(url));
  }

  /** Open a session for a challenge, in place of the one that its protection space has had. */
  open(challenge: DigestChallenge, url: URL): DigestSession {
    const session = new DigestSession(challenge, url);
    const others = this.#sessions.filter((other) => !sameSpace(other, session));
    this.#sessions = [session, ...others.slice(0, maxSessions - 1)];
    return session;
  }

  forget(session: DigestSession): void {
    this.#sessions = this.#sessions.filter((other) => other !== session);
  }
}

// A server that names a new realm in every challenge must not fill the memory.
const maxSessions = 16;

function sameSpace(a: DigestSession, b: DigestSession): boolean {
  return a.origin === b.origin && a.challenge.realm === b.challenge.realm;
}

function randomText(): string {
  return toHex(crypto.getRandomValues(new Uint8Array(16)).buffer);
}
