import { parseServerConfig } from "@sallyport/auth-core";
import { expect, test } from "vitest";
import { formatAuth, formatTarget, secretsOf, summarize } from "../../src/output/describe-server.ts";

const url = "https://api.example.com/mcp";
const secret = "MARKED-SECRET";

/** Every form that can hold a secret, and how it is told. */
const forms: readonly (readonly [entry: object, told: string])[] = [
  [{ url, authToken: secret }, "bearer (token: ••••)"],
  [{ url, auth: { type: "basic", username: "ada", password: secret } }, "basic (username: ada, password: ••••)"],
  [
    { url, auth: { type: "apiKey", key: secret, prefix: secret } },
    "apiKey (key: ••••, prefix: ••••, name: X-API-Key, in: header)",
  ],
  [
    { url, auth: { type: "headers", headers: { "X-A": secret, "X-B": { env: "B" } } } },
    "headers (X-A: ••••, X-B: env B)",
  ],
  [
    { url, auth: { type: "oauth", clientId: "abc", clientSecret: secret } },
    "oauth (clientId: abc, clientSecret: ••••)",
  ],
  [
    { url, auth: { type: "httpSignature", keyId: "k", key: secret, components: ["@method", "@path"] } },
    "httpSignature (keyId: k, key: ••••, components: @method,@path)",
  ],
  [
    {
      url,
      auth: {
        grant: "enterprise",
        idp: { issuer: "https://idp.example.com", clientId: "c", idToken: secret },
        dpop: { algorithm: "ES256" },
      },
    },
    "oauth (grant: enterprise, dpop (algorithm: ES256), idp (issuer: https://idp.example.com, clientId: c, idToken: ••••))",
  ],
  [{ url, headers: { Authorization: `Bearer ${secret}` } }, "headers (Authorization: ••••)"],
  [{ url, authToken: { command: ["gh", secret] } }, "bearer (token: command gh)"],
  [
    { url, authToken: { file: "token" }, headers: { "X-T": secret } },
    "bearer (token: file token), headers (X-T: ••••)",
  ],
  [{ command: "node", args: [secret], env: { KEY: secret, OTHER: { env: "X" } } }, "env (KEY: ••••, OTHER: env X)"],
  [{ url, auth: null }, "none"],
  [{ url, auth: {} }, "oauth"],
  [{ url }, "OAuth on demand"],
];

test.each(forms)("%j is told without its secret", (entry, told) => {
  const summary = summarize(parseServerConfig(entry));
  expect(formatAuth(summary)).toBe(told);
  expect(JSON.stringify(summary) + formatTarget(summary)).not.toContain(secret);
});

test.each(forms.filter(([, told]) => told.includes("••••")))("the secret of %j is kept out of diagnostics", (entry) => {
  expect(secretsOf(parseServerConfig(entry), {}).join(" ")).toContain(secret);
});

test("the secret of a variable is kept out of diagnostics", () => {
  const server = parseServerConfig({ command: "node", env: { KEY: { env: "NAME" } } });
  expect(secretsOf(server, { NAME: secret })).toContain(secret);
});

test("keys in a URL are masked", () => {
  const server = parseServerConfig({ url: `${url}?api_key=${secret}&b=${secret}` });
  expect(formatTarget(summarize(server))).toBe(`${url}?api_key=••••&b=••••`);
  expect(secretsOf(server, {})).toContain(secret);
});
