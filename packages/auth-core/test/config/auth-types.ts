/** The table of `auth.type`: every type, every field, what is right and what is wrong in each. */

export interface Field {
  /** A valid value, and what it becomes when that is not itself. */
  readonly valid: unknown;
  readonly normal?: unknown;
  readonly invalid: readonly unknown[];
  readonly required?: true;
  /** Other fields that this one cannot be without. */
  readonly needs?: Readonly<Record<string, unknown>>;
}

const secret: Field = {
  valid: "s3cret",
  invalid: ["", 1, true, null, [], {}, { env: "" }, { file: 1 }, { command: [] }],
};
const header: Field = { valid: "X-Team", invalid: ["", "X Team", "X-Team:", "X\r\nTeam", "Tëam", 1] };
const text: Field = { valid: "some text", invalid: ["", "a\nb", "a\0b", 1, null] };
const flag: Field = { valid: true, invalid: ["true", 1, null] };
const httpUrl: Field = {
  valid: "https://as.example.com/path",
  invalid: [
    "",
    "as.example.com",
    "ftp://as.example.com",
    "https://u:p@as.example.com",
    "https://as.example.com/#f",
    "https://a b",
    1,
  ],
};
const jwk = { kty: "OKP", crv: "Ed25519", x: "eA", d: "ZA" };

export const authTypes: Readonly<Record<string, Readonly<Record<string, Field>>>> = {
  none: {},
  bearer: { token: { ...secret, invalid: [...secret.invalid, "a b", "a\nb", "Bearer a", "é"], required: true } },
  basic: {
    username: { valid: "ana", invalid: ["a:b", "a\nb", 1], required: true },
    password: { valid: "pässwörd", invalid: ["a\nb", 1, null, {}], required: true },
  },
  digest: {
    username: { ...text, required: true },
    password: { ...secret, required: true },
  },
  apiKey: {
    key: { ...secret, invalid: [...secret.invalid, "a\nb", "é"], required: true },
    name: header,
    in: { valid: "header", invalid: ["body", "Header", 1] },
    prefix: { valid: "Token ", invalid: ["a\n", "é", 1] },
  },
  headers: {
    headers: {
      valid: { "X-Key": "k", "X-Secret": { env: "SECRET" } },
      invalid: [{}, { "X Key": "k" }, { "X-Key": "" }, { "X-Key": 1 }, { "X-Key": "a\r\nb" }, [], "X-Key: k"],
      required: true,
    },
  },
  signature: {
    apiKey: { ...secret, required: true },
    apiSecret: { ...secret, required: true },
    algorithm: { valid: "sha512", invalid: ["md5", "SHA256", 1] },
    encoding: { valid: "base64", invalid: ["base32", 1] },
    keyHeader: header,
    timestampHeader: header,
    signatureHeader: { ...header, valid: "X-Sign" },
    nonceHeader: header,
    message: { valid: "{method}{path}{query}{timestamp}{nonce}{body}{bodyHash}", invalid: ["", "{methd}", 1] },
  },
  httpSignature: {
    keyId: { ...text, required: true },
    key: { valid: jwk, normal: JSON.stringify(jwk), invalid: ["", 1, { kty: 1 }, { k: "x" }], required: true },
    algorithm: { valid: "ed25519", invalid: ["rsa-v1_5-sha256", 1] },
    components: {
      valid: ["@method", "@target-uri", "content-digest", '@query-param;name="a"'],
      invalid: [
        [],
        ["Content-Digest"],
        [""],
        "@method",
        ["@status"],
        ["@query-param"],
        ["date;bs"],
        ['@query-param;name="a b"'],
      ],
    },
    label: { valid: "sig1", invalid: ["Sig 1", "", 1] },
    tag: { valid: "web-bot-auth", invalid: ["", "é", 1] },
    expiresIn: { valid: 60, invalid: [0, -1, 1.5, "60"] },
  },
  awsSigV4: {
    region: { valid: "eu-central-1", invalid: ["", "EU", "a b", 1] },
    service: { valid: "execute-api", invalid: ["", "Execute", 1], required: true },
    accessKeyId: { ...secret, needs: { secretAccessKey: "s" } },
    secretAccessKey: { ...secret, needs: { accessKeyId: "a" } },
    sessionToken: { ...secret, needs: { accessKeyId: "a", secretAccessKey: "s" } },
  },
  oauth: {
    clientId: text,
    clientSecret: { ...secret, needs: { clientId: "c" } },
    clientAuthentication: {
      valid: "client_secret_post",
      invalid: ["basic", 1],
      needs: { clientId: "c", clientSecret: "s" },
    },
    privateKey: { valid: jwk, normal: JSON.stringify(jwk), invalid: ["", 1, {}], needs: { clientId: "c" } },
    clientMetadataUrl: {
      ...httpUrl,
      // CMD-01, CMD-03
      invalid: [
        ...httpUrl.invalid,
        "http://app.example.com/client.json",
        "https://app.example.com",
        "https://app.example.com/a/../b",
      ],
    },
    clientName: text,
    scope: { valid: "read write:all", invalid: ["", " read", "read  write", "read\nwrite", 'a"b', ["read"], 1] },
    grant: { valid: "device_code", invalid: ["implicit", "password", 1] },
    dpop: { valid: { algorithm: "ES256" }, invalid: ["yes", 1, { algorithm: "HS256" }, { alg: "ES256" }, null] },
    callbackPort: { valid: 8080, invalid: [-1, 65536, 1.5, "8080", null] },
    // RED-01
    callbackUrl: { ...httpUrl, invalid: [...httpUrl.invalid, "http://app.example.com/callback", "myapp://callback"] },
    redirectPath: { valid: "/callback", invalid: ["", "callback", "/a?b", "/a#b", "//evil", "/a b", 1] },
    strictPort: flag,
    issuer: httpUrl,
    // RFC 8707 §2: any absolute URI without fragment.
    resource: {
      valid: "api://app-1/mcp",
      invalid: httpUrl.invalid.filter((value) => value !== "ftp://as.example.com"),
    },
    oauthProvider: {
      valid: { issuer: "https://as.example.com", token_endpoint: "https://as.example.com/t" },
      invalid: ["x", 1, []],
    },
    assertion: { ...secret, needs: { grant: "jwt_bearer" } },
    idp: {
      valid: {
        issuer: "https://idp.example.com",
        clientId: "c",
        clientSecret: { env: "S" },
        idToken: { file: "id-token" },
      },
      invalid: [
        "x",
        {},
        { clientId: "c", idToken: "t" },
        { issuer: "https://idp.example.com", clientId: "c" },
        { tokenEndpoint: "x", clientId: "c", idToken: "t" },
      ],
      needs: { grant: "enterprise" },
    },
    legacyDiscovery: flag,
    allowInsecure: flag,
  },
};

/** Fields that `type` cannot be without, with valid values. */
export function requiredFields(type: string): Record<string, unknown> {
  const fields = Object.entries(authTypes[type] ?? {}).filter(([, field]) => field.required === true);
  return Object.fromEntries(fields.map(([name, { valid }]) => [name, valid]));
}

/** What absent fields become. */
export const defaults: Readonly<Record<string, object>> = {
  apiKey: { name: "X-API-Key", in: "header" },
  signature: { algorithm: "sha256" },
};
