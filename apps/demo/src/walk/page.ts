/** The web page, used as a person would: in the browser that `SALLYPORT_BROWSER` names, else its files are asked for. */
import { type Browser, chromium, type LaunchOptions, type Page } from "playwright-core";
import type { Surroundings } from "../surroundings.ts";
import { expectEqual, type Report } from "./report.ts";

export async function walkPage(report: Report, { urls, people }: Surroundings): Promise<void> {
  report.section("In a browser");
  await report.step(`The page at ${urls.page}`, async (step) => {
    const config = (await (await fetch(`${urls.page}/config.json`)).json()) as { servers: { url: string }[] };
    step.back(`config.json offers ${config.servers.map(({ url }) => url).join(", ")}`);
    expectEqual((await fetch(urls.page)).status, 200, "the page's status");

    const browser = process.env["SALLYPORT_BROWSER"];
    if (browser === undefined) {
      step.back("No browser was found on this machine; open the page in one of yours.");
      return;
    }
    await withPage(await chromium.launch(launchOptions(browser)), async (page) => {
      await page.goto(urls.page);
      await page.getByLabel("Token").fill(people.alice);
      await page.getByRole("button", { name: "Connect" }).click();
      step.sent("the token, typed into the page");
      const who = page.getByTestId("whoami");
      await who.waitFor();
      step.back(`the page says: ${await who.textContent()}`);
      expectEqual(await who.textContent(), "alice <alice@example.com>", "the person shown");
    });
  });
}

function launchOptions(executablePath: string): LaunchOptions {
  return {
    executablePath,
    // The demo itself hears of Ctrl-C, and closes the browser with the rest.
    handleSIGINT: false,
    handleSIGTERM: false,
    // Chromium refuses its sandbox to root, and without these switches it calls home at every start.
    args: [
      ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--no-first-run",
    ],
  };
}

async function withPage(browser: Browser, use: (page: Page) => Promise<void>): Promise<void> {
  try {
    await use(await browser.newPage());
  } finally {
    await browser.close();
  }
}
