/**
 * A person at a browser without a screen: follows redirects, keeps cookies, fills the forms of an authorization server
 * and presses a button.
 */
import { cookieJar } from "./cookie-jar.ts";
import { type PageForm, readForm } from "./forms.ts";

/** Who signs in, and what they answer. */
export interface SignInOptions {
  /** Name of the account; any name is one. Default `"ada"`. */
  readonly account?: string;
  /** Whether the person consents. Default `"allow"`. */
  readonly decision?: "allow" | "deny";
  /**
   * Whether the redirect URI is really requested once it is reached, as a browser does. Default false: it is returned
   * unvisited.
   */
  readonly deliver?: boolean;
  /** The browser to use, with the cookies it has. Default: a new one. */
  readonly browser?: TestBrowser;
  /** Requests of a new browser. Default: the global `fetch`. */
  readonly fetch?: typeof fetch;
}

/** A browser with a cookie jar. */
export interface TestBrowser {
  /** The URLs it requested, in order. */
  readonly visited: readonly string[];
  /** Request one URL with the cookies of its server, posting `form` if there is one. Redirects are not followed. */
  request(url: URL, form?: URLSearchParams): Promise<Response>;
}

/** A sign-in without a person, in the shape that the OAuth engine asks for. */
export interface HeadlessInteraction {
  open(): Promise<{
    readonly redirectUri: string;
    authorize(url: URL): Promise<URL>;
    close(): Promise<void>;
  }>;
  /** The authorization URLs that were opened. */
  readonly opened: readonly URL[];
}

/** Where a walk through pages ended: at the URL that was looked for, or at a page without a next step. */
export interface WalkEnd {
  readonly reached: URL | undefined;
  readonly page: string;
}

/** The only password that the test authorization server takes. */
export const testPassword = "correct horse";

const maxSteps = 20;

/** A browser that nobody has used yet. */
export function testBrowser(request?: typeof fetch): TestBrowser {
  const visited: string[] = [];
  const jar = cookieJar();
  return {
    visited,
    async request(url, form) {
      visited.push(url.href);
      const response = await (request ?? fetch)(url, {
        method: form === undefined ? "GET" : "POST",
        headers: { accept: "text/html", cookie: jar.header(url) },
        redirect: "manual",
        ...(form === undefined ? {} : { body: form }),
      });
      jar.keep(url, response);
      return response;
    },
  };
}

/**
 * Sign in at the pages behind an authorization URL.
 *
 * @returns the redirect URI of the request, with the response in it.
 */
export async function signIn(authorization: string | URL, options: SignInOptions = {}): Promise<URL> {
  const start = new URL(authorization);
  const redirectUri = start.searchParams.get("redirect_uri");
  const target = redirectUri === null ? undefined : new URL(redirectUri);
  const isTarget = (url: URL) => url.origin === target?.origin && url.pathname === target.pathname;
  const { reached, page } = await walk(start, options, { isTarget });
  if (reached === undefined) throw new Error(`the sign-in ended at a page of the server: ${textOf(page)}`);
  if (options.deliver === true) await (await (options.fetch ?? fetch)(reached)).text();
  return reached;
}

/**
 * An interaction that signs in at the pages of any test server.
 *
 * @param options - who signs in; `redirectUri` is `http://127.0.0.1/callback` unless told.
 */
export function headlessInteraction(
  options: SignInOptions & { readonly redirectUri?: string } = {},
): HeadlessInteraction {
  const { redirectUri = "http://127.0.0.1/callback" } = options;
  const opened: URL[] = [];
  return {
    opened,
    open: async () => ({
      redirectUri,
      async authorize(url) {
        opened.push(url);
        return signIn(url, options);
      },
      async close() {},
    }),
  };
}

/** Follow redirects and submit forms until `isTarget` is reached, or a page without a form, or the device was refused. */
export async function walk(
  start: URL,
  options: SignInOptions,
  goal: { readonly isTarget?: (url: URL) => boolean; readonly userCode?: string },
): Promise<WalkEnd> {
  const { account = "ada", decision = "allow", browser = testBrowser(options.fetch) } = options;
  const answers: Record<string, string> = { account, password: testPassword, user_code: goal.userCode ?? "" };
  let url = start;
  let form: URLSearchParams | undefined;
  for (let step = 0; step < maxSteps; step++) {
    const response = await browser.request(url, form);
    const page = await response.text();
    const location = response.headers.get("location");
    if (location !== null) {
      [url, form] = [new URL(location, url), undefined];
      if (goal.isTarget?.(url) === true) return { reached: url, page };
      continue;
    }
    const found = readForm(page);
    if (found === undefined || form?.has("abort") === true || page.includes("not known"))
      return { reached: undefined, page };
    [url, form] = [new URL(found.action ?? url, url), fill(found, answers, decision)];
  }
  throw new Error(`the sign-in took more than ${maxSteps} steps; the last was ${url.origin}${url.pathname}`);
}

/** What a person sends: the hidden fields, the fields they know, and the button that they press. */
function fill(form: PageForm, answers: Readonly<Record<string, string>>, decision: "allow" | "deny"): URLSearchParams {
  const filled = new URLSearchParams();
  for (const { type, name, value } of form.fields) {
    const answer = type === "hidden" || value !== "" ? value : answers[name];
    if (answer !== undefined) filled.set(name, answer);
  }
  // Who refuses does so where they are asked for consent, not at the password.
  const asked = !form.fields.some(({ type }) => type === "password");
  const refusing = decision === "deny" && asked;
  const button = form.buttons.find(({ name, value }) => (name === "abort" || value === "deny") === refusing);
  if (button !== undefined && button.name !== "") filled.set(button.name, button.value);
  return filled;
}

/** The visible text of a page. */
function textOf(page: string): string {
  return page
    .replace(/<title>.*?<\/title>/g, "")
    .replace(/<[^>]*>/g, " ")
    .replace(/\s+/g, " ")
    .trim()
    .slice(0, 300);
}
