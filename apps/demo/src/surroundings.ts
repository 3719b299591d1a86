/** Everything the demo needs around it: servers on free loopback ports and a folder that only its owner can read. */
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TestAuthorizationServer } from "@sallyport/testkit";
import { demoProvider, drawTokens, type People, type TokenFiles, writeTokenFiles } from "./people.ts";
import { classicServer } from "./servers/classic-server.ts";
import { gateway } from "./servers/gateway.ts";
import { demoServer } from "./servers/mcp-server.ts";
import { authorizationServer, oauthServer } from "./servers/oauth-server.ts";
import { page } from "./servers/page.ts";

export interface Surroundings {
  readonly people: People;
  readonly folder: string;
  readonly tokens: TokenFiles;
  readonly configFile: string;
  readonly urls: {
    readonly server: string;
    readonly classic: string;
    readonly gateway: string;
    /** The server that people sign in to. */
    readonly oauth: string;
    readonly page: string;
  };
  /** Where they sign in. */
  readonly issuer: TestAuthorizationServer;
  /** What `mcp-config.json` refers to, beside the tokens. */
  readonly variables: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

export async function start(env: Readonly<Record<string, string | undefined>>): Promise<Surroundings> {
  const people = drawTokens(env);
  const folder = await mkdtemp(join(tmpdir(), "sallyport-demo-"));
  const closers: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })];
  const close = async (): Promise<void> => {
    for (const closer of closers.reverse().splice(0)) await closer();
  };

  try {
    const tokens = await writeTokenFiles(folder, people);
    const provider = demoProvider(people);
    const pageServer = createServer();
    const pageUrl = await listen(pageServer, closers);
    const server = await demoServer(provider, [new URL(pageUrl).origin]).listen(0);
    closers.push(() => server.close());
    const issuer = await authorizationServer(people);
    closers.push(() => issuer.close());
    const oauth = await oauthServer(issuer, (listener) => listen(listener, closers));
    closers.push(() => oauth.close());
    const urls = {
      server: server.url,
      classic: `${await listen(classicServer(provider), closers)}/mcp`,
      gateway: `${await listen(gateway(server.url, people, tokens.alicePublicKey), closers)}/mcp`,
      oauth: oauth.url,
      page: pageUrl,
    };
    pageServer.on("request", page([{ name: "Demo server", url: urls.server }]));
    const variables = {
      SERVER_URL: urls.server,
      CLASSIC_URL: urls.classic,
      GATEWAY_URL: urls.gateway,
      OAUTH_URL: urls.oauth,
      BOB_TOKEN_FILE: tokens.bobFile,
      ALICE_KEY_FILE: tokens.aliceKeyFile,
      STDIO_SERVER: fileURLToPath(new URL("./servers/stdio.js", import.meta.url)),
    };
    const configFile = fileURLToPath(new URL("../mcp-config.json", import.meta.url));
    return { people, folder, tokens, configFile, urls, issuer, variables, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function listen(server: Server, closers: (() => Promise<unknown>)[]): Promise<string> {
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  closers.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
