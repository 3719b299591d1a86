/**
 * The server's end of Digest, written a second time: RFC 7616 with node:crypto, stricter than servers are. Every nonce is
 * known or refused as stale, every count may be used once, and every parameter must come back as it was given.
 */
import { createHash, randomBytes } from "node:crypto";
import type { ServerResponse } from "node:http";
import type { Guard, RecordedRequest, Refusal } from "@sallyport/testkit";

/** One challenge of the server. */
export interface Offer {
  readonly algorithm?: string;
  /** As in the challenge: `auth`, `auth-int`, `auth, auth-int`; none for RFC 2069. */
  readonly qop?: string;
  readonly userhash?: boolean;
  readonly charset?: boolean;
  readonly domain?: string;
}

export interface DigestGuardOptions {
  readonly username: string;
  password: string;
  readonly realm?: string;
  readonly offers?: readonly Offer[];
  /** Names the next nonce in every answer. */
  readonly nextNonce?: boolean;
  /** A nonce serves once. */
  readonly oneTime?: boolean;
  /** Changes what Authentication-Info says. */
  readonly info?: (value: string) => string;
}

export interface DigestGuard {
  readonly guard: Guard;
  /** The parameters of every `Authorization` that was accepted. */
  readonly accepted: readonly Readonly<Record<string, string>>[];
  /** How many were refused, stale ones aside. */
  readonly failures: number;
  /** No nonce given so far is good any more. */
  expire(): void;
}

const hashes: Readonly<Record<string, string>> = { MD5: "md5", "SHA-256": "sha256", "SHA-512-256": "sha512-256" };

export function digestGuard(options: DigestGuardOptions): DigestGuard {
  const { username, realm = "test", offers = [{ algorithm: "SHA-256", qop: "auth" }] } = options;
  const opaque = 'op"aque\\';
  const accepted: Record<string, string>[] = [];
  // What was used with each nonce: counts, and the cnonce that its session began with.
  const nonces = new Map<string, { counts: Set<string>; key: [nonce: string, cnonce: string | undefined] }>();
  let failures = 0;

  const issue = (key?: [string, string | undefined]): string => {
    const nonce = randomBytes(12).toString("base64");
    nonces.set(nonce, { counts: new Set(), key: key ?? [nonce, undefined] });
    return nonce;
  };
  const challenge = (stale: boolean): Refusal => {
    const lines = offers.map((offer) => {
      const params = [
        `realm="${escaped(realm)}"`,
        `nonce="${issue()}"`,
        `opaque="${escaped(opaque)}"`,
        ...(offer.algorithm === undefined ? [] : [`algorithm=${offer.algorithm}`]),
        ...(offer.qop === undefined ? [] : [`qop="${offer.qop}"`]),
        ...(offer.domain === undefined ? [] : [`domain="${offer.domain}"`]),
        ...(offer.userhash ? ["userhash=true"] : []),
        ...(offer.charset ? ["charset=UTF-8"] : []),
        ...(stale ? ["stale=true"] : []),
      ];
      return `Digest ${params.join(", ")}`;
    });
    return { status: 401, headers: { "www-authenticate": lines.join(", ") }, body: "refused" };
  };
  const fail = (): Refusal => {
    failures += 1;
    return challenge(false);
  };

  const guard: Guard = ({ authorization }, request, response) => {
    if (authorization === undefined) return challenge(false);
    const sent = parameters(authorization);
    const offer = offers.find(({ algorithm }) => algorithm === sent["algorithm"]);
    if (offer === undefined) return fail();
    const name = offer.algorithm ?? "MD5";
    const h = (text: string): string =>
      createHash(hashes[name.replace("-sess", "")] ?? "")
        .update(text, "latin1")
        .digest("hex");
    const user = latin1(username);
    const qops: (string | undefined)[] = offer.qop?.split(", ") ?? [undefined];
    const named = offer.userhash
      ? sent["username"] === h(`${user}:${realm}`) && sent["userhash"] === "true"
      : (sent["username"] ?? decoded(sent["username*"])) === user && !("userhash" in sent);
    const { nonce = "", cnonce, nc = "", uri = "", qop } = sent;
    const right = sent["realm"] === realm && sent["opaque"] === opaque && uri === request.url && qops.includes(qop);
    if (!named || !right) return fail();
    const state = nonces.get(nonce);
    if (state === undefined) return challenge(true);
    if (options.oneTime && state.counts.size > 0) return challenge(true);
    if (qop === undefined ? nc !== "" : !/^[0-9a-f]{8}$/.test(nc) || state.counts.has(nc)) return fail();
    state.key[1] ??= cnonce;

    const credentials = h(`${user}:${realm}:${latin1(options.password)}`);
    const key = name.endsWith("-sess") ? h(`${credentials}:${state.key[0]}:${state.key[1]}`) : credentials;
    const proof = (method: string): string => {
      const message = h(qop === "auth-int" ? `${method}:${uri}:${h(latin1(request.body))}` : `${method}:${uri}`);
      const middle = qop === undefined ? nonce : [nonce, nc, cnonce, qop].join(":");
      return h(`${key}:${middle}:${message}`);
    };
    if (sent["response"] !== proof(request.method)) return fail();
    state.counts.add(nc);
    accepted.push(sent);

    const next = options.nextNonce ? [`nextnonce="${issue(state.key)}"`] : [];
    const info =
      qop === undefined ? next : [`rspauth="${proof("")}", cnonce="${cnonce}", nc=${nc}, qop=${qop}`, ...next];
    if (info.length > 0) {
      response.setHeader("authentication-info", options.info?.(info.join(", ")) ?? info.join(", "));
    }
    return undefined;
  };

  return {
    guard,
    accepted,
    get failures() {
      return failures;
    },
    expire: () => nonces.clear(),
  };
}

/** The `Authorization` of a request, its quoted values unescaped; those that RFC 7616 wants bare must be so. */
export function parameters(authorization: string): Record<string, string> {
  const sent: Record<string, string> = {};
  for (const [, name = "", value = ""] of authorization
    .replace(/^Digest /, "")
    .matchAll(/([a-z*]+)=("(?:[^"\\]|\\.)*"|[^",]+)(?:, |$)/g)) {
    const bare = ["algorithm", "qop", "nc", "userhash", "username*"].includes(name);
    if (bare === value.startsWith('"')) throw new Error(`${name} is quoted, or should be`);
    if (name in sent) throw new Error(`${name} is there twice`);
    sent[name] = bare ? value : value.slice(1, -1).replaceAll(/\\(.)/g, "$1");
  }
  return sent;
}

/** Answers "ok" to who may enter. */
export function behind(digest: DigestGuard) {
  return async (request: RecordedRequest, response: ServerResponse): Promise<void> => {
    const refusal = await digest.guard(request.headers, request, response);
    response.writeHead(refusal?.status ?? 200, { ...refusal?.headers }).end(refusal?.body ?? "ok");
  };
}

const escaped = (text: string): string => text.replaceAll(/["\\]/g, "\\$&");
const latin1 = (text: string): string => Buffer.from(text).toString("latin1");
const decoded = (extended = ""): string => latin1(decodeURIComponent(extended.replace(/^UTF-8''/, "")));
