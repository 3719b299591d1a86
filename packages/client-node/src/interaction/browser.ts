/**
 * Opens a URL in the person's browser (AUT-07) with a program and its arguments, never a line for a shell (URL-03).
 */
import { spawn } from "node:child_process";
import { SallyportError } from "@sallyport/auth-core";
import type { Environment } from "../environment.ts";
import { isLoopback } from "../network/proxy-route.ts";
import { isWsl } from "./ways.ts";

export interface OpenBrowserOptions {
  readonly platform?: NodeJS.Platform;
  readonly env?: Environment;
  /** A program that has run this long has opened the page, in milliseconds: some browsers stay in the foreground. */
  readonly graceMs?: number;
}

/** A program and its arguments; the URL comes last. */
type Opener = readonly [program: string, ...args: string[]];

/**
 * Open a URL in the browser.
 *
 * `BROWSER` names the program to use, with arguments after spaces; in them `%s` stands for the URL, which otherwise
 * comes last. Quotes, variables and lists of programs are not understood.
 *
 * Resolves when the opener has ended well or runs on; rejects with `insecure_url` (URL-01, URL-02), or with
 * `authorization_required` when no program could open it.
 */
export async function openBrowser(url: URL, options: OpenBrowserOptions = {}): Promise<void> {
  const { platform = process.platform, env = process.env, graceMs = 5_000 } = options;
  const { href } = requireOpenable(url);
  const failures: string[] = [];
  for (const opener of openers(platform, env)) {
    const failure = await run(withUrl(opener, href), env, graceMs);
    if (failure === undefined) return;
    failures.push(`${opener[0]} ${failure}`);
  }
  const tried = failures.length === 0 ? "BROWSER is none" : failures.join("; ");
  throw new SallyportError(
    "authorization_required",
    `The browser could not be opened: ${tried}. Open the URL by hand, or set BROWSER to the program of a browser.`,
  );
}

/** The URL itself. Throws `insecure_url` unless it is https, or http on this machine (URL-01, URL-02). */
export function requireOpenable(url: URL): URL {
  const isWeb = url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname));
  if (isWeb && url.username === "" && url.password === "") return url;
  const shown = `${url.protocol}//${url.host}`.slice(0, 200);
  throw new SallyportError(
    "insecure_url",
    `Will not send anybody to ${shown} to sign in: only https, or http on this machine, and no user name in the URL.`,
  );
}

/** What to try, in order. */
export function openers(platform: NodeJS.Platform, env: Environment): readonly Opener[] {
  const chosen = env["BROWSER"]?.trim();
  if (chosen === "none") return [];
  const own = chosen ? [chosen.split(/\s+/) as [string, ...string[]]] : [];
  return [...own, ...systemOpeners(platform, env)];
}

function systemOpeners(platform: NodeJS.Platform, env: Environment): Opener[] {
  switch (platform) {
    case "darwin":
      return [["/usr/bin/open"]];
    case "win32":
      // By its full path: Windows looks into the working directory first.
      return [[`${env["SystemRoot"] || "C:\\Windows"}\\System32\\rundll32.exe`, "url.dll,FileProtocolHandler"]];
    default:
      return isWsl(env) ? [["wslview"], ["rundll32.exe", "url.dll,FileProtocolHandler"], ["xdg-open"]] : [["xdg-open"]];
  }
}

function withUrl(opener: Opener, url: string): Opener {
  const [program, ...args] = opener;
  const filled = args.map((arg) => arg.replaceAll("%s", () => url));
  return args.some((arg) => arg.includes("%s")) ? [program, ...filled] : [...opener, url];
}

/** Why the program did not open the page; nothing when it did. */
function run([program, ...args]: Opener, env: Environment, graceMs: number): Promise<string | undefined> {
  return new Promise((done) => {
    try {
      const child = spawn(program, args, {
        env: { ...env },
        detached: true,
        stdio: "ignore",
        shell: false,
        windowsHide: true,
      });
      child.unref();
      const timer = setTimeout(() => done(undefined), graceMs).unref();
      const end = (failure: string | undefined): void => {
        clearTimeout(timer);
        done(failure);
      };
      child.once("error", (error: NodeJS.ErrnoException) => end(reasonOf(error)));
      child.once("exit", (code, signal) => end(code === 0 ? undefined : `ended with ${signal ?? `exit code ${code}`}`));
    } catch (error) {
      done(reasonOf(error as NodeJS.ErrnoException));
    }
  });
}

function reasonOf({ code }: NodeJS.ErrnoException): string {
  if (code === "ENOENT") return "was not found";
  if (code === "EACCES") return "may not be executed";
  return `could not be started (${code})`;
}
