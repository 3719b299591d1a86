/**
 * The `auth` entry: every type with its fields, and every short form.
 */
import * as z from "zod";
import { type Auth, type AuthFunction, isAuth } from "../schemes/auth.ts";
import {
  asSecret,
  bearerToken,
  codeOnly,
  headerMap,
  headerName,
  headerValue,
  plainText,
  secret,
  secretSource,
  signingKey,
  text,
} from "./fields.ts";
import { oauth } from "./oauth-schema.ts";
import { kind, spelled } from "./spelling.ts";
import { snakeCase } from "./suggestions.ts";
import type { AuthConfig, AuthSetting } from "./types.ts";

/** What `auth` accepts. Yields the normal form. */
export function authSchema(): z.ZodType<AuthSetting> {
  return z.union(
    [
      // First: an instance that keeps everything private has no keys, and would pass for the OAuth of {}.
      codeOnly<Auth>(isAuth),
      z.discriminatedUnion("type", [
        none(),
        bearer(),
        basic(),
        digest(),
        apiKey(),
        headers(),
        signature(),
        httpSignature(),
        awsSigV4(),
        oauth(),
      ]),
      bearerShorthand(),
      secretSource().transform((token): AuthConfig => ({ type: "bearer", token })),
      z
        .literal([null, false])
        .describe("Never authenticate.")
        .transform((): AuthConfig => ({ type: "none" })),
      codeOnly<AuthFunction>((value) => typeof value === "function"),
    ],
    { error: "must be a token, an object with a type, {} for OAuth, or null for no authentication" },
  );
}

const typeNames: Readonly<Record<AuthConfig["type"], true>> = {
  none: true,
  bearer: true,
  basic: true,
  digest: true,
  apiKey: true,
  headers: true,
  signature: true,
  httpSignature: true,
  awsSigV4: true,
  oauth: true,
};

/** A string is a bearer token, unless it is the name of a type: `"auth": "oauth"` means something else elsewhere. */
function bearerShorthand() {
  const names = new Set(Object.keys(typeNames).flatMap((name) => [name, snakeCase(name)]));
  const token = bearerToken()
    .regex(new RegExp(`^(?!(?:${[...names].join("|")})$)`), {
      error: 'is the name of a type, and a string is a bearer token; write { "type": … }',
    })
    .describe("A bearer token.");
  return asSecret(token).transform((token): AuthConfig => ({ type: "bearer", token }));
}

function none() {
  return spelled({ type: kind("none") }).describe("Never authenticate, not even when the server asks.");
}

function bearer() {
  return spelled({
    type: kind("bearer"),
    token: secret(bearerToken()).describe("The token, without the word Bearer."),
  }).describe("A bearer token in the Authorization header (RFC 6750).");
}

function basic() {
  return spelled({
    type: kind("basic"),
    username: text(
      /^[^:\p{Cc}]*$/u,
      "has a colon or control character, which Basic authentication cannot carry",
    ).describe("The user name, without a colon. May be empty."),
    password: secret(text(/^[^\p{Cc}]*$/u, "has a line break or control character; remove it")).describe(
      "The password. May be empty.",
    ),
  }).describe("User name and password in UTF-8 (RFC 7617).");
}

function digest() {
  return spelled({
    type: kind("digest"),
    username: plainText().describe("The user name."),
    password: secret(plainText()).describe("The password."),
  }).describe("Digest access authentication (RFC 7616).");
}

function apiKey() {
  return spelled({
    type: kind("apiKey"),
    key: secret(plainText()).describe("The key."),
    name: plainText().describe("Name of the header, query parameter or cookie. Default X-API-Key.").exactOptional(),
    in: z.enum(["header", "query", "cookie"]).describe("Where the key goes. Default header.").exactOptional(),
    // It may be the first part of the key.
    prefix: asSecret(z.string().regex(/^[\t -~]*$/, { error: "has characters other than visible ASCII" }))
      .describe('Written before the key: "Token " sends "Token <key>".')
      .exactOptional(),
  })
    .superRefine(({ key, name, in: place = "header", prefix = "" }, context) => {
      const complain = (path: string, message: string) => context.addIssue({ code: "custom", path: [path], message });
      if (place !== "query" && name !== undefined && !headerName().safeParse(name).success) {
        complain("name", `is not the name of a ${place}: letters, digits and dashes, as in X-API-Key`);
      }
      if (typeof key !== "string") return;
      if (place === "header" && !headerValue().safeParse(prefix + key).success) {
        complain("key", "has characters that a header does not carry");
      }
      // cookie-octet, RFC 6265 §4.1.1
      if (place === "cookie" && !/^[!#-+\--:<-[\]-~]*$/.test(prefix + key)) {
        complain("key", "has characters that a cookie does not carry");
      }
    })
    .transform(({ name = "X-API-Key", in: place = "header", ...rest }) => ({ ...rest, name, in: place }))
    .describe("An API key in a header, a query parameter or a cookie.");
}

function headers() {
  return spelled({
    type: kind("headers"),
    headers: headerMap()
      .refine((value) => Object.keys(value).length > 0, { error: "is empty; name at least one header" })
      .describe("Secret headers by name."),
  }).describe("Several headers at once.");
}

function signature() {
  const placeholders = ["method", "path", "query", "timestamp", "nonce", "body", "bodyHash"];
  return spelled({
    type: kind("signature"),
    apiKey: secret(headerValue()).describe("Names the caller. Sent."),
    apiSecret: secret(plainText()).describe("Key of the HMAC. Never sent."),
    algorithm: z.enum(["sha256", "sha384", "sha512"]).describe("Hash of the HMAC. Default sha256.").exactOptional(),
    encoding: z.enum(["hex", "base64"]).describe("How the signature is written. Default hex.").exactOptional(),
    keyHeader: headerName().describe("Header of the key. Default X-API-Key.").exactOptional(),
    timestampHeader: headerName().describe("Header of the timestamp. Default X-Timestamp.").exactOptional(),
    signatureHeader: headerName().describe("Header of the signature. Default X-Signature.").exactOptional(),
    nonceHeader: headerName()
      .describe("Header of the nonce, sent when the message has a {nonce}. Default X-Nonce.")
      .exactOptional(),
    // What stands between the placeholders may be a secret that both sides know.
    message: asSecret(
      z
        .string()
        .min(1, { error: "is empty" })
        .refine((value) => [...value.matchAll(/\{(\w*)\}/g)].every(([, name = ""]) => placeholders.includes(name)), {
          error: `has an unknown placeholder; there are ${placeholders.map((name) => `{${name}}`).join(", ")}`,
        }),
    )
      .describe(`The text that is signed, with ${placeholders.map((name) => `{${name}}`).join(", ")} filled in.`)
      .exactOptional(),
  })
    .superRefine(
      (
        {
          keyHeader = "X-API-Key",
          timestampHeader = "X-Timestamp",
          signatureHeader = "X-Signature",
          nonceHeader = "X-Nonce",
        },
        context,
      ) => {
        const names = { keyHeader, timestampHeader, signatureHeader, nonceHeader };
        const seen = new Map<string, string>();
        for (const [field, header] of Object.entries(names)) {
          const earlier = seen.get(header.toLowerCase());
          if (earlier !== undefined) {
            context.addIssue({
              code: "custom",
              path: [field],
              message: "is the header of another field too; name another",
            });
          }
          seen.set(header.toLowerCase(), field);
        }
      },
    )
    .transform(({ algorithm = "sha256", ...rest }) => ({ ...rest, algorithm }))
    .describe("HMAC over method, path and timestamp.");
}

function httpSignature() {
  return spelled({
    type: kind("httpSignature"),
    keyId: plainText().describe("Names the key to the server."),
    key: signingKey().describe("The signing key: PEM, JWK, or for HMAC the shared secret."),
    algorithm: z
      .enum(["ed25519", "ecdsa-p256-sha256", "rsa-pss-sha512", "hmac-sha256"])
      .describe("Signature algorithm (RFC 9421 §3.3). Default: by the key.")
      .exactOptional(),
    components: z
      .array(
        z
          .string()
          .regex(
            /^(?:[!#$%&'*+.^_`|~0-9a-z-]+|@(?:method|target-uri|authority|scheme|request-target|path|query|query-param;name="(?:[\w*.-]|%[0-9A-F]{2})+"))$/,
            {
              error:
                'is not a component: a header in lower case, or one of @method, @target-uri, @authority, @scheme, @request-target, @path, @query, @query-param;name="…"',
            },
          ),
      )
      .min(1, { error: "is empty; name at least one component" })
      .describe("What is signed (RFC 9421 §2).")
      .exactOptional(),
    label: z
      .string()
      .regex(/^[a-z*][a-z0-9_.*-]*$/, { error: "is not a label: lower-case letters, digits, _ - . and *" })
      .describe("Label of the signature. Default sig1.")
      .exactOptional(),
    tag: text(/^[ -~]+$/, "has characters other than visible ASCII")
      .describe("What the signature is for, as the parameter tag.")
      .exactOptional(),
    expiresIn: z
      .int({ error: "must be a whole number of seconds" })
      .positive({ error: "must be above 0" })
      .describe("Lifetime of a signature in seconds, as the parameter expires. Default: no limit but the server's.")
      .exactOptional(),
  }).describe("HTTP message signature (RFC 9421) with Content-Digest (RFC 9530).");
}

function awsSigV4() {
  return spelled({
    type: kind("awsSigV4"),
    region: awsName()
      .describe("AWS region, as in us-east-1. Default: the environment variable AWS_REGION.")
      .exactOptional(),
    service: awsName().describe("AWS service, as in execute-api."),
    accessKeyId: secret(bearerToken()).describe("Default: the environment variable AWS_ACCESS_KEY_ID.").exactOptional(),
    secretAccessKey: secret(plainText())
      .describe("Default: the environment variable AWS_SECRET_ACCESS_KEY.")
      .exactOptional(),
    sessionToken: secret(headerValue()).describe("Token of temporary credentials.").exactOptional(),
  })
    .superRefine(({ accessKeyId, secretAccessKey, sessionToken }, context) => {
      const needs = (field: string) =>
        context.addIssue({ code: "custom", path: [field], message: "is missing: the keys of AWS come together" });
      const given = accessKeyId !== undefined || secretAccessKey !== undefined || sessionToken !== undefined;
      if (given && accessKeyId === undefined) needs("accessKeyId");
      if (given && secretAccessKey === undefined) needs("secretAccessKey");
    })
    .describe("AWS Signature Version 4.");
}

function awsName() {
  return z.string().regex(/^[a-z0-9][a-z0-9-]*$/, { error: "must be lower-case letters, digits and dashes" });
}
