/**
 * The pages that the loopback listener answers with. They repeat nothing of what was sent, load nothing, and say no
 * more than is known: whether the answer leads to a token is found out later.
 */
import { createHash } from "node:crypto";
import type { OutgoingHttpHeaders } from "node:http";

/** One page, with its status. */
export interface Page {
  readonly status: number;
  readonly title: string;
  readonly text: string;
}

type PageName = "received" | "refused" | "repeated" | "foreign" | "prefetch" | "missing" | "method" | "misdirected";

/** What can be said to whoever calls. */
export const pages: Readonly<Record<PageName, Page>> = {
  received: {
    status: 200,
    title: "Answer received",
    text: "The application has it, and says whether you are signed in. You can close this window.",
  },
  refused: {
    status: 200,
    title: "Not signed in",
    text: "The sign-in page answered that you are not signed in. The application says why. You can close this window.",
  },
  repeated: {
    status: 200,
    title: "Already answered",
    text: "The application has the answer of this sign-in already. You can close this window.",
  },
  foreign: {
    status: 400,
    title: "Not the sign-in that is waiting",
    text: "This address does not belong to the sign-in that the application waits for. Start again from the application.",
  },
  prefetch: { status: 503, title: "Not now", text: "This page is for one visit only, and cannot be loaded ahead." },
  missing: { status: 404, title: "Nothing here", text: "There is no page at this address." },
  method: { status: 405, title: "Not like this", text: "This page can only be opened." },
  misdirected: { status: 421, title: "Wrong address", text: "This page does not go by that name." },
};

const style =
  "body{margin:20vh auto 0;max-width:28rem;padding:0 1rem;text-align:center;font:1rem/1.5 system-ui,sans-serif}:root{color-scheme:light dark}h1{font-size:1.4rem}";
// The code is good for one exchange, and still need not stay in the address bar and the history.
const script = 'history.replaceState(null,"",location.pathname)';

const policy = [
  "default-src 'none'",
  `style-src '${hash(style)}'`,
  `script-src '${hash(script)}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** The page as HTML. */
export function render({ title, text }: Page): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<style>${style}</style>
<h1>${title}</h1>
<p>${text}</p>
<script>${script}</script>
</html>
`;
}

/** The headers of every page. */
export function pageHeaders(page: Page): OutgoingHttpHeaders {
  return {
    "content-type": "text/html; charset=utf-8",
    "content-length": Buffer.byteLength(render(page)),
    "content-security-policy": policy,
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-resource-policy": "same-origin",
    connection: "close",
    ...(page.status === 405 ? { allow: "GET, HEAD" } : {}),
  };
}

function hash(text: string): string {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}
