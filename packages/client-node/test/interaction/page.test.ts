/** The last page of a sign-in, in a real browser. */
import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loopbackInteraction } from "../../src/interaction/loopback.ts";
import { authorizationUrl } from "./support.ts";

let browser: Browser;
beforeAll(async () => {
  const executablePath = process.env["SALLYPORT_BROWSER"];
  if (executablePath === undefined)
    throw new Error("SALLYPORT_BROWSER names no browser: run npm test, which finds one.");
  // Chromium refuses its sandbox to root.
  const sandbox = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  browser = await chromium.launch({ executablePath, args: [...sandbox, "--disable-background-networking"] });
}, 60_000);
afterAll(() => browser?.close());

test.each(["light", "dark"] as const)(
  "shows in %s what happened, keeps nothing of the answer in the address, and breaks no rule of its own",
  async (colorScheme) => {
    const page = await browser.newPage({ colorScheme });
    const complaints: string[] = [];
    const requested: string[] = [];
    page.on("console", (message) => {
      // The icon that browsers ask for by themselves is not there.
      if (!message.location().url.endsWith("/favicon.ico")) complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("request", (request) => requested.push(request.url()));
    const session = await loopbackInteraction({
      onUrl: () => {},
      open: async (url) => {
        await page.goto(`${session.redirectUri}?code=c-1&state=${url.searchParams.get("state")}`);
      },
    }).open({ preferredPort: 0 });
    try {
      const callback = await session.authorize(authorizationUrl("s-1"));
      expect(callback.href).toBe(`${session.redirectUri}?code=c-1&state=s-1`);
    } finally {
      await session.close();
    }
    expect(await page.getByRole("heading").textContent()).toBe("Answer received");
    expect(await page.getByText("You can close this window").isVisible()).toBe(true);
    expect(page.url()).toBe(session.redirectUri);
    expect(await page.evaluate("history.length")).toBeLessThanOrEqual(2);
    expect(await page.evaluate("getComputedStyle(document.body).textAlign")).toBe("center");
    expect(await page.evaluate("getComputedStyle(document.documentElement).colorScheme")).toBe("light dark");
    expect(complaints).toEqual([]);
    expect(requested.filter((url) => !url.startsWith(new URL(session.redirectUri).origin))).toEqual([]);
    await page.close();
  },
  30_000,
);
