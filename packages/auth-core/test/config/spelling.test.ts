/** Both spellings of every key, at every level whose keys are ours. */
import { parseConfig } from "@sallyport/auth-core";
import { describe, expect, test } from "vitest";
import { http, problemAt, problems, stdio, url } from "./helpers.ts";

test("every level takes either spelling, and both at once when they agree", () => {
  const idp = { issuer: "https://idp.example.com", client_id: "c", id_token: { file: "t" } };
  const auth = { grant: "enterprise", clientName: "a", client_name: "a", callback_port: 1, idp };
  const config = parseConfig({ mcp_servers: { a: { url, auth } } });
  expect(config.mcpServers["a"]).toMatchObject({
    auth: { type: "oauth", clientName: "a", callbackPort: 1, idp: { clientId: "c", idToken: { file: "t" } } },
  });
});

test("data that agrees may be ordered differently", () => {
  const one = { issuer: "https://idp.example.com", clientId: "c", idToken: "t" };
  const aws = {
    type: "aws_sig_v4",
    region: "r",
    service: "s",
    accessKeyId: "a",
    secretAccessKey: { env: "S" },
    secret_access_key: { env: "S" },
  };
  expect(http({ auth: aws }).auth).toMatchObject({ secretAccessKey: { env: "S" } });
  expect(problems(() => http({ auth: { ...aws, secret_access_key: { file: "S" } } }))).toEqual([
    "config_conflict auth.secret_access_key",
  ]);
  expect(http({ auth: { grant: "enterprise", idp: { client_id: "c", ...one } } }).auth).toMatchObject({ idp: one });
});

test("two spellings that disagree are a conflict that names both paths", () => {
  const problem = problemAt("mcpServers.a.auth.client_id", () =>
    parseConfig({ mcpServers: { a: { url, auth: { clientId: "hunter2", client_id: "hunter3" } } } }),
  );
  expect(problem.code).toBe("config_conflict");
  expect(problem.message).toContain("conflicts with mcpServers.a.auth.clientId");
  expect(problem.message).not.toContain("hunter");
});

test("in free maps a key is what it is", () => {
  expect(http({ headers: { auth_token: "1", authToken: "2" } }).headers).toEqual({ auth_token: "1", authToken: "2" });
  expect(stdio({ env: { auth_token: "1", authToken: "2" } }).env).toEqual({ auth_token: "1", authToken: "2" });
  const oauthProvider = { token_endpoint: "https://as.example.com/t", tokenEndpoint: "x" };
  expect(http({ auth: { oauth_provider: oauthProvider } }).auth).toMatchObject({ oauthProvider });
});

describe("an unknown key is answered in the style of the writer", () => {
  test.each([
    ["authTokn", "authToken", {}],
    ["auth_tokn", "auth_token", {}],
    ["authtoken", "authToken", {}],
    ["authtoken", "auth_token", { disabled_tools: [] }],
    ["AuthToken", "authToken", {}],
    ["AUTH_TOKEN", "auth_token", {}],
    ["auth-token", "authToken", {}],
    ["header", "headers", {}],
    ["Headers", "headers", {}],
    ["token", "authToken", {}],
    ["bearer_token", "authToken", {}],
    ["transprot", "transport", {}],
  ])("%s: did you mean %s?", (key, meant, beside) => {
    const problem = problemAt(key, () => http({ [key]: "hunter2", ...beside }));
    expect(problem.message).toContain(`did you mean ${meant}?`);
    expect(problem.message).not.toContain("hunter2");
  });

  test.each([
    ["callbackPrt", "callbackPort", {}],
    ["callback_prt", "callback_port", {}],
    ["clientid", "client_id", { callback_port: 1 }],
  ])("in auth, %s: did you mean %s?", (key, meant, beside) => {
    expect(problemAt(`auth.${key}`, () => http({ auth: { [key]: "x", ...beside } })).message).toContain(
      `did you mean ${meant}?`,
    );
  });

  test("nothing near: the known keys are listed", () => {
    expect(problemAt("frobnicate", () => http({ frobnicate: 1 })).message).toMatch(/there are url, type, .*authToken/);
  });

  test("names of the language are keys like others", () => {
    for (const key of ["constructor", "toString", "hasOwnProperty", "valueOf"]) {
      expect(problems(() => http({ [key]: "x" }))).toEqual([`config_invalid ${key}`]);
    }
  });
});
