/**
 * Somebody at a browser, as a program that stands in for both: `BROWSER` names it, and it signs in at the page that it is
 * told to open.
 */
import { headlessInteraction } from "@sallyport/testkit";

const [account = "", url = ""] = process.argv.slice(2);
const browser = await headlessInteraction({ account, deliver: true }).open();
await browser.authorize(new URL(url));
