/**
 * The metadata of an issuer that the operator has named: RFC 8414 §3, OpenID Connect Discovery §4, in the order of MCP
 * (ASM-03), with its `issuer` compared as text (ASM-06).
 */
import { isSallyportError, SallyportError } from "@sallyport/auth-core";
import { fetchJson, type JsonObject } from "./fetch-json.ts";
import { RemoteValue } from "./remote-value.ts";
import { secureUrl } from "./secure-url.ts";

/** How metadata is fetched. */
export interface IssuerMetadataOptions {
  /** Sends the requests. Default: the global `fetch` at the time of the call. */
  readonly fetch?: typeof fetch | undefined;
  /** Milliseconds since 1970. Default: the machine's clock. */
  readonly now?: (() => number) | undefined;
}

const freshMs = 60 * 60_000;
// There are three places, and a request waits ten seconds.
const timeoutMs = 3_000;

/** What an issuer says about itself, fetched when it is first needed. */
export class IssuerMetadata {
  /** Its identifier, to the letter. */
  readonly issuer: string;
  readonly #document: RemoteValue<JsonObject>;

  /** @throws SallyportError (`config_invalid`) when the issuer is no URL that one can have (RFC 8414 §2). */
  constructor(issuer: string, { fetch, now }: IssuerMetadataOptions = {}) {
    const url = secureUrl(issuer, "issuer");
    if (issuer.includes("?")) throw new SallyportError("config_invalid", "issuer: must have no query (RFC 8414 §2).");
    this.issuer = issuer;
    this.#document = new RemoteValue(() => findDocument(issuer, url, fetch), { freshMs, now });
  }

  /** The whole document. Rejects with `temporarily_unavailable` when there is none. */
  document(): Promise<JsonObject> {
    return this.#document.get();
  }

  /** A URL among the metadata; `undefined` when it is not there. Rejects with `temporarily_unavailable`. */
  async url(member: "jwks_uri" | "introspection_endpoint"): Promise<URL | undefined> {
    const { [member]: url } = await this.document();
    if (url === undefined) return undefined;
    try {
      return secureUrl(typeof url === "string" ? url : "", member);
    } catch (cause) {
      const what = `The metadata of ${this.issuer} cannot be used.`;
      throw new SallyportError("temporarily_unavailable", `${what} ${(cause as Error).message}`, { cause });
    }
  }
}

async function findDocument(
  issuer: string,
  { origin, pathname }: URL,
  fetch: typeof globalThis.fetch | undefined,
): Promise<JsonObject> {
  const path = pathname.replace(/\/+$/, "");
  const places = [
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}/.well-known/openid-configuration${path}`,
    `${origin}${path}/.well-known/openid-configuration`,
  ];
  const problems: string[] = [];
  for (const place of new Set(places)) {
    try {
      const document = await fetchJson(new URL(place), { fetch, timeoutMs });
      if (document["issuer"] === issuer) return document;
      problems.push(`${place} is for another issuer.`);
    } catch (error) {
      if (!isSallyportError(error)) throw error;
      problems.push(error.message);
    }
  }
  throw new SallyportError("temporarily_unavailable", `There is no metadata of ${issuer}: ${problems.join(" ")}`);
}
