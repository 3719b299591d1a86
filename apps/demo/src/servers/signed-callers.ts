/**
 * Callers that prove a secret without sending it: Digest, HMAC, HTTP message signatures and AWS signatures, each verified
 * over the request as it arrived.
 */
import { createHash, type KeyObject, randomBytes } from "node:crypto";
import { AwsSigV4Auth } from "@sallyport/auth-core";
import { memoryReplayCache, verifyHmacSignature, verifyHttpSignature } from "@sallyport/server";
import { same } from "./same.ts";

/** Knows one caller by whatever it signs with. */
export class SignedCaller {
  /** What a 401 offers: Digest (RFC 7616). */
  readonly challenge: string;
  readonly #secret: string;
  readonly #publicKey: KeyObject;
  readonly #nonce = randomBytes(16).toString("hex");
  readonly #replays = memoryReplayCache();

  /**
   * @param secret - password, key of HMACs and secret key of AWS in one: this is a demo.
   * @param publicKey - verifies message signatures.
   */
  constructor(secret: string, publicKey: KeyObject) {
    this.#secret = secret;
    this.#publicKey = publicKey;
    this.challenge = `Digest realm="demo", qop="auth", algorithm=SHA-256, nonce="${this.#nonce}"`;
  }

  async signed(request: Request): Promise<boolean> {
    const { headers } = request;
    const authorization = headers.get("authorization") ?? "";
    if (authorization.startsWith("Digest ")) return this.#digest(request.method, authorization);
    if (authorization.startsWith("AWS4-HMAC-SHA256 ")) return this.#aws(request, authorization);
    if (headers.has("x-signature")) {
      const keys = (name: string): string | undefined => (name === "alice" ? this.#secret : undefined);
      const message = "{method}\n{path}\n{query}\n{timestamp}\n{nonce}\n{bodyHash}";
      return (await verifyHmacSignature(request, { keys, message, replayCache: this.#replays })).valid;
    }
    if (!headers.has("signature")) return false;
    const key = { key: this.#publicKey.export({ type: "spki", format: "pem" }).toString() };
    const keys = (keyId: string): { key: string } | undefined => (keyId === "alice" ? key : undefined);
    return (await verifyHttpSignature(request, { keys, replayCache: this.#replays })).valid;
  }

  #digest(method: string, authorization: string): boolean {
    const given = Object.fromEntries(
      [...authorization.matchAll(/(\w+)=(?:"([^"]*)"|([^\s,]+))/g)].map(([, name, quoted, plain]) => [
        name,
        quoted ?? plain,
      ]),
    );
    const { uri, nc, cnonce, qop, response, nonce } = given;
    const secret = sha256(`alice:demo:${this.#secret}`);
    return (
      nonce === this.#nonce &&
      same(response, sha256([secret, nonce, nc, cnonce, qop, sha256(`${method}:${uri}`)].join(":")))
    );
  }

  /** Signs the request again, with the time and the headers of the caller, and compares. */
  async #aws({ method, url, headers, body }: Request, authorization: string): Promise<boolean> {
    const signed = (/SignedHeaders=([a-z0-9;-]+)/.exec(authorization)?.[1] ?? "").split(";");
    const stamp = (headers.get("x-amz-date") ?? "").replace(/^(....)(..)(..T..)(..)(..Z)$/, "$1-$2-$3:$4:$5");
    const time = Date.parse(stamp);
    if (!(Math.abs(Date.now() - time) < 300_000)) return false;
    const auth = new AwsSigV4Auth({
      region: "eu-central-1",
      service: "execute-api",
      accessKeyId: "ALICE",
      secretAccessKey: this.#secret,
      now: () => time,
    });
    const kept = [...headers].filter(([name]) => signed.includes(name) && name !== "host" && name !== "x-amz-date");
    const again = new Request(url, { method, headers: kept, body, duplex: "half" } as RequestInit);
    const { value } = await auth.authFlow(again).next();
    return value instanceof Request && same(value.headers.get("authorization"), authorization);
  }
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
