/**
 * Small texts in a private folder that several processes share: each is replaced as a whole, and readable at any
 * instant at which a process is killed.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { open, readdir, rename, rm, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { memoryStore } from "@sallyport/auth-core";
import { SallyportError } from "@sallyport/auth-core/errors";
import { readTextFile, UnreadableFile } from "../text-file.ts";
import { breakLock, holderOf, type Lease, type LeaseOptions, LockBusy, takeLease } from "./lease.ts";
import { isGone, newOwner } from "./owner.ts";
import { checkPrivateFolder, createPrivateFolder } from "./private-folder.ts";
import { codeOf, storeFailure } from "./system-error.ts";

/** The most that a file may hold, in bytes. */
const limit = 2 * 1024 * 1024;

const longestCrash = 24 * 60 * 60 * 1000;

/** A section of code that runs under a lock. */
interface Section {
  readonly folder: string;
  readonly lease: Lease;
}

// What is written by a section is written under its locks, however deep in calls it is.
const sections = new AsyncLocalStorage<readonly Section[]>();

// The sections of this process queue up here, so that only the first of them asks the file system.
const queue = memoryStore();

export class SharedFolder {
  readonly path: string;
  readonly #options: LeaseOptions;
  #swept: Promise<void> | undefined;

  /** @param path - absolute path; made when the first text is written. */
  constructor(path: string, options: LeaseOptions) {
    this.path = path;
    this.#options = options;
  }

  /** Absolute path of the file for a text. */
  fileOf(name: string): string {
    return join(this.path, `${name}.json`);
  }

  /** The names of all texts. */
  async names(): Promise<string[]> {
    const files = await readdir(this.path).catch((error) => {
      if (codeOf(error) === "ENOENT") return [];
      throw storeFailure(`The credential folder ${this.path} cannot be read`, error);
    });
    return files.filter((file) => /^[^.].*\.json$/.test(file)).map((file) => file.slice(0, -".json".length));
  }

  /** A text, or `undefined` when there is none. */
  async read(name: string): Promise<string | undefined> {
    if (!(await checkPrivateFolder(this.path))) return undefined;
    const file = this.fileOf(name);
    try {
      return readTextFile(file, limit);
    } catch (error) {
      if (!(error instanceof UnreadableFile)) throw error;
      if (codeOf(error.cause) === "ENOENT") return undefined;
      throw new SallyportError(
        "store_unavailable",
        `The credential file ${file} cannot be read: ${error.message}. It was left as it is. Correct that, or delete it and sign in again.`,
        { cause: error },
      );
    }
  }

  /** Replace a text. When this resolves, it is on the disk; when it rejects, the old one still is. */
  async write(name: string, text: string): Promise<void> {
    await this.#prepare();
    const held = this.#heldHere();
    const draft = join(held.at(-1)?.lease.place ?? this.path, `.draft-${newOwner()}`);
    try {
      await writeDraft(draft, text);
      await this.#stillHeld(held);
      await rename(draft, this.fileOf(name));
      await flush(this.path);
    } catch (error) {
      await unlink(draft).catch(() => {});
      await this.#stillHeld(held);
      throw wrap(`The credential file ${this.fileOf(name)} cannot be written`, error);
    }
  }

  /** Remove a text, if there is one. */
  async remove(name: string): Promise<void> {
    if (!(await checkPrivateFolder(this.path))) return;
    const held = this.#heldHere();
    const draft = join(held.at(-1)?.lease.place ?? this.path, `.draft-${newOwner()}`);
    try {
      await this.#stillHeld(held);
      // Under a lock this fails once the lock is lost.
      await rename(this.fileOf(name), draft);
      await unlink(draft);
      await flush(this.path);
    } catch (error) {
      await this.#stillHeld(held);
      if (codeOf(error) === "ENOENT") return;
      throw wrap(`The credential file ${this.fileOf(name)} cannot be removed`, error);
    }
  }

  /** Run while nobody else runs with this name, in this process or another. What it throws is passed on. */
  async withLock<T>(name: string, run: () => Promise<T>): Promise<T> {
    const lock = join(this.path, `${name}.lock`);
    return queue.withLock(lock, async () => {
      const lease = await this.#take(lock);
      const outer = sections.getStore() ?? [];
      try {
        return await sections.run([...outer, { folder: this.path, lease }], run);
      } finally {
        await lease.release();
      }
    });
  }

  async #take(lock: string): Promise<Lease> {
    await this.#prepare();
    try {
      return await takeLease(lock, this.#options);
    } catch (error) {
      if (!(error instanceof LockBusy)) throw wrap(`The credential folder ${this.path} cannot be locked`, error);
      const next = "If that process hangs, end it; otherwise try again.";
      throw new SallyportError("store_unavailable", `${error.message}. ${next}`, { cause: error });
    }
  }

  async #prepare(): Promise<void> {
    await createPrivateFolder(this.path);
    // Once is enough: this process removes what it leaves behind, as long as it lives.
    this.#swept ??= sweep(this.path).catch(() => {});
    await this.#swept;
  }

  /** The locks under which the caller writes to this folder. What a section left running writes without them. */
  #heldHere(): readonly Section[] {
    const all = sections.getStore() ?? [];
    return all.filter(({ folder, lease }) => folder === this.path && !lease.released);
  }

  async #stillHeld(held: readonly Section[]): Promise<void> {
    for (const { lease } of held) {
      const lost = await stat(lease.place).then(
        () => false,
        (error) => codeOf(error) === "ENOENT",
      );
      if (!lost || lease.released) continue;
      throw new SallyportError(
        "store_unavailable",
        `This process was stopped or busy for too long and lost its lock in the credential folder ${this.path} to another one. Nothing was written, so that nothing newer is lost. Try again.`,
      );
    }
  }
}

async function writeDraft(path: string, text: string): Promise<void> {
  const draft = await open(path, "wx", 0o600);
  try {
    await draft.writeFile(text);
    await draft.sync();
  } finally {
    await draft.close();
  }
}

// Makes the rename itself last. Windows has no way to ask for it.
async function flush(folder: string): Promise<void> {
  const handle = await open(folder, "r").catch(() => undefined);
  try {
    await handle?.sync().catch(() => {});
  } finally {
    await handle?.close();
  }
}

/** Remove what processes left behind that were killed. */
async function sweep(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    if (name.endsWith(".lock")) {
      const holder = await holderOf(path);
      if (holder !== undefined && isGone(holder)) await breakLock(path, holder);
      continue;
    }
    const [, owner] = /^\.(?:claim|draft|gone)-(.+)$/.exec(name) ?? [];
    if (owner === undefined) continue;
    if (isGone(owner) || (await ageOf(path)) > longestCrash) await rm(path, { recursive: true, force: true });
  }
}

async function ageOf(path: string): Promise<number> {
  const stats = await stat(path).catch(() => undefined);
  return stats === undefined ? 0 : Date.now() - stats.mtimeMs;
}

function wrap(what: string, error: unknown): unknown {
  return error instanceof SallyportError ? error : storeFailure(what, error);
}
