/**
 * Steps of a command, one line each: what was done and how long it took. A step that fails shows its output and,
 * where the cause is a known one, what to do about it.
 */
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";

/** The root of the repository. */
export const root = fileURLToPath(new URL("..", import.meta.url));

/** A step that did not work out; `output` is what its command printed. */
export class StepError extends Error {
  /**
   * @param {string} message
   * @param {string} [output]
   */
  constructor(message, output = "") {
    super(message);
    this.output = output;
  }
}

/**
 * Environment of every command: nothing phones home, nothing asks, and npm's own log level is not handed on.
 *
 * @type {Record<string, string | undefined>}
 */
export const environment = {
  ...process.env,
  DO_NOT_TRACK: "1",
  TURBO_TELEMETRY_DISABLED: "1",
  TURBO_NO_UPDATE_NOTIFIER: "1",
  NO_UPDATE_NOTIFIER: "1",
  npm_config_update_notifier: "false",
  npm_config_fund: "false",
  npm_config_audit: "false",
};
delete environment["npm_config_loglevel"];
delete environment["npm_config_silent"];

/** @type {Set<{ foreground: boolean; end: (signal: NodeJS.Signals) => void }>} */
const commands = new Set();

// Signals are handed to the commands that run, from the first command on.
const forwardSignals = once(() => {
  for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"])) process.on(signal, forward);
  // npm starts us through a shell, and dies without us when it is ended: that its child was left behind is a signal too.
  const parent = process.ppid;
  setInterval(() => process.ppid !== parent && forward("SIGTERM"), 1000).unref();
});

/** @type {NodeJS.Signals | undefined} */
let stoppedBy;

/** @param {"SIGINT" | "SIGTERM" | "SIGHUP"} signal */
function forward(signal) {
  stoppedBy = signal;
  if (commands.size === 0) process.exit(128 + constants.signals[signal]);
  for (const { foreground, end } of commands) {
    // Ctrl-C has reached a command in the foreground by itself, and a second one may mean "stop at once": it is sent
    // only to one that did not hear it.
    if (foreground && signal === "SIGINT") setTimeout(end, 5000, signal).unref();
    else end(signal);
  }
}

/**
 * Run a command to its end.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string; env?: Record<string, string | undefined>; minutes?: number; show?: boolean }} [options] - `show`: the command has
 * the terminal to itself, until it ends; otherwise it is ended after `minutes`.
 * @returns {Promise<{ code: number; stdout: string; output: string }>} its exit code and what it printed
 */
export function run(command, args, { cwd = root, env = {}, minutes = 15, show = false } = {}) {
  forwardSignals();
  const windows = process.platform === "win32";
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...environment, ...env },
      stdio: show ? "inherit" : ["ignore", "pipe", "pipe"],
      // npm and pnpm are .cmd files on Windows, which only a shell starts.
      shell: windows && command !== process.execPath,
      // A group of its own, so that what the command starts ends with it.
      detached: !show && !windows,
    });
    const entry = {
      foreground: show,
      end: (/** @type {NodeJS.Signals} */ signal) => {
        if (show || windows || child.pid === undefined) child.kill(signal);
        else process.kill(-child.pid, signal);
      },
    };
    commands.add(entry);
    let stdout = "";
    let output = "";
    child.stdout?.setEncoding("utf8").on("data", (text) => {
      stdout += text;
      output += text;
    });
    child.stderr?.setEncoding("utf8").on("data", (text) => {
      output += text;
    });
    const timer = show
      ? undefined
      : setTimeout(() => {
          output += `\nStopped: not done after ${minutes} minutes.\n`;
          entry.end("SIGKILL");
        }, minutes * 60_000);
    child.on("error", (error) => {
      clearTimeout(timer);
      commands.delete(entry);
      reject(new StepError(`Cannot start ${command}: ${error.message}`));
    });
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      commands.delete(entry);
      // Asked to stop, only the demo is asked for its own exit code; there is no next step.
      if (stoppedBy !== undefined && !show) process.exit(128 + constants.signals[stoppedBy]);
      resolve({ code: code ?? 128 + constants.signals[signal ?? "SIGKILL"], stdout, output });
    });
  });
}

/**
 * Run a command that must succeed.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {Parameters<typeof run>[2]} [options]
 */
export async function must(command, args, options) {
  const result = await run(command, args, options);
  if (result.code !== 0) {
    throw new StepError(`\`${[command, ...args].join(" ")}\` ended with code ${result.code}.`, result.output);
  }
  return result;
}

/** @param {() => void} action */
function once(action) {
  let done = false;
  return () => {
    if (!done) action();
    done = true;
  };
}

/** @type {Set<string>} */
const running = new Set();

/**
 * Do one step and print its line.
 *
 * @param {string} name
 * @param {() => Promise<string | void>} action - returns a note for the line
 * @returns {Promise<boolean>} whether it succeeded
 */
export async function step(name, action) {
  const start = performance.now();
  running.add(name);
  showRunning();
  /** @type {unknown} */
  let failure;
  let note = "";
  try {
    note = (await action()) ?? "";
  } catch (error) {
    failure = error;
  }
  running.delete(name);
  const seconds = ((performance.now() - start) / 1000).toFixed(1).padStart(6);
  print(`${failure === undefined ? "✓" : "✗"} ${name.padEnd(24)}${seconds} s  ${note}`.trimEnd());
  if (failure !== undefined) explain(failure);
  showRunning();
  return failure === undefined;
}

/** @param {string} line */
export function print(line) {
  process.stdout.write(process.stdout.isTTY ? `\r\u001b[K${line}\n` : `${line}\n`);
}

// On a terminal, the last line says what is being waited for.
function showRunning() {
  if (process.stdout.isTTY) process.stdout.write(`\r\u001b[K${running.size > 0 ? `… ${[...running].join(", ")}` : ""}`);
}

/** @param {unknown} failure */
function explain(failure) {
  if (!(failure instanceof StepError)) {
    print(failure instanceof Error ? (failure.stack ?? failure.message) : String(failure));
    return;
  }
  const text = stripVTControlCharacters(failure.output).trim();
  if (text !== "") print(`${text.replace(/^/gm, "  │ ")}`);
  print(`  ${failure.message}`);
  const advice = known.find(([pattern]) => pattern.test(failure.output))?.[1];
  if (advice !== undefined) print(`  ${advice}`);
}

/** @type {ReadonlyArray<readonly [RegExp, string]>} */
const known = [
  [
    /ERR_PNPM_OUTDATED_LOCKFILE/,
    "pnpm-lock.yaml does not fit a package.json: run `pnpm install` and commit the lockfile.",
  ],
  [
    /\b(ENOTFOUND|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EAI_AGAIN|ENETUNREACH|EHOSTUNREACH)\b/,
    "The package registry cannot be reached: check the network, and the proxy and registry that `npm config list` shows.",
  ],
  [
    /\b(SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_GET_ISSUER_CERT(_LOCALLY)?|UNABLE_TO_VERIFY_LEAF_SIGNATURE)\b/,
    "The registry's certificate is not trusted here: set NODE_EXTRA_CA_CERTS to the file of your network's root certificate.",
  ],
  [
    /\b(EACCES|EPERM|EROFS)\b/,
    "A folder cannot be written: own this checkout and your home folder's caches, or clone to a folder that is yours.",
  ],
  [/\bENOSPC\b/, "The disk is full: the checkout and the package caches need about 1 GB."],
];
