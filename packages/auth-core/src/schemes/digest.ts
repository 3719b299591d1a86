/**
 * Digest access authentication: RFC 7616, and RFC 2069 for servers that are older.
 */
import { SallyportError } from "../errors.ts";
import { byteString, bytesOf } from "../http/byte-string.ts";
import { parseChallenges } from "../http/challenge.ts";
import { hasControlCharacter, quotedString } from "../http/token.ts";
import { type Reading, Secret, type SecretWriter } from "../secrets/secret.ts";
import type { SecretInput } from "../secrets/source.ts";
import type { Auth } from "./auth.ts";
import { chooseChallenge, type DigestChallenge } from "./digest-challenge.ts";
import type { DigestInput } from "./digest-response.ts";
import { type DigestSession, DigestSessions } from "./digest-session.ts";
import { setHeader } from "./header.ts";
import type { SecretOptions } from "./options.ts";

/**
 * Proves with every request that it knows a password, without sending it (RFC 7616).
 *
 * - MD5, SHA-256 and SHA-512-256, each with `-sess`: the strongest that the server offers. `qop` `auth`, or `auth-int`
 *   where that is all it offers; the body is then read to its end before it is sent. User name and password in UTF-8.
 * - The first request is sent without credentials, to be challenged; those after it count the nonce up, as far as the
 *   server's `domain` reaches, but never to another origin. An expired nonce and `nextnonce` are dealt with unseen.
 * - A refused password is read once more; when it is still the same, the 401 is handed over.
 * - An answer with an `rspauth` that is wrong is not handed over: whoever sent it does not know the password.
 *
 * A flow fails with `auth_unsupported` when the server offers no form of digest that can be answered (the message says
 * what it does offer), and with `unauthorized` when `rspauth` is wrong.
 *
 * @example
 * ```ts
 * import { createAuthFetch, DigestAuth } from "@sallyport/auth-core";
 *
 * const fetch = createAuthFetch(new DigestAuth("ana", { env: "API_PASSWORD" }));
 * ```
 */
export class DigestAuth implements Auth {
  readonly #username: string;
  readonly #password: Secret;
  readonly #sessions: DigestSessions = new DigestSessions();

  /**
   * @throws SallyportError `config_invalid` when the user name holds a control character, `credential_source_failed` when
   * the password does.
   */
  constructor(username: string, password: SecretInput, options: SecretOptions = {}) {
    if (hasControlCharacter(username)) {
      throw new SallyportError(
        "config_invalid",
        "A user name for digest authentication cannot contain line breaks or other control characters.",
      );
    }
    this.#username = byteString(username.normalize("NFC"));
    this.#password = new Secret(password, options.secrets, writePassword);
  }

  async *authFlow(request: Request): AsyncGenerator<Request, void, Response> {
    const url = new URL(request.url);
    const body = new BodyHash(request);
    let password = await this.#password.get();
    let session = this.#sessions.find(url);
    const known = session;
    let renewed = false;
    for (let refusals = 0; ; refusals += 1) {
      const input = session && (await this.#authorize(request, session, password, body));
      const response = yield request;
      if (response.status !== 401) {
        if (session !== undefined && input !== undefined) await accept(response, session, input);
        return;
      }
      const challenge = chooseChallenge(response.headers.get("www-authenticate") ?? "", url.origin);
      if (challenge === undefined || refusals === maxRefusals) break;
      // Refused although the nonce was just given: it is the password.
      if (refusals > 0 && !challenge.stale) {
        const latest = renewed ? password : await this.#password.renew(password);
        if (latest.reveal() === password.reveal()) break;
        password = latest;
        renewed = true;
      }
      // Requests that were challenged at the same time go on with one nonce.
      const current = refusals === 0 ? this.#sessions.find(url) : undefined;
      const shared = current !== undefined && current !== known && sameTerms(current.challenge, challenge);
      session = shared ? current : this.#sessions.open(challenge, url);
    }
    // The next request asks for a challenge before it tries again, and costs the user one failed attempt and not two.
    if (session !== undefined) this.#sessions.forget(session);
  }

  /** Put the credentials into the request. */
  async #authorize(request: Request, session: DigestSession, password: Reading, body: BodyHash): Promise<DigestInput> {
    const computing = await loadComputing();
    const { challenge } = session;
    const { pathname, search } = new URL(request.url);
    const { algorithm, realm, qop } = challenge;
    const input: DigestInput = {
      algorithm,
      realm,
      qop,
      username: this.#username,
      password: password.reveal(),
      method: request.method,
      uri: pathname + search,
      bodyHash: qop === "auth-int" ? await body.under(challenge) : undefined,
      // Last, so that requests are counted in the order they are sent.
      ...session.next(),
    };
    setHeader(request, "Authorization", writeAuthorization(challenge, input, computing));
    return input;
  }
}

type Computing = typeof import("./digest-response.ts");

/** The hash functions are half of the scheme's size, and nobody needs them before a server has asked. */
function loadComputing(): Promise<Computing> {
  return import("./digest-response.ts");
}

// No more than: no credentials, an expired nonce, a shared nonce, a fresh one, a fresh password.
const maxRefusals = 4;

const writePassword: SecretWriter = (password) => {
  if (!hasControlCharacter(password)) return byteString(password.normalize("NFC"));
  return { problem: "cannot be a password: it contains a line break or another control character" };
};

/** The hash of a request's body, which can be read once. The request itself is sent with a body of its own. */
class BodyHash {
  readonly #request: Request;
  #challenge: DigestChallenge | undefined;
  #hash: Promise<string> | undefined;

  constructor(request: Request) {
    this.#request = request;
  }

  under(challenge: DigestChallenge): Promise<string> {
    this.#challenge ??= challenge;
    if (this.#challenge.algorithm.hash !== challenge.algorithm.hash) {
      throw new SallyportError(
        "auth_unsupported",
        `${new URL(this.#request.url).origin} has changed its digest algorithm from one refusal to the next, and the body was hashed already. Send the request again.`,
      );
    }
    this.#hash ??= import("./digest-hash.ts").then(({ hashBody }) => hashBody(challenge.algorithm.hash, this.#request));
    return this.#hash;
  }
}

function sameTerms(a: DigestChallenge, b: DigestChallenge): boolean {
  return a.realm === b.realm && a.algorithmName === b.algorithmName && a.qop === b.qop;
}

function writeAuthorization(challenge: DigestChallenge, input: DigestInput, computing: Computing): string {
  const { qop, opaque, algorithmName, algorithm } = challenge;
  const fields: [name: string, value: string | undefined][] = [
    userField(challenge, input, computing),
    ["realm", quotedString(input.realm)],
    ["nonce", quotedString(input.nonce)],
    ["uri", quotedString(input.uri)],
    ["response", quotedString(computing.digestResponse(input))],
    ["algorithm", algorithmName],
    ["qop", qop],
    ["nc", qop && input.count],
    // Without qop it was unknown, but a server cannot make the key of a session without it.
    ["cnonce", qop !== undefined || algorithm.session ? quotedString(input.cnonce) : undefined],
    ["opaque", opaque === undefined ? undefined : quotedString(opaque)],
    ["userhash", challenge.userhash ? "true" : undefined],
  ];
  const sent = fields.flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]));
  return `Digest ${sent.join(", ")}`;
}

/** The user name: hashed, in the extended form of RFC 5987 §3.2, or plain; RFC 7616 §3.4 and §3.4.4. */
function userField(
  { userhash, utf8 }: DigestChallenge,
  input: DigestInput,
  computing: Computing,
): [name: string, value: string | undefined] {
  const { username } = input;
  if (userhash) return ["username", quotedString(computing.hashUsername(input))];
  // A server that does not say UTF-8 has never heard of `username*`, and takes the bytes.
  if (!utf8 || /^[\x20-\x7e]*$/.test(username)) return ["username", quotedString(username)];
  const encoded = Array.from(bytesOf(username), (byte) => {
    const character = String.fromCharCode(byte);
    return /[\w!#$&+.^`|~-]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  });
  return ["username*", `UTF-8''${encoded.join("")}`];
}

/**
 * Take in what the server says about its answer: RFC 7616 §3.5.
 *
 * @throws SallyportError `unauthorized` when the server does not know the password.
 */
async function accept(response: Response, session: DigestSession, input: DigestInput): Promise<void> {
  const header = response.headers.get("authentication-info");
  if (header === null) return;
  // A list of parameters, like that of a challenge.
  const { rspauth, qop = "auth", nextnonce } = parseChallenges(`Digest ${header}`)[0]?.params ?? {};
  // That of auth-int covers the body of the answer, which is handed over as it arrives.
  const provable = input.qop === "auth" && qop.toLowerCase() === "auth";
  const expected = provable ? (await loadComputing()).digestRspauth(input) : undefined;
  if (rspauth !== undefined && expected !== undefined && rspauth.toLowerCase() !== expected) {
    throw new SallyportError(
      "unauthorized",
      `The answer of ${session.origin} carries a proof of the password that is wrong (rspauth, RFC 7616 §3.5): it does not come from the server that knows it. Check that nothing between changes requests, such as a proxy that rewrites their path.`,
    );
  }
  if (nextnonce && quotedString(nextnonce) !== undefined) session.renew(nextnonce);
}
