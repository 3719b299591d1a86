/** No scheme overwrites a header that somebody else has set: design §3, pain 17. */
import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import {
  ApiKeyAuth,
  type Auth,
  type AuthFunction,
  AwsSigV4Auth,
  BasicAuth,
  BearerAuth,
  CookieAuth,
  createAuthFetch,
  DigestAuth,
  HttpSignatureAuth,
  MultiHeaderAuth,
  SignatureAuth,
} from "../../src/index.ts";
import { failureOf } from "../support/failure.ts";
import { start } from "../support/start.ts";

const { privateKey: pem } = generateKeyPairSync("ed25519", {
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
  publicKeyEncoding: { type: "spki", format: "pem" },
});
const aws = { region: "eu-central-1", service: "s3", accessKeyId: "A", secretAccessKey: "s", sessionToken: "t" };
const names = {
  keyHeader: "X-K",
  timestampHeader: "X-T",
  signatureHeader: "X-S",
  nonceHeader: "X-N",
  message: "{nonce}",
};

const schemes: readonly (readonly [string, () => Auth | AuthFunction, readonly string[]])[] = [
  ["BearerAuth", () => new BearerAuth("t"), ["Authorization"]],
  ["BasicAuth", () => new BasicAuth("u", "p"), ["Authorization"]],
  ["DigestAuth", () => new DigestAuth("u", "p"), ["Authorization"]],
  ["ApiKeyAuth", () => new ApiKeyAuth("k", "X-Key"), ["X-Key"]],
  ["CookieAuth", () => new CookieAuth("k", "session"), ["Cookie"]],
  ["MultiHeaderAuth", () => new MultiHeaderAuth({ "X-A": "1", "X-B": "2" }), ["X-A", "X-B"]],
  ["SignatureAuth", () => new SignatureAuth("k", "s"), ["X-API-Key", "X-Timestamp", "X-Signature"]],
  ["SignatureAuth with names of its own", () => new SignatureAuth("k", "s", names), ["X-K", "X-T", "X-S", "X-N"]],
  ["HttpSignatureAuth", () => new HttpSignatureAuth("k", pem), ["Signature", "Signature-Input", "Content-Digest"]],
  ["AwsSigV4Auth", () => new AwsSigV4Auth(aws), ["Authorization", "X-Amz-Date", "X-Amz-Security-Token"]],
  ["a function", () => () => ({ "X-A": "1" }), ["X-A"]],
];
const each = schemes.flatMap(([scheme, make, headers]) => headers.map((header) => [scheme, header, make] as const));

describe("a header that is there already", () => {
  it.each(each)("is not overwritten: %s, %s", async (_, header, make) => {
    const server = await start(({ headers }, response) => {
      const challenge = { "www-authenticate": 'Digest realm="r", nonce="n", qop="auth", algorithm=SHA-256' };
      response.writeHead(headers.authorization?.startsWith("Digest") ? 200 : 401, challenge).end();
    });
    const mine = header === "Cookie" ? "session=mine" : "mine";
    const sources = [{ headers: { [header]: mine } }, { headers: () => ({ [header]: mine }) }, {}] as const;
    for (const options of sources) {
      const own = "headers" in options ? {} : { [header]: mine };
      const fetch = createAuthFetch(make(), options);
      const error = await failureOf(fetch(server.url, { method: "POST", body: "b", headers: own }));
      expect(error).toMatchObject({
        code: "config_conflict",
        message: expect.stringMatching(new RegExp(header === "Cookie" ? "cookie session" : header, "i")),
      });
      expect(error.message).not.toContain("mine");
    }
    for (const { headers } of server.requests) expect(headers[header.toLowerCase()]).toBe("mine");
  });
});
