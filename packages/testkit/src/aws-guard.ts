/**
 * Verifies AWS Signature Version 4 as AWS documents it, from the request as it arrived and with Node's crypto alone:
 * independent of the code that signs.
 */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { Guard, Refusal } from "./guard.ts";
import type { RecordedRequest } from "./listen.ts";

export interface AwsGuardOptions {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
  readonly region: string;
  readonly service: string;
  /** The server's time in milliseconds since 1970. Default: the machine's clock. */
  readonly now?: (() => number) | undefined;
}

/** Lets in what is signed with these credentials, at most five minutes ago; answers 403 to everything else, as AWS does. */
export function requireAws(options: AwsGuardOptions): Guard {
  const now = options.now ?? Date.now;
  return (_, request, response) => {
    const time = now();
    response.setHeader("date", new Date(time).toUTCString());
    const problem = problemOf(request, options, time);
    return problem === undefined ? undefined : refusal(...problem);
  };
}

function refusal(type: string, message: string): Refusal {
  const headers = { "content-type": "application/json", "x-amzn-errortype": type };
  return { status: 403, headers, body: JSON.stringify({ message }) };
}

function problemOf(
  request: RecordedRequest,
  options: AwsGuardOptions,
  now: number,
): [type: string, message: string] | undefined {
  const { accessKeyId, secretAccessKey, sessionToken, region, service } = options;
  const { headers } = request;
  const pattern =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})$/;
  const parts = pattern.exec(headers.authorization ?? "");
  if (parts === null) return ["MissingAuthenticationTokenException", "Missing Authentication Token"];
  const [, id, day = "", inRegion, forService, names = "", signature = ""] = parts;
  if (id !== accessKeyId)
    return ["UnrecognizedClientException", "The security token included in the request is invalid."];
  if (inRegion !== region || forService !== service)
    return ["InvalidSignatureException", "Credential should be scoped correctly."];
  if (headers["x-amz-security-token"] !== sessionToken)
    return ["ExpiredTokenException", "The security token included in the request is expired"];

  const stamp = String(headers["x-amz-date"]);
  const signedAt = Date.parse(stamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));
  if (!stamp.startsWith(day) || !(Math.abs(now - signedAt) <= 300_000))
    return ["InvalidSignatureException", `Signature expired: ${stamp} is now earlier than the server's time`];

  const signed = names.split(";");
  const needed = Object.keys(headers).filter(
    (name) => name === "host" || name === "content-type" || name.startsWith("x-amz-"),
  );
  if (!needed.every((name) => signed.includes(name)))
    return ["InvalidSignatureException", "A header must be signed and is not."];

  const scope = `${day}/${region}/${service}/aws4_request`;
  const text = ["AWS4-HMAC-SHA256", stamp, scope, sha256(canonicalRequest(request, signed, service))].join("\n");
  const key = [day, region, service, "aws4_request"].reduce<Buffer>(
    (secret, part) => hmac(secret, part),
    Buffer.from(`AWS4${secretAccessKey}`),
  );
  if (timingSafeEqual(hmac(key, text), Buffer.from(signature, "hex"))) return undefined;
  return [
    "InvalidSignatureException",
    "The request signature we calculated does not match the signature you provided.",
  ];
}

function canonicalRequest(request: RecordedRequest, signed: readonly string[], service: string): string {
  const { method, url, headers, body } = request;
  const [path = "/", query = ""] = url.split(/\?(.*)/s);
  // S3 takes a path as it is; everyone else normalises it and encodes what is already encoded.
  const uri = service === "s3" ? encode(decodeURIComponent(path)) : encode(path.replace(/\/+/g, "/"));
  const pairs = query
    .split("&")
    .filter((pair) => pair !== "")
    .map((pair) => pair.split(/=(.*)/s).slice(0, 2))
    .map(
      ([name = "", value = ""]) =>
        [encode(decodeURIComponent(name), ""), encode(decodeURIComponent(value), "")] as const,
    )
    .sort(([name, value], [otherName, otherValue]) => compare(name, otherName) || compare(value, otherValue));
  const lines = signed.map((name) => `${name}:${String(headers[name]).trim().replace(/ +/g, " ")}\n`);
  const stated = headers["x-amz-content-sha256"];
  const payload = stated === "UNSIGNED-PAYLOAD" ? stated : sha256(body);
  return [method, uri, pairs.map((pair) => pair.join("=")).join("&"), lines.join(""), signed.join(";"), payload].join(
    "\n",
  );
}

/** RFC 3986: everything but unreserved characters, in UTF-8. */
function encode(text: string, kept = "/"): string {
  return Array.from(Buffer.from(text), (byte) => {
    const character = String.fromCharCode(byte);
    return /[A-Za-z0-9._~-]/.test(character) || character === kept
      ? character
      : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }).join("");
}

function compare(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}
