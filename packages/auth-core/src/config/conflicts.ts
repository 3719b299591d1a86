/**
 * Exactly one source may set a header. What `authToken`, `auth` and `headers` would send is compared here, so that a
 * credential is never silently replaced by another (samanhappy/mcphub#1013) and never sent twice.
 */
import { byteString } from "../http/byte-string.ts";
import { type HeadersFunction, isAuth } from "../schemes/auth.ts";
import type { SecretInput } from "../secrets/source.ts";
import type { Path } from "./path.ts";
import type { Finding } from "./problems.ts";
import { sameValue } from "./same-value.ts";
import type { ApiKeyConfig, AuthSetting } from "./types.ts";

/** The three places that set headers, with their paths as written. */
export interface Sources {
  readonly headers: Readonly<Record<string, SecretInput>> | HeadersFunction;
  readonly auth: AuthSetting | undefined;
  readonly authPath: Path;
  readonly authToken: SecretInput | undefined;
  readonly authTokenPath: Path;
  readonly url: string;
}

/** What is left when every header has one source. */
export interface Settled {
  readonly headers: Readonly<Record<string, SecretInput>> | HeadersFunction;
  readonly auth: AuthSetting | undefined;
  readonly findings: readonly Finding[];
}

/** Give every header one source. Where two say the same the later one is dropped, where they do not it is a conflict. */
export function settle(sources: Sources): Settled {
  const findings: Finding[] = [];
  const { auth, path } = oneCredential(sources, findings);
  const claims = new Map(auth === undefined ? [] : claimsOf(auth, path).map((claim) => [claim.header, claim]));
  const headers: Record<string, SecretInput> = Object.create(null);
  // What a function sends shows itself when a request is sent, and is compared then.
  const written = typeof sources.headers === "function" ? {} : sources.headers;
  for (const [name, secret] of Object.entries(distinct(written, ["headers"], findings))) {
    const claim = claims.get(name.toLowerCase());
    if (claim === undefined) headers[name] = secret;
    else if (claim.value === undefined || !sameCredential({ prefix: "", secret }, claim.value)) {
      findings.push(conflict(["headers", name], claim.path, `both set the header ${claim.header}`));
    }
  }
  const kept = typeof sources.headers === "function" ? sources.headers : headers;
  const entry = auth === undefined || typeof auth === "function" || isAuth(auth) ? undefined : auth;
  if (entry?.type === "apiKey") findings.push(...sharedPlaces(entry, path, sources.url, headers));
  if (entry?.type === "headers") {
    const inner = distinct(entry.headers, [...path, "headers"], findings);
    return { headers: kept, auth: { ...entry, headers: inner }, findings };
  }
  // A credential written by hand is meant to be sent, not replaced by a sign-in (pains 16, 17).
  const explicit = auth === undefined && Object.keys(headers).some((name) => name.toLowerCase() === "authorization");
  return { headers: kept, auth: explicit ? { type: "none" } : auth, findings };
}

/** What one source writes into one header. */
interface Claim {
  readonly header: string;
  readonly path: Path;
  /** `undefined` where it is known only when a request is sent. */
  readonly value: Credential | undefined;
}

interface Credential {
  readonly prefix: string;
  readonly secret: SecretInput;
}

function oneCredential(sources: Sources, findings: Finding[]): { auth: AuthSetting | undefined; path: Path } {
  const { auth, authPath, authToken, authTokenPath } = sources;
  if (authToken === undefined) return { auth, path: authPath };
  if (auth === undefined) return { auth: { type: "bearer", token: authToken }, path: authTokenPath };
  const token = { prefix: "Bearer ", secret: authToken };
  const claim = claimsOf(auth, authPath).find(({ header }) => header === "authorization");
  if (claim?.value === undefined || !sameCredential(token, claim.value)) {
    findings.push(conflict(authTokenPath, claim?.path ?? authPath, "both say how to authenticate"));
  }
  return { auth, path: authPath };
}

function claimsOf(auth: AuthSetting, path: Path): Claim[] {
  // What an instance or function of the caller's sets shows itself only when it runs.
  if (typeof auth === "function" || isAuth(auth)) return [];
  const claim = (header: string, value?: Credential, field?: string): Claim => ({
    header: header.toLowerCase(),
    path: field === undefined ? path : [...path, field],
    value,
  });
  switch (auth.type) {
    case "none":
      return [];
    case "bearer":
      return [claim("authorization", { prefix: "Bearer ", secret: auth.token })];
    case "basic":
      return [claim("authorization", basicCredential(auth.username, auth.password))];
    case "digest":
      return [claim("authorization")];
    case "oauth":
      return [claim("authorization"), claim("dpop")];
    case "apiKey": {
      const { in: place, name, prefix = "", key } = auth;
      return place === "header" ? [claim(name, { prefix, secret: key })] : [];
    }
    case "headers":
      return Object.entries(auth.headers).map(([name, secret]) => ({
        header: name.toLowerCase(),
        path: [...path, "headers", name],
        value: { prefix: "", secret },
      }));
    case "signature":
      return [
        claim(auth.keyHeader ?? "x-api-key", { prefix: "", secret: auth.apiKey }),
        claim(auth.timestampHeader ?? "x-timestamp"),
        claim(auth.signatureHeader ?? "x-signature"),
        ...(auth.message?.includes("{nonce}") === true ? [claim(auth.nonceHeader ?? "x-nonce")] : []),
      ];
    case "httpSignature":
      return [claim("signature"), claim("signature-input"), claim("content-digest")];
    case "awsSigV4":
      // Not X-Amz-Content-Sha256: where it is set, it says how the body is signed.
      return [claim("authorization"), claim("x-amz-date"), claim("x-amz-security-token")];
  }
}

function basicCredential(username: string, password: SecretInput): Credential | undefined {
  if (typeof password !== "string") return undefined;
  return { prefix: "Basic ", secret: btoa(byteString(`${username}:${password}`.normalize("NFC"))) };
}

/** Whether two credentials put the same bytes on the wire. The name of a scheme is case-insensitive (RFC 9110 §11.1). */
function sameCredential(left: Credential, right: Credential): boolean {
  if (typeof left.secret === "string" && typeof right.secret === "string") {
    return canonical(left.prefix + left.secret) === canonical(right.prefix + right.secret);
  }
  return left.prefix === right.prefix && sameValue(left.secret, right.secret);
}

function canonical(value: string): string {
  return value.replace(/^(?:bearer|basic) +/i, (scheme) => `${scheme.trim().toLowerCase()} `);
}

/** Headers without those that another spelling of the same name repeats. */
function distinct(
  headers: Readonly<Record<string, SecretInput>>,
  path: Path,
  findings: Finding[],
): Readonly<Record<string, SecretInput>> {
  const result: Record<string, SecretInput> = Object.create(null);
  const written = new Map<string, string>();
  for (const [name, value] of Object.entries(headers)) {
    const earlier = written.get(name.toLowerCase());
    if (earlier === undefined) {
      written.set(name.toLowerCase(), name);
      result[name] = value;
    } else if (!sameCredential({ prefix: "", secret: headers[earlier] ?? "" }, { prefix: "", secret: value })) {
      findings.push(
        conflict([...path, name], [...path, earlier], "both set the same header, names of headers have no case"),
      );
    }
  }
  return result;
}

/** The query and the Cookie header hold more than the key; only another value of the same name is a conflict. */
function* sharedPlaces(
  { in: place, name, key, prefix = "" }: ApiKeyConfig,
  path: Path,
  url: string,
  headers: Readonly<Record<string, SecretInput>>,
): Generator<Finding> {
  const differs = (value: string) => value !== prefix + (typeof key === "string" ? key : "");
  if (place === "query" && new URL(url).searchParams.getAll(name).some(differs)) {
    yield conflict(["url"], path, "both set the same query parameter");
  }
  if (place !== "cookie") return;
  for (const [header, value] of Object.entries(headers)) {
    if (header.toLowerCase() !== "cookie" || typeof value !== "string") continue;
    const pairs = value.split(";").map((pair) => pair.trim());
    const rivals = pairs.filter((pair) => pair.startsWith(`${name}=`)).map((pair) => pair.slice(name.length + 1));
    if (rivals.some(differs)) yield conflict(["headers", header], path, "both set the same cookie");
  }
}

function conflict(path: Path, conflictsWith: Path, message: string): Finding {
  return { path, conflictsWith, message: `${message}; keep one of them` };
}
