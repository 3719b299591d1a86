/** The resource indicator: RES-03 to RES-07, T-01 to T-03. */
import { describe, expect, it } from "vitest";
import { canonicalResource, checkResource } from "../../src/oauth/resource.ts";
import { failureOf } from "../support/failure.ts";

describe("canonicalResource", () => {
  it.each([
    // The examples of the specification, Canonical Server URI.
    ["https://mcp.example.com/mcp", "https://mcp.example.com/mcp"],
    ["https://mcp.example.com", "https://mcp.example.com"],
    ["https://mcp.example.com:8443", "https://mcp.example.com:8443"],
    ["https://mcp.example.com/server/mcp", "https://mcp.example.com/server/mcp"],
    // RES-04, RES-06.
    ["HTTPS://MCP.Example.COM/Server", "https://mcp.example.com/Server"],
    ["https://mcp.example.com:443/mcp#part", "https://mcp.example.com/mcp"],
    // RES-07: the slash means nothing at the root, and may mean something elsewhere.
    ["https://mcp.example.com/", "https://mcp.example.com"],
    ["https://mcp.example.com#a/", "https://mcp.example.com"],
    ["https://mcp.example.com/mcp/", "https://mcp.example.com/mcp/"],
    ["https://mcp.example.com/mcp?tenant=a/", "https://mcp.example.com/mcp?tenant=a/"],
    ["https://mcp.example.com?tenant=a/", "https://mcp.example.com?tenant=a/"],
  ])("of %s is %s", (url, resource) => {
    expect(canonicalResource(url)).toBe(resource);
    // As a parser writes it (T-03, modelcontextprotocol/typescript-sdk#1968).
    expect(canonicalResource(new URL(url).href)).toBe(resource);
  });
});

describe("checkResource", () => {
  const server = "https://mcp.example.com/team/mcp";

  it.each([
    server,
    // vercel/ai#13988, microsoft/vscode#259251
    "https://mcp.example.com/team/mcp/",
    "https://mcp.example.com/team",
    "https://mcp.example.com/",
    "https://mcp.example.com",
    "HTTPS://MCP.EXAMPLE.COM:443/team/mcp",
  ])("takes %s for a server at or below it", (resource) => {
    expect(() => checkResource(resource, server, undefined)).not.toThrow();
  });

  it("takes a path with and without a slash at its end for the same", () => {
    expect(() => checkResource("https://mcp.example.com/mcp", "https://mcp.example.com/mcp/", undefined)).not.toThrow();
  });

  it.each([
    "https://evil.example.com/team/mcp",
    "http://mcp.example.com/team/mcp",
    "https://mcp.example.com:8443/team/mcp",
    "https://mcp.example.com.evil.example/team/mcp",
    "https://mcp.example.com@evil.example/team/mcp",
    "https://user:password@mcp.example.com/team/mcp",
    "https://mcp.example.com/te",
    "https://mcp.example.com/team/mc",
    "https://mcp.example.com/team/mcp/more",
    "https://mcp.example.com/TEAM/mcp",
    "https://mcp.example.com/team/../other",
    "https://mcp.example.com/team/mcp?tenant=b",
    "https://mcp.example.com/team/mcp#",
    "https://mcp.example.com/team/mcp#part",
    "urn:example:mcp",
    "mcp",
    "",
  ])("refuses %s", async (resource) => {
    const failure = await failureOf(() => checkResource(resource, server, undefined));
    expect(failure.code).toBe("resource_mismatch");
    expect(failure.message).toContain(JSON.stringify(resource));
  });

  it("compares a query, when the resource has one", () => {
    const tenant = "https://mcp.example.com/mcp?tenant=a";
    expect(() => checkResource(tenant, tenant, undefined)).not.toThrow();
    expect(() => checkResource("https://mcp.example.com/mcp", tenant, undefined)).not.toThrow();
    expect(() => checkResource(tenant, "https://mcp.example.com/mcp?tenant=b", undefined)).toThrow();
    expect(() => checkResource(tenant, "https://mcp.example.com/mcp", undefined)).toThrow();
  });

  it("takes what the user has named, byte for byte", async () => {
    const meant = "https://api.example.com";
    expect(() => checkResource(meant, server, meant)).not.toThrow();
    expect((await failureOf(() => checkResource(`${meant}/`, server, meant))).code).toBe("resource_mismatch");
  });

  it("shows nothing of what the query of the server's URL says, and a bounded part of the resource", async () => {
    const long = `https://evil.example/${"a".repeat(5000)}`;
    const { message } = await failureOf(() =>
      checkResource(long, "https://mcp.example.com/mcp?api_key=s3cr3t", undefined),
    );
    expect(message).not.toContain("s3cr3t");
    expect(message.length).toBeLessThan(700);
  });
});
