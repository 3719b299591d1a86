/**
 * Which Digest challenge of a 401 to answer: RFC 7616 §3.3 and §3.7.
 */
import { quoteForeign, SallyportError } from "../errors.ts";
import { type Challenge, parseChallenges } from "../http/challenge.ts";
import { quotedString } from "../http/token.ts";
import { type DigestAlgorithm, digestAlgorithm } from "./digest-algorithm.ts";

/** A challenge that can be answered. */
export interface DigestChallenge {
  readonly realm: string;
  readonly nonce: string;
  readonly opaque: string | undefined;
  readonly algorithm: DigestAlgorithm;
  /** As the server wrote it, since it wants the same back; `undefined` when it wrote none. */
  readonly algorithmName: string | undefined;
  /** `undefined` for a server from before RFC 2617. */
  readonly qop: "auth" | "auth-int" | undefined;
  /** The nonce had expired, nothing else was wrong. */
  readonly stale: boolean;
  readonly userhash: boolean;
  /** Whether the server says that it reads UTF-8. */
  readonly utf8: boolean;
  /** The URIs that share the protection space; none: all of the server's. */
  readonly domain: readonly string[];
}

/**
 * The strongest challenge that can be answered: by its hash, then with `qop` before without, then as the server lists
 * them. Of its `qop` values `auth` is used; `auth-int`, which needs the whole body before the head is sent, where nothing
 * else is offered.
 *
 * @returns `undefined` when the server asks for nothing at all.
 * @throws SallyportError `auth_unsupported` when it asks for something else than a Digest that can be answered.
 */
export function chooseChallenge(header: string, origin: string): DigestChallenge | undefined {
  const offered = parseChallenges(header);
  if (offered.length === 0) return undefined;
  const [best] = offered
    .map(readChallenge)
    .filter((challenge) => challenge !== undefined)
    .sort((a, b) => rank(b) - rank(a));
  if (best === undefined) throw unsupported(offered, origin);
  return best;
}

function readChallenge({ scheme, params }: Challenge): DigestChallenge | undefined {
  const { realm, nonce, opaque, algorithm: algorithmName } = params;
  const algorithm = digestAlgorithm(algorithmName ?? "MD5");
  if (scheme !== "digest" || algorithm === undefined || realm === undefined || !nonce) return undefined;
  // They go back as they came.
  if ([realm, nonce, opaque ?? ""].some((text) => quotedString(text) === undefined)) return undefined;
  const qops = words(params["qop"]);
  const qop = (["auth", "auth-int"] as const).find((known) => qops.includes(known));
  if (qop === undefined && qops.length > 0) return undefined;
  return {
    realm,
    nonce,
    opaque,
    algorithm,
    algorithmName,
    qop,
    stale: isTrue(params["stale"]),
    userhash: isTrue(params["userhash"]),
    utf8: params["charset"]?.toLowerCase() === "utf-8",
    domain: (params["domain"] ?? "").split(/[ \t]+/).filter((uri) => uri !== ""),
  };
}

function words(list = ""): string[] {
  return list
    .toLowerCase()
    .split(/[ \t,]+/)
    .filter((word) => word !== "");
}

function isTrue(text: string | undefined): boolean {
  return text?.toLowerCase() === "true";
}

function rank({ algorithm, qop }: DigestChallenge): number {
  return algorithm.strength * 2 + (qop === undefined ? 0 : 1);
}

function unsupported(offered: readonly Challenge[], origin: string): SallyportError<"auth_unsupported"> {
  const digests = offered.filter(({ scheme }) => scheme === "digest");
  if (digests.length === 0) {
    const schemes = quoteForeign([...new Set(offered.map(({ scheme }) => scheme))].join(", "));
    return new SallyportError(
      "auth_unsupported",
      `${origin} does not offer digest authentication, but ${schemes}. Use an auth type that it offers.`,
    );
  }
  const listed = digests.map(({ params: { algorithm = "MD5", qop = "" } }) => `${algorithm} ${qop}`.trimEnd());
  return new SallyportError(
    "auth_unsupported",
    `${origin} offers digest authentication only in forms that cannot be answered: ${quoteForeign(listed.join("; "))}. ` +
      "Let it offer MD5, SHA-256 or SHA-512-256 (each also with -sess) with qop auth or auth-int, a realm and a nonce.",
  );
}
