/** No scheme shows its secret, however it is looked at: design §4, pain 30. */
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import {
  ApiKeyAuth,
  type Auth,
  AwsSigV4Auth,
  BasicAuth,
  BearerAuth,
  CookieAuth,
  createAuth,
  createAuthFetch,
  DigestAuth,
  HttpSignatureAuth,
  MultiHeaderAuth,
  QueryParamAuth,
  SignatureAuth,
} from "../../src/index.ts";
import { Reading, Secret } from "../../src/secrets/secret.ts";

const marker = "s3cr3t-marker";
// What the marker becomes as the password of a user "u".
const encoded = btoa(`u:${marker}`);

const secrets = { read: async () => marker };
const source = { env: "KEY" } as const;
const aws = { region: "eu-central-1", service: "lambda" };

const things: [string, object][] = [
  ["BearerAuth", new BearerAuth(marker)],
  ["BearerAuth from a source", new BearerAuth(source, { secrets })],
  ["BasicAuth", new BasicAuth("u", marker)],
  ["DigestAuth", new DigestAuth("u", marker)],
  ["DigestAuth from a source", new DigestAuth("u", source, { secrets })],
  ["ApiKeyAuth", new ApiKeyAuth(marker)],
  ["ApiKeyAuth from a source", new ApiKeyAuth(source, "X-A", { secrets })],
  ["QueryParamAuth", new QueryParamAuth(marker, "key")],
  ["AwsSigV4Auth", new AwsSigV4Auth({ ...aws, accessKeyId: "AKID", secretAccessKey: marker, sessionToken: marker })],
  ["AwsSigV4Auth from sources", new AwsSigV4Auth({ ...aws, secrets })],
  ["CookieAuth", new CookieAuth(marker, "session")],
  ["MultiHeaderAuth", new MultiHeaderAuth({ "X-A": marker, "X-B": source }, { secrets })],
  ["SignatureAuth", new SignatureAuth(marker, marker)],
  ["SignatureAuth from a source", new SignatureAuth(source, source, { secrets })],
  ["HttpSignatureAuth", new HttpSignatureAuth("k", marker, { algorithm: "hmac-sha256" })],
  ["HttpSignatureAuth from a source", new HttpSignatureAuth("k", source, { algorithm: "hmac-sha256", secrets })],
  ["the scheme of a function", createAuth(() => ({ "x-a": marker }))],
  ["Secret", new Secret(marker)],
  ["Secret from a source", new Secret(source, secrets)],
  ["Reading", new Reading(marker)],
  ["the authenticated fetch", createAuthFetch(new BearerAuth(marker), { headers: { "X-A": marker } })],
];

/** Every way a value ends up in a log. */
function views(thing: object): string[] {
  const clone = (): unknown => {
    try {
      return structuredClone(thing);
    } catch (error) {
      return error;
    }
  };
  const deep = { depth: Infinity, showHidden: true, getters: true, maxStringLength: Infinity } as const;
  return [
    String(thing),
    `${JSON.stringify(thing)}`,
    inspect(thing, deep),
    inspect(Object.getPrototypeOf(thing), deep),
    inspect(clone(), deep),
    inspect({ ...thing }, deep),
    Object.getOwnPropertyNames(thing).join(),
    inspect(new Error("wrapped", { cause: thing }), deep),
  ];
}

describe("a secret stays hidden", () => {
  it.each(things)("in %s, before and after it was used", async (_, thing) => {
    const check = (): void => {
      for (const view of views(thing)) {
        expect(view).not.toContain(marker);
        expect(view).not.toContain(encoded);
      }
    };
    check();
    if ("authFlow" in thing) {
      const flow = (thing as Auth).authFlow(new Request("https://a.example/"));
      await flow.next();
      for (const view of views(flow)) expect(view).not.toContain(marker);
    }
    if (thing instanceof Secret) await thing.get();
    check();
  });
});
