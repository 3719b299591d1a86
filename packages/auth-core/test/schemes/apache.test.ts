/** Digest and Basic against Apache httpd, in front of a live MCP server: RFC 7616, RFC 7617. */
import { type McpTestServer, mcpServerV2 } from "@sallyport/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Auth, type AuthEvent, BasicAuth, createAuthFetch, DigestAuth } from "../../src/index.ts";
import { sdks, session } from "../mcp/sessions.ts";
import { type Apache, hasApache, startApache } from "../support/apache.ts";

const user = { name: 'zoë "z" \\', password: 'pässwörd: € "\\' };
// A password file of Apache ends the user name at a colon, and knows no escapes.
const plain = { name: "ana", password: "correct horse" };
// Not with a quote: Apache 2.4 escapes it in its configuration and then expects the backslash back.
const realm = "MCP tools €";

const places = [
  { path: "/digest", type: "Digest", realm },
  { path: "/short", type: "Digest", realm, directives: ["AuthDigestNonceLifetime 1"] },
  // In front of a backend Apache names no domain, and its Authentication-Info gets lost.
  {
    path: "/own",
    type: "Digest",
    realm,
    local: true,
    directives: ["AuthDigestDomain /own/page http://other.example/"],
  },
  { path: "/basic", type: "Basic", realm: "MCP" },
] as const;

describe.skipIf(!hasApache)("Apache httpd (needs the Debian package apache2-bin)", () => {
  let backend: McpTestServer;
  let apache: Apache;
  beforeAll(async () => {
    backend = await mcpServerV2();
    apache = await startApache(new URL(backend.url).origin, places, [user, plain]);
  });
  afterAll(async () => {
    await apache?.close();
    await backend?.close();
  });

  /** What each request of a call was answered. */
  function watching(auth: Auth) {
    const statuses: number[] = [];
    const onEvent = (event: AuthEvent): void => void (event.type === "response" && statuses.push(event.status));
    return { statuses, fetch: createAuthFetch(auth, { onEvent }) };
  }
  const get = (fetch: ReturnType<typeof watching>["fetch"], path: string) => fetch(`${apache.url}${path}`);
  // Let through: the backend takes nothing but POST.
  const through = 405;

  it("sends one challenge for all requests, whatever their path", async () => {
    const { statuses, fetch } = watching(new DigestAuth(user.name, user.password));
    for (const path of ["/a", "/a%20b/%C3%A9?x=%2F%22&y=1+2", "/c?d?e="]) {
      expect((await get(fetch, `/digest${path}`)).status).toBe(through);
    }
    expect(statuses).toEqual([401, through, through, through]);
  });

  it("proves that it knows the password, and its proof holds", async () => {
    const { fetch } = watching(new DigestAuth(user.name, user.password));
    const response = await get(fetch, "/own/page");
    // A wrong one would have been an error.
    expect(response.headers.get("authentication-info")).toMatch(/rspauth="[0-9a-f]{32}"/);
  });

  it("takes many requests at a time on one nonce", async () => {
    const { statuses, fetch } = watching(new DigestAuth(plain.name, plain.password));
    await get(fetch, "/digest/a");
    await Promise.all(Array.from({ length: 30 }, (_, index) => get(fetch, `/digest/${index}`)));
    expect(statuses.filter((status) => status === 401)).toHaveLength(1);
    expect(statuses).toHaveLength(32);
  });

  it("gets a new proof when its nonce has expired", async () => {
    const { statuses, fetch } = watching(new DigestAuth(user.name, user.password));
    const deadline = Date.now() + 20_000;
    // Until a second challenge has come.
    while (statuses.filter((status) => status === 401).length < 2 && Date.now() < deadline) {
      expect((await get(fetch, "/short/a")).status).toBe(through);
    }
    expect(statuses.at(-2)).toBe(401);
  });

  it("says which paths share the credentials", async () => {
    const { statuses, fetch } = watching(new DigestAuth(user.name, user.password));
    await get(fetch, "/own/page");
    await get(fetch, "/own/page?x");
    await get(fetch, "/own/other");
    expect(statuses).toEqual([401, 200, 200, 401, 404]);
  });

  it.each([
    ["digest", new DigestAuth(plain.name, "wrong"), [401, 401]],
    ["digest", new DigestAuth("nobody", plain.password), [401, 401]],
    ["basic", new BasicAuth(plain.name, "wrong"), [401]],
  ] as const)("%s: a wrong password or user is tried once", async (place, auth, expected) => {
    const { statuses, fetch } = watching(auth);
    const response = await get(fetch, `/${place}/a`);
    expect(await response.text()).toContain("Unauthorized");
    expect(statuses).toEqual(expected);
  });

  it("basic: takes UTF-8", async () => {
    const { statuses, fetch } = watching(new BasicAuth(user.name, user.password));
    await get(fetch, "/basic/a");
    expect(statuses).toEqual([through]);
  });

  it("is told to be asked in another way when it offers only the other scheme", async () => {
    const { fetch } = watching(new DigestAuth(plain.name, plain.password));
    await expect(get(fetch, "/basic/a")).rejects.toMatchObject({
      code: "auth_unsupported",
      message: expect.stringContaining("basic"),
    });
  });

  describe.each(sdks)("in front of an MCP server, SDK $name", (sdk) => {
    it.each(["digest", "basic"] as const)("%s: calls a tool that streams its answer", async (type) => {
      const auth = { type, username: user.name, password: user.password };
      const open = await session(`${apache.url}/${type}/mcp`, { sdk }, { auth }).connect();
      const steps: number[] = [];
      const result = await open.callTool(
        "count",
        { to: 3 },
        { onProgress: ({ progress }) => void steps.push(progress) },
      );
      expect([steps, result.content]).toMatchObject([[1, 2, 3], [{ text: "counted to 3" }]]);
    });
  });
});
