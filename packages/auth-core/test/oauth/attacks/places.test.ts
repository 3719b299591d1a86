/** A server that sends its client where the server cannot go itself: SSR-01 to SSR-06, URL-01, URL-02, URL-04. */
import { answerEndlessRedirects, answerJson, answerRedirect } from "@sallyport/testkit";
import { describe, expect, it } from "vitest";
import { failureOf } from "../../support/failure.ts";
import { expectHarmless, hostileServer, victimOf } from "./setup.ts";

// The client is on a public network for these: its server is not on a loopback address, which would make others of its
// kind right to ask.
const metadataService = "https://169.254.169.254/latest/meta-data/iam";

const inside: readonly (readonly [string, string])[] = [
  ["the metadata service of a cloud", metadataService],
  ["the same in octal", "https://0251.0376.0251.0376/"],
  ["the same in hexadecimal", "https://0xa9.0xfe.0xa9.0xfe/"],
  ["the same as one number", "https://2852039166/"],
  ["the same as one hexadecimal number", "https://0xa9fea9fe/"],
  ["the same mapped to IPv6", "https://[::ffff:169.254.169.254]/"],
  ["the same mapped to IPv6, in hexadecimal", "https://[::ffff:a9fe:a9fe]/"],
  ["the same behind NAT64", "https://[64:ff9b::a9fe:a9fe]/"],
  ["the same behind 6to4", "https://[2002:a9fe:a9fe::1]/"],
  ["the same with a dot at the end", "https://169.254.169.254./"],
  ["the one of Google", "https://metadata.google.internal/computeMetadata/v1/"],
  ["the one of Alibaba", "https://100.100.100.200/latest/"],
  ["the one of Amazon, over IPv6", "https://[fd00:ec2::254]/"],
  ["a private address", "https://10.0.0.1/"],
  ["another", "https://192.168.1.1/"],
  ["another", "https://172.16.0.1/"],
  ["another, short", "https://10.1/"],
  ["a private address of IPv6", "https://[fd12:3456::1]/"],
  ["a link-local address of IPv6", "https://[fe80::1]/"],
  ["no address", "https://0.0.0.0/"],
  ["no address of IPv6", "https://[::]/"],
  ["a multicast address", "https://224.0.0.1/"],
  ["a name of a network", "https://vault.internal/"],
  ["a name of a cluster", "https://kubernetes/"],
  ["a name of a home", "https://router.local/"],
  ["plain http", "http://as.example/"],
  ["plain http by way of a gateway", "http://[64:ff9b::127.0.0.1]/"],
  ["a file", "file:///etc/passwd"],
  ["a script", "javascript:alert(1)"],
  ["data", "data:application/json,{}"],
  ["another scheme", "gopher://127.0.0.1:6379/_FLUSHALL"],
  ["a user name", "https://as.example@169.254.169.254/"],
  ["a password", "https://user:pass@as.example/"],
  ["a back slash", "https:\\\\as.example\\"],
  ["characters for a shell", "https://as.example/`id`"],
  ["a line break", "https://as.example/\r\nx-injected: 1"],
  ["no end", `https://as.example/${"a".repeat(100_000)}`],
];

type Way = readonly [name: string, spoil: (server: Awaited<ReturnType<typeof hostileServer>>, url: string) => void];

const ways: readonly Way[] = [
  [
    "the challenge",
    ({ script }, url) => {
      script.challenge = () =>
        `Bearer resource_metadata="${url.replaceAll(/[\\"]/g, "\\$&").replaceAll(/[\r\n]/g, " ")}"`;
    },
  ],
  [
    "authorization_servers",
    ({ script }, url) => {
      script.resourceMetadata = (document) => ({ ...document, authorization_servers: [url] });
    },
  ],
  ...["token_endpoint", "registration_endpoint", "authorization_endpoint", "revocation_endpoint"].map(
    (name): Way => [
      name,
      ({ script }, url) => {
        script.metadata = (metadata) => ({ ...metadata, [name]: url });
      },
    ],
  ),
];

describe.each(ways)("%s naming", (name, spoil) => {
  // A browser is the person's own and may go anywhere that is a place in the web.
  const places =
    name === "authorization_endpoint"
      ? inside.filter(([, url]) => !/^https:\/\/[^@`\\]*$/s.test(url) || url.length > 9000)
      : inside;
  // A header of that length does not arrive.
  const short = name === "the challenge" ? places.filter(([, url]) => url.length < 9000) : places;

  it.each(short)("%s is refused before anything is asked there", async (_what, url) => {
    const server = await hostileServer();
    spoil(server, url);
    const victim = victimOf(server);
    const error = await failureOf(victim.call().then(() => victim.oauth.signOut()));
    expect(error.code).toBe("insecure_url");
    expectHarmless(error.message);
    expect(error.message.length).toBeLessThan(800);
    expect(victim.asked.every((each) => each.startsWith(server.url))).toBe(true);
    expect(victim.opened.every((each) => each.href.startsWith(server.url))).toBe(true);
  });
});

describe("an address that the client itself never asks", () => {
  it("may be anywhere: keys, introspection, pages", async () => {
    const server = await hostileServer({
      metadata: (metadata) => ({
        ...metadata,
        jwks_uri: metadataService,
        introspection_endpoint: metadataService,
        userinfo_endpoint: "file:///etc/passwd",
        service_documentation: "javascript:alert(1)",
        op_policy_uri: metadataService,
        mtls_endpoint_aliases: { token_endpoint: metadataService, revocation_endpoint: metadataService },
      }),
      resourceMetadata: (document) => ({ ...document, jwks_uri: metadataService, resource_documentation: "file:///" }),
    });
    const victim = victimOf(server);
    expect((await victim.call()).status).toBe(200);
    await victim.oauth.signOut();
    expect(victim.asked.every((each) => each.startsWith(server.url))).toBe(true);
    expect(server.count("revocation")).toBe(2);
  });
});

describe("a name that leads inside (SSR-03)", () => {
  const addresses: Readonly<Record<string, readonly string[]>> = {
    "public.example": ["93.184.216.34", "2606:2800:220:1::1"],
    "inside.example": ["10.0.0.7"],
    "metadata.example": ["169.254.169.254"],
    "both.example": ["93.184.216.34", "192.168.0.1"],
    "mapped.example": ["::ffff:10.0.0.7"],
    "zone.example": ["fe80::1%eth0"],
    "nonsense.example": ["not an address::"],
    "vault.internal": ["169.254.169.254"],
  };
  const resolveHost = async (hostname: string) => addresses[hostname] ?? [];

  it.each(Object.keys(addresses).filter((name) => name !== "public.example"))("%s is not asked", async (name) => {
    const server = await hostileServer();
    server.script.metadata = (metadata) => ({ ...metadata, token_endpoint: `https://${name}/token` });
    const victim = victimOf(server, { resolveHost });
    expect(await failureOf(victim.call())).toMatchObject({ code: "insecure_url" });
    expect(victim.asked.every((each) => each.startsWith(server.url))).toBe(true);
  });

  it("is looked up anew for each request: it may have moved there", async () => {
    const server = await hostileServer();
    server.script.metadata = (metadata) => ({ ...metadata, token_endpoint: "https://moving.example/token" });
    let address = "93.184.216.34";
    const victim = victimOf(server, { resolveHost: async () => [address] });
    expect(await failureOf(victim.call())).toMatchObject({ code: "token_request_failed" });
    const asked = victim.asked.filter((url) => url.startsWith("https://moving.example")).length;
    expect(asked).toBeGreaterThan(0);
    address = "10.0.0.7";
    expect(await failureOf(victim.call())).toMatchObject({ code: "insecure_url" });
    expect(victim.asked.filter((url) => url.startsWith("https://moving.example"))).toHaveLength(asked);
  });

  it("that nobody answers for is an error within the bounds, and no crash", async () => {
    const server = await hostileServer();
    server.script.metadata = (metadata) => ({ ...metadata, token_endpoint: "https://public.example/token" });
    const victim = victimOf(server, {
      resolveHost: async () => {
        throw new Error("SERVFAIL");
      },
    });
    expect(await failureOf(victim.call())).toMatchObject({ code: "token_request_failed" });
  });
});

describe("a redirect", () => {
  it.each(inside.filter(([, url]) => !/[\r\n\\`]/.test(url) && url.length < 9000))(
    "of metadata to %s is not followed",
    async (_what, url) => {
      const server = await hostileServer();
      server.script.on = { metadata: answerRedirect(url) };
      const victim = victimOf(server);
      expect(await failureOf(victim.call())).toMatchObject({ code: "insecure_url" });
      expect(victim.asked.every((each) => each.startsWith(server.url))).toBe(true);
    },
  );

  it("to itself, for ever, ends", async () => {
    const server = await hostileServer();
    server.script.on = { metadata: answerEndlessRedirects() };
    expect(await failureOf(victimOf(server).call())).toMatchObject({ code: "redirect_refused" });
    expect(server.count("metadata")).toBe(4);
    server.script.on = { resource_metadata: answerEndlessRedirects() };
    expect(await failureOf(victimOf(server).call())).toMatchObject({ code: "redirect_refused" });
    expect(server.count("resource_metadata")).toBe(1 + 4);
  });

  it.each(["token", "registration", "revocation"] as const)(
    "of what is sent to %s is not followed",
    async (endpoint) => {
      for (const status of [301, 302, 303, 307, 308]) {
        const thief = await hostileServer();
        const server = await hostileServer();
        server.script.on = { [endpoint]: answerRedirect(`${thief.issuer}/token`, status) };
        const victim = victimOf(server);
        const error = await failureOf(victim.call().then(() => victim.oauth.signOut()));
        expect(error.code).toBe("redirect_refused");
        expect(thief.requests).toEqual([]);
      }
    },
  );

  it("of metadata elsewhere takes nothing along that says who asks", async () => {
    const other = await hostileServer();
    const server = await hostileServer();
    server.script.on = { resource_metadata: answerRedirect(`${other.url}/elsewhere`) };
    other.script.on = {
      "/elsewhere": (exchange) =>
        answerJson({ resource: server.resource, authorization_servers: [server.issuer] })(exchange),
    };
    const victim = victimOf(server);
    expect((await victim.call()).status).toBe(200);
    const [request] = other.requests;
    expect(request?.headers).not.toHaveProperty("authorization");
    expect(request?.headers).not.toHaveProperty("cookie");
    expect(request?.headers).not.toHaveProperty("referer");
  });
});

describe("metadata at another origin", () => {
  it("is used where the challenge names it, and only for this server", async () => {
    const other = await hostileServer();
    const server = await hostileServer();
    server.script.challenge = () => `Bearer resource_metadata="${other.url}/metadata"`;
    other.script.on = {
      "/metadata": (exchange) =>
        answerJson({ resource: server.resource, authorization_servers: [server.issuer] })(exchange),
    };
    expect((await victimOf(server).call()).status).toBe(200);
    other.script.on = {
      "/metadata": (exchange) =>
        answerJson({ resource: other.resource, authorization_servers: [other.issuer] })(exchange),
    };
    expect(await failureOf(victimOf(server).call())).toMatchObject({ code: "resource_mismatch" });
  });

  it("gets no credential of the server's entry, and nor does an authorization server (BIND-02)", async () => {
    const server = await hostileServer();
    const victim = victimOf(server);
    expect((await victim.call()).status).toBe(200);
    const elsewhere = server.requests.filter(({ endpoint }) => endpoint !== "resource");
    expect(elsewhere.length).toBeGreaterThan(3);
    for (const { headers } of elsewhere) expect(headers).not.toHaveProperty("authorization");
  });
});
