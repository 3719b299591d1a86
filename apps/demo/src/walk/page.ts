/** The web page, used as a person would: in a browser where there is one, otherwise its files are asked for. */
import { type Browser, chromium, type Page } from "playwright-core";
import { launchOptions } from "../browser.ts";
import type { Surroundings } from "../surroundings.ts";
import { expectEqual, type Report } from "./report.ts";

export async function walkPage(report: Report, { urls, people }: Surroundings): Promise<void> {
  report.section("In a browser");
  await report.step(`The page at ${urls.page}`, async (step) => {
    const config = (await (await fetch(`${urls.page}/config.json`)).json()) as { servers: { url: string }[] };
    step.back(`config.json offers ${config.servers.map(({ url }) => url).join(", ")}`);
    expectEqual((await fetch(urls.page)).status, 200, "the page's status");

    const options = launchOptions(process.env);
    if (options === undefined) {
      step.back("No browser was found on this machine; open the page in one of yours.");
      return;
    }
    await withPage(await chromium.launch(options), async (page) => {
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

async function withPage(browser: Browser, use: (page: Page) => Promise<void>): Promise<void> {
  try {
    await use(await browser.newPage());
  } finally {
    await browser.close();
  }
}
