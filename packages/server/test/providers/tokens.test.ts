/**
 * Fixed tokens, from code and from the environment.
 */
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { BearerAuthProvider, envTokens, staticTokens } from "../../src/index.ts";

const context = { signal: new AbortController().signal };
const invalid = expect.objectContaining({ code: "config_invalid" });

describe("staticTokens", () => {
  const provider = staticTokens(
    {
      "t-ada": { subject: "ada", scopes: ["read"], claims: { team: "x" }, expiresAt: 2_000_000_000 },
      "t-bob": { claims: { sub: "bob" } },
    },
    { realm: "r" },
  );

  it("knows each token and nothing like it", async () => {
    expect(await provider.verifyToken("t-ada", context)).toMatchObject({
      token: "t-ada",
      subject: "ada",
      scopes: ["read"],
      claims: { team: "x" },
      expiresAt: 2_000_000_000,
    });
    expect((await provider.verifyToken("t-bob", context))?.subject).toBe("bob");
    for (const other of [
      "t-ad",
      "t-ada ",
      "T-ADA",
      "t-adaa",
      "",
      "__proto__",
      "constructor",
      "t-ada,t-bob",
      "t-ada\0",
    ]) {
      expect(await provider.verifyToken(other, context)).toBeNull();
    }
  });

  it("keeps no token where an inspector could find it", () => {
    const all = inspect(provider, { showHidden: true, depth: 9, getters: true }) + JSON.stringify(provider);
    expect(all).not.toMatch(/t-ada|t-bob/);
    expect(provider).toBeInstanceOf(BearerAuthProvider);
    expect(provider.realm).toBe("r");
  });

  it("refuses tokens that nobody could send, without showing them", () => {
    for (const token of ["", "two words", 'quo"te', "caf\xe9", "a,b", "x".repeat(16_385), "\t"]) {
      let failure: unknown;
      try {
        staticTokens({ fine: {}, [token]: {} });
      } catch (error) {
        failure = error;
      }
      expect(failure).toMatchObject({ code: "config_invalid", message: expect.stringContaining("token 2") });
      if (token.trim() !== "") expect(String(failure)).not.toContain(token);
    }
    expect(() => staticTokens({})).toThrow(invalid);
  });

  it("refuses a grant that could not be judged", () => {
    expect(() => staticTokens({ t: { expiresAt: "tomorrow" as never } })).toThrow(TypeError);
  });
});

describe("envTokens", () => {
  it("takes several tokens for rotation, and what they stand for", async () => {
    const env = { MCP_API_KEY: " new-key , old-key,, " };
    const provider = envTokens("MCP_API_KEY", {
      env,
      grant: { subject: "ci", scopes: ["deploy"] },
      scopes: ["deploy"],
    });
    for (const token of ["new-key", "old-key"]) {
      expect(await provider.verifyToken(token, context)).toMatchObject({ subject: "ci", scopes: ["deploy"] });
    }
    for (const token of ["", " ", ",", "new-key , old-key", " new-key "]) {
      expect(await provider.verifyToken(token, context)).toBeNull();
    }
    expect(provider.scopes).toEqual(["deploy"]);
  });

  it.each([{}, { MCP_API_KEY: "" }, { MCP_API_KEY: "  " }, { MCP_API_KEY: ", ," }])("does not start with %j", (env) => {
    expect(() => envTokens("MCP_API_KEY", { env })).toThrow(
      expect.objectContaining({ code: "config_env_missing", message: expect.stringContaining("MCP_API_KEY") }),
    );
  });

  it("names the variable and not the value when it cannot be a token", () => {
    let failure: unknown;
    try {
      envTokens("MCP_API_KEY", { env: { MCP_API_KEY: "ok,hunter 2" } });
    } catch (error) {
      failure = error;
    }
    expect(failure).toMatchObject({ code: "config_invalid", message: expect.stringContaining("MCP_API_KEY: token 2") });
    expect(String(failure)).not.toContain("hunter");
  });

  it("reads process.env by default", () => {
    expect(() => envTokens("SALLYPORT_TEST_SURELY_UNSET")).toThrow(
      expect.objectContaining({ code: "config_env_missing" }),
    );
  });
});

it("a provider refuses what it could not put into a challenge", () => {
  for (const options of [
    { realm: "" },
    { realm: "line\nbreak" },
    { realm: "caf\xe9" },
    { resourceMetadata: "/relative" },
    { resourceMetadata: 'https://a.example/"' },
    { resourceMetadata: "ftp://a.example/" },
    { scopes: ["a b"] },
  ]) {
    expect(() => staticTokens({ t: {} }, options)).toThrow(invalid);
  }
  expect(staticTokens({ t: {} }, { resourceMetadata: new URL("https://a.example/x") }).resourceMetadata).toBe(
    "https://a.example/x",
  );
});
