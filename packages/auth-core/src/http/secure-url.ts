/**
 * Which URLs of strangers may be used at all: SSR-02, URL-01, URL-02, URL-04.
 */
import { quoteForeign, SallyportError } from "../errors.ts";
import { addressClass } from "./addresses.ts";

/** How strict to be. */
export interface UrlRules {
  /** Plain http beyond this machine is allowed. For tests. */
  readonly allowInsecure: boolean;
}

/**
 * A URL that may be asked or opened: https, or http on this machine; without user name, password, and what no URL has.
 *
 * @param what - what the URL is, as the beginning of a sentence.
 * @throws SallyportError `insecure_url`.
 */
export function checkUrl(url: string | URL, what: string, { allowInsecure }: UrlRules): URL {
  const text = String(url);
  const parsed = URL.canParse(text) ? new URL(text) : undefined;
  const problem = parsed === undefined ? "is no URL" : problemOf(text, parsed, allowInsecure);
  if (parsed !== undefined && problem === undefined) return parsed;
  throw new SallyportError("insecure_url", `${what} ${quoteForeign(shown(text, parsed))} ${problem}. It is not used.`);
}

// No server takes a longer one.
const longest = 8000;

/**
 * Whether a text has nothing but what a URL has unescaped (RFC 3986 §2). A parser takes more, and drops some of it; whoever
 * hands the text on, or reads it on a screen, may take it for another one.
 */
export function hasUrlCharacters(text: string): boolean {
  return /^[!#-&(-;=?-[\]_a-z~]*$/i.test(text);
}

function problemOf(
  text: string,
  { protocol, hostname, username, password }: URL,
  allowInsecure: boolean,
): string | undefined {
  if (text.length > longest) return `is longer than ${longest} characters`;
  if (protocol !== "https:" && protocol !== "http:") return "begins with another scheme than https";
  if (username !== "" || password !== "") return "holds a user name or a password";
  if (!hasUrlCharacters(text)) return "holds characters that no URL has";
  if (protocol === "http:" && !allowInsecure && addressClass(hostname) !== "loopback") {
    return "is plain http, which anybody on the way can read and change";
  }
  return undefined;
}

/** Without what may be secret in it. */
function shown(text: string, parsed: URL | undefined): string {
  if (parsed !== undefined && parsed.host !== "") return `${parsed.protocol}//${parsed.host}${parsed.pathname}`;
  const from = text.includes("//") ? text.lastIndexOf("@") + 1 : 0;
  return text.slice(from, from + 40);
}
