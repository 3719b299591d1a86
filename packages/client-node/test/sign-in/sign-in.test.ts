/**
 * Signing in from a program: the browser is opened, the answer comes to a loopback listener, and what is kept lies in files
 * that a later program finds.
 */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is how variables are written.
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { sdkV1 } from "@sallyport/auth-core/mcp/sdk-v1";
import { sdkV2 } from "@sallyport/auth-core/mcp/sdk-v2";
import { closedOrigin } from "@sallyport/testkit";
import { describe, expect, it, onTestFinished } from "vitest";
import { MCPClient } from "../../src/client.ts";
import { loopbackInteraction } from "../../src/interaction/loopback.ts";
import { failureOf } from "../interaction/support.ts";
import { browser, client, place } from "./setup.ts";

describe.each([sdkV1, sdkV2])("over $name", (sdk) => {
  it("signs in where the server asks for it, though nothing is configured, and calls a tool", async () => {
    const here = await place();
    const { interaction, opened } = browser(here.as, { account: "grace" });
    const { client: program, events } = client(here, { sdk, interaction });
    const session = await program.createSession("notes");
    const result = await session.callTool("echo", { text: "hello" });
    expect(result.content).toEqual([{ type: "text", text: "hello" }]);
    const redirectUri = opened[0]?.searchParams.get("redirect_uri") ?? "";
    expect(redirectUri).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/callback$/);
    const registration = here.as.requests.find(({ endpoint }) => endpoint === "registration");
    expect(registration?.params["redirect_uris"]).toBe(JSON.stringify([redirectUri]));
    const { token = "" } = here.mcp.calls.findLast(({ status }) => status === 200) ?? {};
    expect(await here.as.verify(token)).toMatchObject({ subject: "grace", audience: here.mcp.resource });
    expect(events.every(({ server }) => server === "notes")).toBe(true);
    expect(JSON.stringify(events)).not.toContain(token);
    // The listener is gone.
    await expect(fetch(redirectUri)).rejects.toThrow();
  });

  it("finds the tokens in a later program: no browser, no discovery, not one request to the authorization server", async () => {
    const here = await place();
    const { interaction, opened } = browser(here.as);
    await client(here, { sdk, interaction }).client.createSession("notes");
    const before = [here.as.requests.length, here.mcp.metadataRequests()];
    const session = await client(here, { sdk, interaction }).client.createSession("notes");
    await session.listTools();
    expect([here.as.requests.length, here.mcp.metadataRequests()]).toEqual(before);
    expect(here.mcp.calls.filter(({ status }) => status !== 200)).toHaveLength(1);
    expect(opened).toHaveLength(1);
  });
});

it("keeps credentials in files that only their owner can read, with the tokens in no name of one (STO-01)", async () => {
  const here = await place();
  const { interaction } = browser(here.as);
  await client(here, { interaction }).client.createSession("notes");
  const names = await readdir(here.folder.path);
  const kinds = names.flatMap((name) => /^(server|tokens|client|pending)-[0-9a-f]{64}/.exec(name)?.[1] ?? []);
  // What had begun is over: no verifier is left.
  expect([...new Set(kinds)].sort()).toEqual(["client", "server", "tokens"]);
  for (const name of names) {
    const { mode } = await stat(join(here.folder.path, name));
    expect(mode & 0o077).toBe(0);
  }
  const { token = "" } = here.mcp.calls.findLast(({ status }) => status === 200) ?? {};
  const texts = await Promise.all(
    names.filter((name) => name.startsWith("tokens-")).map((name) => readFile(join(here.folder.path, name), "utf8")),
  );
  expect(texts.some((text) => text.includes(token))).toBe(true);
});

it("refreshes in a later program, and the one before takes what that got", async () => {
  const here = await place();
  const { interaction, opened } = browser(here.as);
  const first = await client(here, { interaction }).client.createSession("notes");
  here.as.expireAccessTokens();
  const later = await client(here, { interaction }).client.createSession("notes");
  await later.listTools();
  expect(here.as.count("token", "refresh_token", 200)).toBe(1);
  await first.listTools();
  expect(here.as.count("token", "refresh_token")).toBe(1);
  expect(opened).toHaveLength(1);
});

it("uses the port, the path and the client of a config file, where keys may have underscores", async () => {
  const here = await place({ clients: [{ clientId: "notes-app", redirectUris: ["http://127.0.0.1/signed-in"] }] });
  const port = Number(new URL(await closedOrigin()).port);
  const auth = {
    type: "oauth",
    client_id: "${CLIENT_ID}",
    scope: "mcp:write",
    callback_port: port,
    redirect_path: "/signed-in",
  };
  const config = { mcpServers: { notes: { url: here.mcp.url, auth } } };
  const file = await here.folder.write("mcp.json", JSON.stringify(config));
  const { interaction, opened } = browser(here.as);
  const env = { CLIENT_ID: "notes-app", SALLYPORT_HOME: join(here.folder.path, "home") };
  const program = MCPClient.fromConfigFile(file, { interaction, env });
  onTestFinished(() => program.closeAllSessions());
  await program.createSession("notes");
  const query = opened[0]?.searchParams;
  expect(query?.get("client_id")).toBe("notes-app");
  expect(query?.get("redirect_uri")).toBe(`http://127.0.0.1:${port}/signed-in`);
  expect(query?.get("scope")?.split(" ").sort()).toEqual(["mcp:read", "mcp:write", "offline_access"]);
  expect(here.as.count("registration")).toBe(0);
  // Without a store of the caller's, the file store of the home folder.
  expect(await readdir(join(here.folder.path, "home", "credentials"))).not.toEqual([]);
});

it("writes nothing for a program that gets tokens for itself", async () => {
  const service = { clientId: "service", authentication: "client_secret_basic", clientSecret: "from-the-environment" };
  const here = await place({ clients: [{ ...service, authentication: "client_secret_basic" }] });
  const home = join(here.folder.path, "home");
  const auth = { grant: "client_credentials", clientId: "service", clientSecret: { env: "SERVICE_SECRET" } };
  const env = { SERVICE_SECRET: "from-the-environment", SALLYPORT_HOME: home };
  const { client: program, events } = client(here, { store: undefined, env }, auth);
  const session = await program.createSession("notes");
  expect((await session.callTool("add", { a: 1, b: 2 })).content).toEqual([{ type: "text", text: "3" }]);
  await expect(readdir(home)).rejects.toThrow("ENOENT");
  expect(JSON.stringify(events)).not.toContain("from-the-environment");
});

it("steps up in the browser when a tool needs more", async () => {
  const here = await place({}, { add: ["mcp:write"] });
  const { interaction, opened } = browser(here.as);
  const session = await client(here, { interaction }).client.createSession("notes");
  expect((await session.callTool("add", { a: 1, b: 2 })).content).toEqual([{ type: "text", text: "3" }]);
  expect(opened).toHaveLength(2);
});

it("keeps two people apart who share the folder", async () => {
  const here = await place();
  const of = (account: string) => {
    const { interaction, opened } = browser(here.as, { account });
    return { opened, session: () => client(here, { interaction, account }).client.createSession("notes") };
  };
  const [ada, grace] = [of("ada"), of("grace")];
  const subject = async () => {
    const { token = "" } = here.mcp.calls.findLast(({ status }) => status === 200) ?? {};
    return (await here.as.verify(token))?.subject;
  };
  for (const [person, name] of [
    [ada, "ada"],
    [grace, "grace"],
    [ada, "ada"],
  ] as const) {
    await (await person.session()).listTools();
    expect(await subject()).toBe(name);
  }
  expect([ada.opened.length, grace.opened.length]).toEqual([1, 1]);
  expect(here.as.count("registration", undefined, 201)).toBe(new Set(redirects(ada, grace)).size);
});

function redirects(...people: readonly { readonly opened: readonly URL[] }[]): (string | null)[] {
  return people.flatMap(({ opened }) => opened.map((url) => url.searchParams.get("redirect_uri")));
}

describe("what cannot work", () => {
  it("the person refuses", async () => {
    const here = await place();
    const { interaction } = browser(here.as, { decision: "deny" });
    const error = await failureOf(client(here, { interaction }).client.createSession("notes"));
    expect(error.code).toBe("authorization_denied");
    expect(here.as.count("token")).toBe(0);
  });

  it("nobody can be asked", async () => {
    const here = await place();
    const error = await failureOf(client(here, { interaction: false }).client.createSession("notes"));
    expect(error.code).toBe("authorization_required");
  });

  it("the browser cannot be opened", async () => {
    const here = await place();
    const open = () => {
      throw new Error("no display");
    };
    const interaction = loopbackInteraction({ open, onUrl: () => {} });
    await expect(client(here, { interaction }).client.createSession("notes")).rejects.toThrow("no display");
    expect(here.as.count("token")).toBe(0);
  });
});
