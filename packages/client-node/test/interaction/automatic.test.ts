/** The choice between browser, device code and paste: https://github.com/anthropics/claude-code/issues/20215 */
import type { DeviceCode } from "@sallyport/auth-core";
import { listen, type RunningServer } from "@sallyport/testkit";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type AutomaticInteractionOptions, automaticInteraction } from "../../src/interaction/automatic.ts";
import type { Surroundings } from "../../src/interaction/ways.ts";
import { authorizationUrl, failureOf, visit } from "./support.ts";

const terminal: Surroundings = { platform: "linux", env: {}, stdinIsTerminal: true, stderrIsTerminal: true };
const piped: Surroundings = { ...terminal, stdinIsTerminal: false };
const nothing: Surroundings = { ...piped, stderrIsTerminal: false };
const desktop: Surroundings = { ...nothing, env: { DISPLAY: ":0" } };
const elsewhere = "https://app.example/callback";

// Who listens takes another port than this; who asks for a paste does not mind.
let taken: RunningServer;
beforeAll(async () => {
  taken = await listen((_, response) => void response.end());
});
afterAll(() => taken.close());

/** Whether the interaction listens or asks, or with which code it fails. */
async function wayOf(options: AutomaticInteractionOptions, redirectUri?: string): Promise<string> {
  try {
    const session = await automaticInteraction(options).open({ preferredPort: taken.port, redirectUri });
    await session.close();
    return [redirectUri, `http://127.0.0.1:${taken.port}/callback`].includes(session.redirectUri) ? "asks" : "listens";
  } catch (error) {
    return (error as { code: string }).code;
  }
}

const open = (): void => {};
const ask = async (): Promise<string> => "code=c&state=s-1";

describe("chooses", () => {
  test.each([
    ["on a desktop", desktop, {}, "listens", false],
    ["on a desktop with a terminal", { ...desktop, stdinIsTerminal: true }, {}, "listens", false],
    ["in a terminal", terminal, {}, "asks", true],
    ["over SSH", { ...terminal, env: { SSH_CONNECTION: "a 1 b 2", DISPLAY: ":10" } }, {}, "asks", true],
    ["where only somebody reads", piped, {}, "authorization_required", true],
    ["where nobody is", nothing, {}, "authorization_required", false],
    ["in CI with a desktop", { ...desktop, env: { DISPLAY: ":0", CI: "true" } }, {}, "authorization_required", false],
    ["where nobody is, with a browser of the caller's", nothing, { open }, "listens", false],
    ["where nobody is, with a question of the caller's", nothing, { ask }, "asks", false],
    ["where nobody is, with a place for the code", nothing, { onDeviceCode: open }, "authorization_required", true],
  ] as const)("%s", async (_, where, options, way, prefersDeviceCode) => {
    const all = { surroundings: () => where, ...options };
    expect(await wayOf(all)).toBe(way);
    expect(automaticInteraction(all).prefersDeviceCode).toBe(prefersDeviceCode);
  });

  test.each([
    ["a paste on a desktop with a terminal", { ...desktop, stdinIsTerminal: true }, "asks"],
    ["a paste in a terminal", terminal, "asks"],
    ["nothing on a desktop alone", desktop, "authorization_required"],
  ] as const)("%s when the answer goes to another machine", async (_, where, way) => {
    expect(await wayOf({ surroundings: () => where }, elsewhere)).toBe(way);
  });

  test("anew for each sign-in", async () => {
    let where = nothing;
    const interaction = automaticInteraction({ surroundings: () => where });
    expect((await failureOf(interaction.open({}))).code).toBe("authorization_required");
    where = desktop;
    const session = await interaction.open({ preferredPort: 0 });
    await session.close();
    where = terminal;
    expect(interaction.prefersDeviceCode).toBe(true);
  });
});

describe("when nobody can be asked, the error names what there is", () => {
  test("at all", async () => {
    const { message } = await failureOf(automaticInteraction({ surroundings: () => nothing }).open({}));
    for (const option of ["terminal", "credential store", "client_credentials", "device_code"]) {
      expect(message).toContain(option);
    }
  });

  test("for an answer that goes to another machine", async () => {
    const opening = automaticInteraction({ surroundings: () => desktop }).open({ redirectUri: elsewhere });
    expect((await failureOf(opening)).message).toMatch(/app\.example.*pasted.*leave callbackUrl out/);
  });
});

describe("hands its options on", () => {
  test("to the browser", async () => {
    const onUrl = vi.fn();
    const session = await automaticInteraction({
      surroundings: () => nothing,
      host: "localhost",
      onUrl,
      open: async (url) => {
        const { port } = new URL(session.redirectUri);
        const host = `localhost:${port}`;
        await visit(`http://127.0.0.1:${port}/callback?code=c&state=${url.searchParams.get("state")}`, "GET", { host });
      },
    }).open({ preferredPort: 0 });
    expect((await session.authorize(authorizationUrl("s-1"))).hostname).toBe("localhost");
    expect(onUrl).toHaveBeenCalledOnce();
    await session.close();
  });

  test("to the paste, which opens a browser too where there is one", async () => {
    const opened: string[] = [];
    const options = { onUrl: () => {}, ask, open: (url: URL) => void opened.push(url.host) };
    const session = await automaticInteraction({ surroundings: () => desktop, ...options }).open({
      redirectUri: elsewhere,
    });
    expect((await session.authorize(authorizationUrl("s-1"))).href).toBe(`${elsewhere}?code=c&state=s-1`);
    expect(opened).toEqual(["as.example"]);
  });

  test("to the device code", async () => {
    const onDeviceCode = vi.fn();
    const code: DeviceCode = { userCode: "A-B", verificationUri: "https://as.example/device", expiresAt: 0 };
    await automaticInteraction({ onDeviceCode }).showDeviceCode?.(code);
    expect(onDeviceCode).toHaveBeenCalledExactlyOnceWith(code);
  });
});
