/**
 * Which ways there are to ask a person, judged from what surrounds the process. Nothing is tried out.
 */
import type { Environment } from "../environment.ts";

/** What surrounds the process. */
export interface Surroundings {
  readonly platform: NodeJS.Platform;
  readonly env: Environment;
  /** Whether standard input is a terminal: somebody can type. */
  readonly stdinIsTerminal: boolean;
  /** Whether standard error is a terminal: somebody can read. */
  readonly stderrIsTerminal: boolean;
}

/** How a person can be asked. */
export interface Ways {
  /** A browser can be opened on the machine of the person. */
  readonly browser: boolean;
  /** Somebody reads what is printed. */
  readonly print: boolean;
  /** Somebody reads what is printed, and can answer. */
  readonly paste: boolean;
}

/** The surroundings of this process, now. */
export function surroundings(): Surroundings {
  return {
    platform: process.platform,
    env: process.env,
    stdinIsTerminal: process.stdin.isTTY === true,
    stderrIsTerminal: process.stderr.isTTY === true,
  };
}

/** How a person can be asked in these surroundings. */
export function waysToAsk({ platform, env, stdinIsTerminal, stderrIsTerminal }: Surroundings): Ways {
  // A pipeline has terminals at times, and desktops, but nobody sits there.
  if (isSet(env["CI"]) && !/^(?:0|false)$/i.test(env["CI"] ?? ""))
    return { browser: false, print: false, paste: false };
  return {
    browser: hasBrowser(platform, env),
    print: stdinIsTerminal || stderrIsTerminal,
    paste: stdinIsTerminal,
  };
}

/**
 * Whether there is somebody to sign in: a browser can be opened, or a terminal is there.
 *
 * @param where - the surroundings. Default: those of this process.
 *
 * @example
 * ```ts
 * import { canAskPerson } from "@sallyport/client-node";
 *
 * if (!canAskPerson()) console.error("Nobody can sign in here: use the client_credentials grant.");
 * ```
 */
export function canAskPerson(where: Surroundings = surroundings()): boolean {
  return Object.values(waysToAsk(where)).includes(true);
}

/** Whether this is Linux inside Windows, whose browser is that of Windows. */
export function isWsl(env: Environment): boolean {
  return isSet(env["WSL_DISTRO_NAME"]) || isSet(env["WSL_INTEROP"]);
}

function hasBrowser(platform: NodeJS.Platform, env: Environment): boolean {
  if (env["BROWSER"] === "none") return false;
  // Over SSH a browser would open far from the person, except the one that an editor's remote window hands through.
  const isRemote = ["SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY"].some((name) => isSet(env[name]));
  if (isRemote) return isSet(env["BROWSER"]) && isSet(env["VSCODE_IPC_HOOK_CLI"]);
  if (platform === "darwin" || platform === "win32") return true;
  return ["BROWSER", "DISPLAY", "WAYLAND_DISPLAY"].some((name) => isSet(env[name])) || isWsl(env);
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== "";
}
