/**
 * Saved sessions: `cli-sessions.json` in the session folder, mode 0600. Reading takes no lock, since the file is only
 * ever replaced as a whole.
 */
import { closeSync, fchmodSync, fstatSync, lstatSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isSallyportError, SallyportError } from "@sallyport/auth-core/errors";
import type { Context } from "../context.ts";
import { checkPrivateFolder, createPrivateFolder } from "./folder.ts";
import { sessionFolder } from "./location.ts";
import { FileBusy, replaceFile } from "./replace-file.ts";
import {
  emptySessionFile,
  formatSessionFile,
  parseSessionFile,
  type SavedSession,
  type SessionFile,
} from "./session-file.ts";
import { codeOf } from "./system-error.ts";

const sizeLimit = 16 * 1024 * 1024;

/** A session under its name. */
export interface NamedSession {
  readonly name: string;
  readonly session: SavedSession;
}

/** The sessions of a run: in the folder that its environment names. */
export function openStore({ env, warn }: Context): SessionStore {
  return new SessionStore(sessionFolder(env), warn);
}

/** The sessions in one folder. */
export class SessionStore {
  readonly #folder: string;
  readonly #warn: (message: string) => void;

  /**
   * @param folder - absolute path; made when the first session is saved.
   * @param warn - told when a file had to be protected from others.
   */
  constructor(folder: string, warn: (message: string) => void) {
    this.#folder = folder;
    this.#warn = warn;
  }

  /** Absolute path of the file. */
  get #path(): string {
    return join(this.#folder, "cli-sessions.json");
  }

  /** Everything saved. Throws `store_unavailable` when there is something that cannot be used. */
  read(): SessionFile {
    if (!checkPrivateFolder(this.#folder)) return emptySessionFile;
    const text = this.#readText();
    return text === undefined ? emptySessionFile : parseSessionFile(text, this.#path);
  }

  /**
   * One session.
   *
   * @param name - which. Default: the last connected one.
   * @throws SallyportError `server_unknown` when there is none of that name, or none at all.
   */
  get(name: string | undefined): NamedSession {
    return find(this.read(), name);
  }

  /** Save a session and make it the current one. Another one of the same name is replaced. */
  async save(name: string, session: SavedSession): Promise<void> {
    createPrivateFolder(this.#folder);
    await this.#change((file) => ({ ...file, current: name, sessions: { ...file.sessions, [name]: session } }));
  }

  /** Remember what a connection learned, unless the session was removed or connected anew meanwhile. */
  async learn({ name, session }: NamedSession, learned: Partial<SavedSession>): Promise<void> {
    await this.#change((file) => {
      const saved = Object.hasOwn(file.sessions, name) ? file.sessions[name] : undefined;
      if (saved?.connectedAt !== session.connectedAt) return undefined;
      return { ...file, sessions: { ...file.sessions, [name]: { ...saved, ...learned } } };
    });
  }

  /**
   * Forget a session. When it was the current one, the most recently connected of the others takes its place.
   *
   * @param name - which. Default: the last connected one.
   * @returns its name.
   * @throws SallyportError `server_unknown`.
   */
  async remove(name: string | undefined): Promise<string> {
    // Asked first, so that without any session no folder and no lock is needed to say so.
    let removed = this.get(name).name;
    await this.#change((file) => {
      removed = find(file, name).name;
      const { [removed]: _, ...sessions } = file.sessions;
      const { current, ...rest } = file;
      const next = current === removed ? latest(sessions) : current;
      return { ...rest, ...(next === undefined ? {} : { current: next }), sessions };
    });
    return removed;
  }

  async #change(change: (file: SessionFile) => SessionFile | undefined): Promise<void> {
    try {
      this.#refuseSpecialFile();
      await replaceFile(this.#path, (text) => {
        const file = change(text === undefined ? emptySessionFile : parseSessionFile(text, this.#path));
        return file && formatSessionFile(file);
      });
    } catch (error) {
      if (isSallyportError(error)) throw error;
      throw this.#unavailable("written", error);
    }
  }

  // A rename would put a regular file in the place of a link that somebody made on purpose.
  #refuseSpecialFile(): void {
    const stats = lstatSync(this.#path, { throwIfNoEntry: false });
    if (stats === undefined || stats.isFile()) return;
    throw new SallyportError(
      "store_unavailable",
      `The session file ${this.#path} is not a regular file. It was left as it is. Move it away, or set SALLYPORT_HOME to the folder it leads to.`,
    );
  }

  #readText(): string | undefined {
    let descriptor: number | undefined;
    try {
      this.#refuseSpecialFile();
      descriptor = openSync(this.#path, "r");
      const { mode, size } = fstatSync(descriptor);
      if (process.platform !== "win32" && (mode & 0o077) !== 0) this.#tighten(descriptor, mode);
      if (size > sizeLimit) throw new Error(`it is larger than ${sizeLimit} bytes`);
      return readFileSync(descriptor, "utf8");
    } catch (error) {
      if (isSallyportError(error)) throw error;
      if (codeOf(error) === "ENOENT") return undefined;
      throw this.#unavailable("read", error);
    } finally {
      if (descriptor !== undefined) closeSync(descriptor);
    }
  }

  #tighten(descriptor: number, mode: number): void {
    const was = (mode & 0o777).toString(8).padStart(4, "0");
    fchmodSync(descriptor, 0o600);
    this.#warn(
      `The session file ${this.#path} had mode ${was} and has 0600 now. If others use this machine, replace the credentials in it.`,
    );
  }

  #unavailable(what: "read" | "written", cause: unknown): SallyportError {
    const next =
      cause instanceof FileBusy
        ? "Other sallyport commands are writing it; try again."
        : "Check its permissions and the free space, or set SALLYPORT_HOME to a folder you can write to.";
    const why = cause instanceof FileBusy ? "busy" : codeOf(cause);
    return new SallyportError(
      "store_unavailable",
      `The session file ${this.#path} cannot be ${what} (${why}). ${next}`,
      {
        cause,
      },
    );
  }
}

function find(file: SessionFile, name: string | undefined): NamedSession {
  const wanted = name ?? file.current ?? latest(file.sessions);
  if (wanted === undefined) {
    throw new SallyportError(
      "server_unknown",
      "No server is connected. Connect one first: sallyport client connect <url> --name <name>",
    );
  }
  const session = Object.hasOwn(file.sessions, wanted) ? file.sessions[wanted] : undefined;
  if (session !== undefined) return { name: wanted, session };
  const names = Object.keys(file.sessions);
  const known = names.length === 0 ? "No server is connected." : `Connected servers: ${names.join(", ")}.`;
  throw new SallyportError(
    "server_unknown",
    `There is no connected server ${JSON.stringify(wanted)}. ${known} \`sallyport client connect\` adds one.`,
  );
}

function latest(sessions: Readonly<Record<string, SavedSession>>): string | undefined {
  return Object.entries(sessions).reduce<[string, SavedSession] | undefined>(
    (best, entry) => (best === undefined || entry[1].connectedAt > best[1].connectedAt ? entry : best),
    undefined,
  )?.[0];
}
