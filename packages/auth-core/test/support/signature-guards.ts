/**
 * The server's end of the signing schemes, written a second time with node:crypto: HMAC in one fixed form, and RFC 9421
 * with RFC 9530. Strict: a timestamp of the last minute, and no nonce twice.
 */
import { createHash, createHmac, timingSafeEqual, verify } from "node:crypto";
import type { Guard, RecordedRequest } from "@sallyport/testkit";

const refusal = { status: 401 };

/** Verifies `{method}\n{path}{query}\n{timestamp}\n{nonce}\n{bodyHash}`, signed with HMAC-SHA-256 in hexadecimal. */
export function hmacGuard(apiKey: string, apiSecret: string): Guard {
  const fresh = once();
  return (headers, { method, url, body }) => {
    const [key, timestamp, nonce, signature] = ["x-api-key", "x-timestamp", "x-nonce", "x-signature"].map((name) =>
      String(headers[name]),
    );
    const text = [method, url, timestamp, nonce, createHash("sha256").update(body).digest("hex")].join("\n");
    const expected = createHmac("sha256", apiSecret).update(text).digest();
    const given = Buffer.from(signature ?? "", "hex");
    const genuine = given.length === expected.length && timingSafeEqual(given, expected);
    return key === apiKey && genuine && fresh(Number(timestamp), nonce ?? "") ? undefined : refusal;
  };
}

/** Verifies a signature over at least the method, the URL and, where there is one, the body. */
export function messageSignatureGuard(keyId: string, publicKey: string): Guard {
  const fresh = once();
  return (headers, request) => {
    const [, label = "", params = ""] = /^([a-z0-9]+)=(\(.*)$/.exec(String(headers["signature-input"])) ?? [];
    const [, list = "", rest = ""] = /^\(([^)]*)\)(.*)$/.exec(params) ?? [];
    const covered = [...list.matchAll(/"([^"]+)"/g)].map(([, name = ""]) => name);
    const needed = ["@method", "@target-uri", ...(request.body === "" ? [] : ["content-digest"])];
    if (!needed.every((name) => covered.includes(name))) return refusal;
    if (!rest.includes(`;keyid="${keyId}"`)) return refusal;
    const created = Number(/;created=(\d+)/.exec(rest)?.[1]);
    if (!fresh(created, /;nonce="([^"]+)"/.exec(rest)?.[1] ?? "")) return refusal;

    const digest = createHash("sha256").update(request.body).digest("base64");
    if (request.body !== "" && headers["content-digest"] !== `sha-256=:${digest}:`) return refusal;
    const base = [...covered.map((name) => `"${name}": ${textOf(name, request)}`), `"@signature-params": ${params}`];
    const [, signature = ""] = new RegExp(`^${label}=:([A-Za-z0-9+/=]+):$`).exec(String(headers["signature"])) ?? [];
    const genuine = verify(null, Buffer.from(base.join("\n")), publicKey, Buffer.from(signature, "base64"));
    return genuine ? undefined : refusal;
  };
}

function textOf(component: string, { method, url, headers }: RecordedRequest): string {
  if (component === "@method") return method;
  if (component === "@target-uri") return `http://${headers.host}${url}`;
  return String(headers[component]).trim();
}

/** Whether a time in seconds is of the last minute, and its nonce new. */
function once(): (seconds: number, nonce: string) => boolean {
  const seen = new Set<string>();
  return (seconds, nonce) => {
    const fresh = Math.abs(Date.now() / 1000 - seconds) < 60 && nonce !== "" && !seen.has(nonce);
    seen.add(nonce);
    return fresh;
  };
}
