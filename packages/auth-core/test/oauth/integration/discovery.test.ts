/** Discovery over real HTTP, where servers answer as they really do: DSC-02, ASM-03, ASM-09, SSR-04. */
import { gzipSync } from "node:zlib";
import {
  answerFirst,
  answerHangUp,
  answerHtml,
  answerJson,
  answerRedirect,
  answerStatus,
  closedOrigin,
  type Script,
  type ScriptedAnswer,
  scriptedAuthorizationServer,
} from "@sallyport/testkit";
import { describe, expect, it } from "vitest";
import type { DiscoveryEvent } from "../../../src/events.ts";
import { guardedFetch } from "../../../src/http/guarded-fetch.ts";
import { discover } from "../../../src/oauth/discovery/discover.ts";
import { running } from "../../mcp/sessions.ts";
import { failureOf } from "../../support/failure.ts";

const atPath = "/.well-known/oauth-protected-resource/mcp";
const atRoot = "/.well-known/oauth-protected-resource";
const metadata = "/.well-known/oauth-authorization-server";
const openid = "/.well-known/openid-configuration";

/** A server, and what discovery finds out about it. */
async function serving(script: Script = {}) {
  const server = await running(scriptedAuthorizationServer(script));
  const events: DiscoveryEvent[] = [];
  const run = () =>
    discover(
      {
        serverUrl: server.resource,
        challenge: undefined,
        issuer: undefined,
        resource: undefined,
        oauthProvider: undefined,
        legacyDiscovery: false,
        allowInsecure: false,
      },
      {
        fetch: guardedFetch({ trusted: [server.resource], allowInsecure: false, timeoutMs: 60_000 }),
        onEvent: (event) => void (event.type === "discovery" && events.push(event)),
      },
    );
  return { server, events, run, paths: () => server.requests.map(({ path }) => path) };
}

describe("a server that is as it should be", () => {
  it("is asked two questions, and says who it is", async () => {
    const { server, run, paths, events } = await serving();
    expect(await run()).toMatchObject({
      resource: server.resource,
      issuer: server.issuer,
      metadataUrl: server.url + atPath,
      scopesSupported: ["mcp:read"],
    });
    expect(paths()).toEqual([atPath, metadata]);
    expect(events).toEqual([
      { type: "discovery", url: server.url + atPath, result: "used", status: 200 },
      { type: "discovery", url: server.url + metadata, result: "used", status: 200 },
    ]);
  });

  it("is asked for JSON, and told nothing of who asks", async () => {
    const { server, run } = await serving();
    await run();
    for (const { headers } of server.requests) {
      expect(headers.accept).toBe("application/json");
      expect(Object.keys(headers)).not.toContain("cookie");
      expect(Object.keys(headers)).not.toContain("authorization");
    }
  });

  it("with an issuer that has a path is asked at the places in their order", async () => {
    const { server, run, paths } = await serving({
      issuerPath: "/t1",
      on: { [`${metadata}/t1`]: answerStatus(404), [`${openid}/t1`]: answerStatus(404), [`/t1${openid}`]: answered() },
    });
    expect((await run()).issuer).toBe(server.issuer);
    expect(paths()).toEqual([atPath, `${metadata}/t1`, `${openid}/t1`, `/t1${openid}`]);

    function answered(): ScriptedAnswer {
      return (exchange) => answerJson({ issuer: server.issuer, token_endpoint: `${server.issuer}/token` })(exchange);
    }
  });
});

describe("a server that is not", () => {
  it.each<[string, ScriptedAnswer]>([
    ["answers 503", answerStatus(503)],
    ["answers 500 with a page", answerHtml(500)],
    ["hangs up", answerHangUp()],
  ])("and %s once is asked once more", async (_, fault) => {
    const { server, run, paths } = await serving({ on: { [metadata]: answerFirst(1, fault) } });
    expect((await run()).issuer).toBe(server.issuer);
    expect(paths()).toEqual([atPath, metadata, metadata]);
  });

  it("and answers with pages is an error that lists every place with its answer", async () => {
    const { server, run } = await serving({ on: { [atPath]: answerHtml(), [atRoot]: answerHtml(503) } });
    const failure = await failureOf(run());
    expect(failure.code).toBe("discovery_failed");
    expect(failure.message.split("\n").slice(1)).toEqual([
      `- ${server.url}${atPath}: is no JSON object`,
      `- ${server.url}${atRoot}: answered with 503`,
    ]);
  });

  it("and is not there is an error that says so of each place", async () => {
    const gone = await closedOrigin();
    const { run } = await serving({ resourceMetadata: (document) => ({ ...document, authorization_servers: [gone] }) });
    const failure = await failureOf(run());
    expect(failure.code).toBe("discovery_failed");
    expect(failure.message).toContain(`- ${gone}${metadata}: could not be asked ("ECONNREFUSED")`);
    expect(failure.message).toContain(`- ${gone}${openid}: could not be asked ("ECONNREFUSED")`);
  });

  it("and packs 64 MiB into a small answer is read to the bound, unpacked", async () => {
    const packed = gzipSync(Buffer.alloc(64 * 1024 * 1024, " "));
    expect(packed.length).toBeLessThan(100_000);
    const { run } = await serving({
      on: {
        [metadata]: ({ response }) =>
          void response.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" }).end(packed),
      },
    });
    const failure = await failureOf(run());
    expect(failure.message).toContain("answered with more than 1048576 bytes");
  });

  it("and moves its metadata is followed, and its issuer is judged all the same (ASM-06)", async () => {
    const { server, run } = await serving({ on: { [metadata]: answerRedirect("/moved") } });
    server.script.on = {
      ...server.script.on,
      "/moved": answerJson({ issuer: `${server.issuer}/`, token_endpoint: `${server.issuer}/token` }),
    };
    expect((await failureOf(run())).message).toContain(`is for the issuer "${server.issuer}/"`);
    server.script.on = {
      ...server.script.on,
      "/moved": answerJson({ issuer: server.issuer, token_endpoint: `${server.issuer}/token` }),
    };
    expect((await run()).issuer).toBe(server.issuer);
  });

  it.each(["http://169.254.169.254/latest/meta-data/", "https://10.0.0.1/", "file:///etc/passwd"])(
    "and sends to %s ends it there",
    async (location) => {
      const { run, events, server } = await serving({ on: { [metadata]: answerRedirect(location) } });
      expect((await failureOf(run())).code).toBe("insecure_url");
      expect(events.at(-1)).toMatchObject({ url: server.url + metadata, result: "refused" });
      expect(server.requests).toHaveLength(2);
    },
  );
});
