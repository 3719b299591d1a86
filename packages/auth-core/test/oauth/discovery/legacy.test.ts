/**
 * Discovery as MCP 2025-03-26 had it (ASM-10): what the official conformance suite's scenarios
 * auth/2025-03-26-oauth-metadata-backcompat and auth/2025-03-26-oauth-endpoint-fallback serve.
 */
import { describe, expect, it } from "vitest";
import { discover } from "../../../src/oauth/discovery/discover.ts";
import { requirePkce } from "../../../src/oauth/discovery/server-metadata.ts";
import { failureOf } from "../../support/failure.ts";
import { type Page, published, serverMetadata } from "../../support/published.ts";

const origin = "http://localhost:41234";
const serverUrl = `${origin}/mcp`;
const place = `${origin}/.well-known/oauth-authorization-server`;
const before = [`${origin}/.well-known/oauth-protected-resource/mcp`, `${origin}/.well-known/oauth-protected-resource`];

const run = async (pages: Record<string, Page>, legacyDiscovery = true, resourceMetadata?: string) => {
  const context = published(pages);
  const discovery = discover(
    {
      serverUrl,
      challenge: { scheme: "bearer", error: "invalid_token", ...(resourceMetadata && { resourceMetadata }) },
      issuer: undefined,
      resource: undefined,
      oauthProvider: undefined,
      legacyDiscovery,
      allowInsecure: false,
    },
    context,
  );
  return { discovery, ...context };
};

describe("legacyDiscovery", () => {
  it("uses the metadata at the origin of the server", async () => {
    const server = serverMetadata(origin, {
      authorization_endpoint: `${origin}/oauth/authorize`,
      token_endpoint: `${origin}/oauth/token`,
      registration_endpoint: `${origin}/oauth/register`,
    });
    const { discovery, asked } = await run({ [place]: server });
    expect(await discovery).toEqual({ resource: serverUrl, issuer: origin, server });
    expect(asked).toEqual([...before, place]);
  });

  it("takes the issuer with a slash as well, and none else", async () => {
    const slashed = await run({ [place]: serverMetadata(`${origin}/`) });
    expect((await slashed.discovery).issuer).toBe(`${origin}/`);
    const other = await run({ [place]: serverMetadata("https://evil.example") });
    expect((await other.discovery).server.token_endpoint).toBe(`${origin}/token`);
  });

  it("uses the endpoints that have always been there when there is no metadata", async () => {
    const { discovery, asked } = await run({});
    const { resource, issuer, server } = await discovery;
    expect({ resource, issuer }).toEqual({ resource: serverUrl, issuer: origin });
    expect(server).toMatchObject({
      issuer: origin,
      authorization_endpoint: `${origin}/authorize`,
      token_endpoint: `${origin}/token`,
      registration_endpoint: `${origin}/register`,
    });
    // The revision requires PKCE of them.
    expect(() => requirePkce(server)).not.toThrow();
    expect(asked).toEqual([...before, place, `${origin}/.well-known/openid-configuration`]);
  });

  it("is only done on demand", async () => {
    const { discovery, asked } = await run({ [place]: serverMetadata(origin) }, false);
    expect((await failureOf(discovery)).code).toBe("discovery_failed");
    expect(asked).toEqual(before);
  });

  it("is not done where the server has metadata of its own, whatever that is worth", async () => {
    const pages = { [place]: serverMetadata(origin), [before[0] ?? ""]: { resource: serverUrl } };
    expect((await failureOf((await run(pages)).discovery)).code).toBe("discovery_failed");
    expect((await failureOf((await run(pages, true, `${origin}/gone`)).discovery)).code).toBe("discovery_failed");
  });
});
