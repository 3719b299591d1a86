/**
 * The `WWW-Authenticate` header, read and written: RFC 9110 §11.3 to §11.6.1.
 * Reading makes one pass over the text and never throws, since the text comes from a stranger; writing refuses what a header cannot carry.
 */
import { quoteForeign, SallyportError } from "../errors.ts";
import { isToken, isTokenCharacter, quotedString } from "./token.ts";

/** One challenge of a `WWW-Authenticate` header. */
export interface Challenge {
  /** The scheme. Lowercase when it was parsed: `bearer`, `basic`, `digest`, `dpop`. */
  readonly scheme: string;
  /** The one value that `Negotiate` and its like send instead of parameters. */
  readonly token68?: string;
  /** Parameters by name. Names are lowercase when parsed; the values are as sent, without their quoting. */
  readonly params: Readonly<Record<string, string>>;
}

/**
 * Read every challenge of a `WWW-Authenticate` or `Proxy-Authenticate` header. Several header lines are read as one,
 * joined with commas, as `Headers.get` gives them.
 *
 * What is not a challenge is skipped; a parameter that is sent twice keeps its first value.
 *
 * @param header - the header's value.
 * @see RFC 9110 §11.6.1
 *
 * @example
 * ```ts
 * import { parseChallenges } from "@sallyport/auth-core";
 *
 * declare const response: Response;
 * const challenges = parseChallenges(response.headers.get("www-authenticate") ?? "");
 * const bearer = challenges.find(({ scheme }) => scheme === "bearer");
 * const wanted = bearer?.params["scope"]?.split(" ") ?? [];
 * ```
 */
export function parseChallenges(header: string): Challenge[] {
  const scanner = new Scanner(header);
  const challenges: { scheme: string; token68?: string; params: Record<string, string> }[] = [];
  while (scanner.skipSeparators()) {
    const word = scanner.token();
    if (word === "") {
      scanner.skipJunk();
      continue;
    }
    const hadSpace = scanner.skipSpace();
    const current = challenges.at(-1);
    if (scanner.takeEquals()) {
      const value = scanner.value();
      const name = word.toLowerCase();
      if (current !== undefined && current.token68 === undefined) current.params[name] ??= value;
      continue;
    }
    // Without a prototype, so that a parameter named `__proto__` is a parameter like any other.
    const params: Record<string, string> = Object.create(null);
    const token68 = hadSpace ? scanner.token68() : undefined;
    challenges.push({ scheme: word.toLowerCase(), ...(token68 === undefined ? {} : { token68 }), params });
  }
  return challenges;
}

/**
 * Write one challenge as a `WWW-Authenticate` value; join several with `", "`. Every parameter is quoted, as RFC 6750 §3
 * and RFC 7617 §2 want it.
 *
 * @throws SallyportError `config_invalid` when a name is not a token, a value holds what a header cannot carry
 * (line breaks, control characters, characters beyond Latin-1), or the challenge has both a token68 and parameters.
 * @see RFC 9110 §11.6.1
 *
 * @example
 * ```ts
 * import { formatChallenge } from "@sallyport/auth-core";
 *
 * const header = formatChallenge({ scheme: "Bearer", params: { realm: "tools", error: "invalid_token" } });
 * // Bearer realm="tools", error="invalid_token"
 * ```
 */
export function formatChallenge(challenge: Challenge): string {
  const { scheme, token68 } = challenge;
  const params = Object.entries(challenge.params);
  if (!isToken(scheme)) throw unwritable(`scheme ${quoteForeign(scheme)} is not a token`);
  if (token68 !== undefined) {
    if (params.length > 0) throw unwritable(`${scheme} has a token68 and parameters; only one of them can be sent`);
    const scanner = new Scanner(token68);
    if (scanner.token68() !== token68) throw unwritable(`the token68 of ${scheme} holds other characters`);
    return `${scheme} ${token68}`;
  }
  if (params.length === 0) return scheme;
  return `${scheme} ${params.map(([name, value]) => `${checkedName(name)}=${quote(name, value)}`).join(", ")}`;
}

function checkedName(name: string): string {
  if (!isToken(name)) throw unwritable(`parameter name ${quoteForeign(name)} is not a token`);
  return name;
}

function quote(name: string, value: string): string {
  const quoted = quotedString(value);
  if (quoted === undefined) throw unwritable(`parameter ${name} holds a character that a header cannot carry`);
  return quoted;
}

function unwritable(problem: string): SallyportError {
  return new SallyportError("config_invalid", `Cannot write the WWW-Authenticate challenge: ${problem}.`);
}

/** Reads forward only: every step either moves on or ends the text, so that the time is linear in its length. */
class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Skip commas and white space. Returns whether text is left. */
  skipSeparators(): boolean {
    while (this.#is(",") || isSpace(this.#text[this.#at])) this.#at += 1;
    return this.#at < this.#text.length;
  }

  skipSpace(): boolean {
    const start = this.#at;
    while (isSpace(this.#text[this.#at])) this.#at += 1;
    return this.#at > start;
  }

  /** Skip what cannot begin anything: a stray quoted string as a whole, so that nothing inside it is taken for a challenge. */
  skipJunk(): void {
    if (this.#is('"')) this.#quoted();
    else this.#at += 1;
  }

  token(): string {
    const start = this.#at;
    while (isTokenCharacter(this.#text[this.#at])) this.#at += 1;
    return this.#text.slice(start, this.#at);
  }

  takeEquals(): boolean {
    if (!this.#is("=")) return false;
    this.#at += 1;
    return true;
  }

  /** The value after an equals sign. Unquoted values reach to the next comma or space, for servers that forget the quotes. */
  value(): string {
    this.skipSpace();
    if (this.#is('"')) return this.#quoted();
    const start = this.#at;
    while (this.#at < this.#text.length && !this.#is(",") && !isSpace(this.#text[this.#at])) this.#at += 1;
    return this.#text.slice(start, this.#at);
  }

  /** A token68 that fills its list element; without one nothing is taken. */
  token68(): string | undefined {
    const start = this.#at;
    while (isToken68Character(this.#text[this.#at])) this.#at += 1;
    const body = this.#at;
    while (this.#is("=")) this.#at += 1;
    const end = this.#at;
    this.skipSpace();
    if (body > start && (this.#is(",") || this.#at === this.#text.length)) return this.#text.slice(start, end);
    this.#at = start;
    return undefined;
  }

  /** A quoted string, unescaped; one that does not end reaches to the end of the text. */
  #quoted(): string {
    let value = "";
    this.#at += 1;
    while (this.#at < this.#text.length && !this.#is('"')) {
      if (this.#is("\\") && this.#at + 1 < this.#text.length) this.#at += 1;
      value += this.#text[this.#at];
      this.#at += 1;
    }
    this.#at += 1;
    return value;
  }

  #is(character: string): boolean {
    return this.#text[this.#at] === character;
  }
}

function isSpace(character: string | undefined): boolean {
  return character === " " || character === "\t";
}

function isToken68Character(character: string | undefined): boolean {
  return character !== undefined && /[A-Za-z0-9._~+/-]/.test(character);
}
