/**
 * The end of a sign-in, and one that another program finishes.
 */
import { readdir } from "node:fs/promises";
import type { Interaction } from "@sallyport/auth-core";
import { describe, expect, it } from "vitest";
import { failureOf } from "../interaction/support.ts";
import { browser, client, place } from "./setup.ts";

const kinds = async (folder: string) =>
  [
    ...new Set((await readdir(folder)).flatMap((name) => /^([a-z]+)-[0-9a-f]{64}(?:\.json)?$/.exec(name)?.[1] ?? [])),
  ].sort();

describe("signing out", () => {
  it("ends the tokens at the server, forgets them, and leaves the registration for the next time", async () => {
    const here = await place();
    const { interaction, opened } = browser(here.as);
    const { client: program, events } = client(here, { interaction });
    await program.createSession("notes");
    const { token = "" } = here.mcp.calls.findLast(({ status }) => status === 200) ?? {};
    await program.signOut("notes");
    expect(await here.as.verify(token)).toBeUndefined();
    expect(await kinds(here.folder.path)).toEqual(["client"]);
    expect(events).toContainEqual({ type: "signed_out", server: "notes", issuer: here.as.issuer, revoked: true });
    expect(program.getSession("notes")).toBeUndefined();
    await program.createSession("notes");
    expect(opened).toHaveLength(2);
    expect(here.as.count("registration", undefined, 201)).toBe(
      new Set(opened.map((url) => url.searchParams.get("redirect_uri"))).size,
    );
  });

  it("works in a program that has not connected", async () => {
    const here = await place();
    const { interaction } = browser(here.as);
    await client(here, { interaction }).client.createSession("notes");
    await client(here).client.signOut("notes");
    expect(here.as.count("revocation")).toBe(2);
    const error = await failureOf(client(here, { interaction: false }).client.createSession("notes"));
    expect(error.code).toBe("authorization_required");
  });

  it("is not for servers whose credential is configured", async () => {
    const here = await place();
    const { client: program } = client(here, {}, { type: "bearer", token: "configured" });
    expect((await failureOf(program.signOut("notes"))).code).toBe("auth_unsupported");
  });
});

describe("a sign-in that another program finishes", () => {
  /** Begin a sign-in and give up once the person was sent away. Returns where they were sent. */
  async function begin(here: Awaited<ReturnType<typeof place>>): Promise<URL> {
    let sent: URL | undefined;
    const interaction: Interaction = {
      open: async () => ({
        redirectUri: "http://127.0.0.1:8080/callback",
        authorize: async (url) => {
          sent = url;
          throw new Error("this program ends here");
        },
        close: async () => {},
      }),
    };
    await expect(client(here, { interaction }).client.createSession("notes")).rejects.toThrow("this program ends here");
    return sent ?? expect.unreachable("nobody was asked");
  }

  it("is finished with the callback, once, and a third program is signed in", async () => {
    const here = await place();
    const callback = await here.as.signIn(await begin(here));
    const { client: second } = client(here, { interaction: false });
    await second.finishSignIn("notes", callback);
    const session = await client(here, { interaction: false }).client.createSession("notes");
    expect(await session.listTools()).not.toEqual([]);
    expect(here.as.count("token", "authorization_code", 200)).toBe(1);
    expect((await failureOf(second.finishSignIn("notes", callback))).code).toBe("state_mismatch");
    expect(here.as.count("token")).toBe(1);
  });

  it("is not finished by the answer to another one (AUT-04)", async () => {
    const here = await place();
    await begin(here);
    const callback = new URL("http://127.0.0.1:8080/callback?code=c&state=s");
    callback.searchParams.set("iss", here.as.issuer);
    const { client: second } = client(here);
    expect((await failureOf(second.finishSignIn("notes", callback))).code).toBe("state_mismatch");
    expect(here.as.count("token")).toBe(0);
  });
});
