/** Protected resource metadata: DSC-01 to DSC-05, R28-09 to R28-11, T-01, T-02, T-04. */
import { describe, expect, it } from "vitest";
import type { OAuthChallenge } from "../../../src/oauth/challenge.ts";
import { Attempts } from "../../../src/oauth/discovery/attempts.ts";
import { findResourceMetadata, wellKnownUrls } from "../../../src/oauth/discovery/resource-metadata.ts";
import { failureOf } from "../../support/failure.ts";
import { type Page, published } from "../../support/published.ts";

const serverUrl = "https://mcp.example/a/mcp";
const atPath = "https://mcp.example/.well-known/oauth-protected-resource/a/mcp";
const atRoot = "https://mcp.example/.well-known/oauth-protected-resource";
const issuer = "https://as.example";
const document = { resource: serverUrl, authorization_servers: [issuer] };

async function find(pages: Record<string, Page>, named?: string, resource?: string) {
  const context = published(pages);
  const challenge: OAuthChallenge | undefined =
    named === undefined ? undefined : { scheme: "bearer", resourceMetadata: named };
  const found = findResourceMetadata({ serverUrl, challenge, resource }, new Attempts(context));
  return { found: await found, ...context };
}

describe("wellKnownUrls (DSC-02, R28-09)", () => {
  it.each([
    [
      "https://h/a/mcp",
      ["https://h/.well-known/oauth-protected-resource/a/mcp", "https://h/.well-known/oauth-protected-resource"],
    ],
    [
      "https://h:8443/mcp?tenant=a",
      [
        "https://h:8443/.well-known/oauth-protected-resource/mcp?tenant=a",
        "https://h:8443/.well-known/oauth-protected-resource",
      ],
    ],
    [
      "https://h/mcp/",
      ["https://h/.well-known/oauth-protected-resource/mcp/", "https://h/.well-known/oauth-protected-resource"],
    ],
    ["https://h", ["https://h/.well-known/oauth-protected-resource"]],
    ["https://h/#part", ["https://h/.well-known/oauth-protected-resource"]],
    [
      "https://h/?tenant=a",
      ["https://h/.well-known/oauth-protected-resource?tenant=a", "https://h/.well-known/oauth-protected-resource"],
    ],
  ])("for %s", (url, urls) => {
    expect(wellKnownUrls(url)).toEqual(urls);
  });
});

describe("findResourceMetadata", () => {
  it("asks at the path of the server, and then no more (DSC-02)", async () => {
    const { found, asked, events } = await find({ [atPath]: document, [atRoot]: document });
    expect(found).toEqual({ url: atPath, document, issuers: [issuer] });
    expect(asked).toEqual([atPath]);
    expect(events).toEqual([{ type: "discovery", url: atPath, result: "used", status: 200 }]);
  });

  it("asks at the root when there is nothing at the path", async () => {
    const { found, asked, events } = await find({ [atRoot]: { ...document, resource: "https://mcp.example" } });
    expect(found?.url).toBe(atRoot);
    expect(asked).toEqual([atPath, atRoot]);
    expect(events).toMatchObject([
      { url: atPath, result: "skipped", status: 404, reason: "answered with 404" },
      { url: atRoot, result: "used" },
    ]);
  });

  it("asks where the challenge says and nowhere else", async () => {
    const named = "https://metadata.example/custom/mcp.json";
    const { found, asked } = await find({ [named]: document, [atPath]: document }, named);
    expect(found?.url).toBe(named);
    expect(asked).toEqual([named]);
  });

  it("fails with the place and its answer when the challenge names a wrong one (T-04)", async () => {
    const named = "https://mcp.example/gone?key=s3cr3t";
    const context = published({ [atPath]: document });
    const challenge = { scheme: "bearer", resourceMetadata: named } as const;
    const failure = await failureOf(
      findResourceMetadata({ serverUrl, challenge, resource: undefined }, new Attempts(context)),
    );
    expect(failure.code).toBe("discovery_failed");
    expect(failure.message).toContain("- https://mcp.example/gone?key=••••: answered with 404");
    expect(failure.message).not.toContain("s3cr3t");
    expect(context.asked).toEqual([named]);
  });

  it("is nothing when there is none", async () => {
    expect((await find({})).found).toBeUndefined();
  });

  it.each([
    "https://mcp.example",
    "https://mcp.example/",
    "https://mcp.example/a",
    "https://mcp.example/a/mcp/",
    "HTTPS://MCP.example:443/a/mcp",
  ])("keeps the resource as published: %s (T-02, pain 10)", async (resource) => {
    expect((await find({ [atPath]: { ...document, resource } })).found?.document.resource).toBe(resource);
  });

  it("uses nothing of a document for another resource (DSC-04)", async () => {
    const other = { ...document, resource: "https://evil.example/a/mcp" };
    const context = published({ [atPath]: other, [atRoot]: document });
    const input = { serverUrl, challenge: undefined, resource: undefined };
    const failure = await failureOf(findResourceMetadata(input, new Attempts(context)));
    expect(failure.code).toBe("resource_mismatch");
    expect(context.asked).toEqual([atPath]);
    expect(context.events).toMatchObject([{ url: atPath, result: "refused", status: 200 }]);
  });

  it("uses it when the user has named that resource, as the refusal advises", async () => {
    const resource = "https://api.example";
    const { found } = await find({ [atPath]: { ...document, resource } }, undefined, resource);
    expect(found?.document.resource).toBe(resource);
  });

  it.each([
    ["a page", new Response("<html></html>", { headers: { "content-type": "text/html" } })],
    ["no object", new Response('"text"')],
    ["null", new Response("null")],
    ["a list", new Response(JSON.stringify([document]))],
    ["nothing", new Response(null)],
    ["no resource", { authorization_servers: [issuer] }],
    ["a resource that is none", { ...document, resource: { toString: "x" } }],
    ["a resource that is no URL", { ...document, resource: "mcp" }],
    ["a document with another status", Response.json(document, { status: 203 })],
    ["a redirect that was not followed", Response.json(document, { status: 302 })],
  ])("goes on after %s", async (_, page) => {
    const { found } = await find({ [atPath]: page as Page, [atRoot]: document });
    expect(found?.url).toBe(atRoot);
  });

  it("reads a document whatever its content type is", async () => {
    const page = new Response(JSON.stringify(document), { headers: { "content-type": "text/plain" } });
    expect((await find({ [atPath]: page })).found?.issuers).toEqual([issuer]);
  });

  it.each([
    ["a text", issuer, []],
    ["an object", { 0: issuer }, []],
    ["null", null, []],
    ["among other things", [null, 5, issuer, {}, issuer, "https://two.example"], [issuer, "https://two.example"]],
  ])("takes issuers from a list of texts, and %s is none", async (_, servers, issuers) => {
    const { found } = await find({ [atPath]: { ...document, authorization_servers: servers } });
    expect(found?.issuers).toEqual(issuers);
  });

  it("takes scopes from a list of texts only", async () => {
    const scopes = async (value: unknown) =>
      (await find({ [atPath]: { ...document, scopes_supported: value } })).found?.document.scopes_supported;
    expect(await scopes(["a", 5, "b"])).toEqual(["a", "b"]);
    expect(await scopes("a b")).toBeUndefined();
    expect(await scopes(7)).toBeUndefined();
  });
});
