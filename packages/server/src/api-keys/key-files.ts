/**
 * The files of `fileKeyStore`: `<id>.json` holds a record, `<id>.revoked` and `<id>.used` a time each.
 */
import { randomUUID } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { link, mkdir, open, readdir, rename, stat, unlink } from "node:fs/promises";
import { join, resolve } from "node:path";
import { SallyportError } from "@sallyport/auth-core";
import { isKeyId } from "./key-format.ts";
import { type ApiKeyRecord, damaged, isTime, type StoredApiKey } from "./store.ts";

/** A folder of keys that can be used. */
export interface KeyFiles {
  find(id: string): Promise<StoredApiKey | undefined>;
  list(): Promise<readonly StoredApiKey[]>;
  put(record: ApiKeyRecord): Promise<void>;
  revoke(id: string, at: number): Promise<void>;
  touch(id: string, at: number): Promise<void>;
}

/** Make the folder, or check the one that is there. Rejects with `store_unavailable` when keys in it could be anybody's. */
export async function openKeyFiles(path: string): Promise<KeyFiles> {
  const folder = resolve(path);
  await inStore(folder, () => mkdir(folder, { recursive: true, mode: 0o700 }));
  await checkFolder(folder);
  return new Files(folder);
}

type Kind = "json" | "revoked" | "used";

class Files implements KeyFiles {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async find(id: string): Promise<StoredApiKey | undefined> {
    const record = this.#read(id, "json");
    if (record === undefined) {
      // Without its folder nobody has a key, and that is no answer.
      await checkFolder(this.#folder);
      return undefined;
    }
    const revokedAt = this.#readTime(id, "revoked");
    // What it is, whoever asks will see.
    return { ...(record as ApiKeyRecord), ...(revokedAt !== undefined && { revokedAt }) };
  }

  async list(): Promise<readonly StoredApiKey[]> {
    const names = await inStore(this.#folder, () => readdir(this.#folder));
    const keys: StoredApiKey[] = [];
    for (const name of names) {
      const id = name.replace(/\.json$/, "");
      if (id === name || !isKeyId(id)) continue;
      const key = await this.find(id);
      const lastUsedAt = this.#readTime(id, "used");
      if (key !== undefined) keys.push({ ...key, ...(lastUsedAt !== undefined && { lastUsedAt }) });
    }
    return keys;
  }

  async put(record: ApiKeyRecord): Promise<void> {
    await this.#replace(record.id, "json", record, rename);
  }

  async revoke(id: string, at: number): Promise<void> {
    // The first revocation stays: a link does not replace what is there.
    await this.#replace(id, "revoked", at, async (draft, file) => {
      await link(draft, file).catch(unless("EEXIST"));
      await unlink(draft);
    });
  }

  async touch(id: string, at: number): Promise<void> {
    await this.#replace(id, "used", at, rename);
  }

  #file(id: string, kind: Kind): string {
    return join(this.#folder, `${id}.${kind}`);
  }

  // Not through the thread pool: that takes thirty times as long as reading a file so small, at every request.
  #read(id: string, kind: Kind): unknown {
    if (!isKeyId(id)) return undefined;
    const file = this.#file(id, kind);
    let text: string;
    try {
      if (statSync(file, { throwIfNoEntry: false }) === undefined) return undefined;
      text = readFileSync(file, "utf8");
    } catch (error) {
      throw unusable(file, error);
    }
    try {
      return JSON.parse(text);
    } catch {
      throw damaged(id);
    }
  }

  #readTime(id: string, kind: Kind): number | undefined {
    const time = this.#read(id, kind);
    if (time === undefined || isTime(time)) return time;
    throw damaged(id);
  }

  /** Write a file beside the one that it becomes by `place`. When this resolves, it is on the disk. */
  async #replace(
    id: string,
    kind: Kind,
    value: unknown,
    place: (draft: string, file: string) => Promise<void>,
  ): Promise<void> {
    const file = this.#file(id, kind);
    const draft = join(this.#folder, `.draft-${randomUUID()}`);
    await inStore(file, async () => {
      try {
        await writeDraft(draft, JSON.stringify(value));
        await place(draft, file);
      } catch (error) {
        await unlink(draft).catch(() => {});
        throw error;
      }
      await flush(this.#folder);
    });
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

// Makes the new name last. Windows has no way to ask for it.
async function flush(folder: string): Promise<void> {
  const handle = await open(folder, "r").catch(() => undefined);
  try {
    await handle?.sync().catch(() => {});
  } finally {
    await handle?.close();
  }
}

// Whoever can write to the folder can make keys.
async function checkFolder(folder: string): Promise<void> {
  const { mode, uid } = await inStore(folder, () => stat(folder));
  if (process.platform === "win32") return;
  if (uid !== process.getuid?.()) throw unavailable(folder, "belongs to another user", "Choose a folder of your own.");
  if ((mode & 0o022) !== 0) {
    const what = "can be written to by others, who may have put keys there";
    throw unavailable(folder, what, `Look at what is in it, then run: chmod 700 '${folder}'`);
  }
}

async function inStore<T>(path: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof SallyportError) throw error;
    throw unusable(path, error);
  }
}

function unusable(path: string, error: unknown): SallyportError<"store_unavailable"> {
  return unavailable(path, `cannot be used (${codeOf(error)})`, "Check the disk and its permissions.", error);
}

function unavailable(path: string, what: string, next: string, cause?: unknown): SallyportError<"store_unavailable"> {
  const options = cause === undefined ? {} : { cause };
  return new SallyportError("store_unavailable", `The key store ${path} ${what}. ${next}`, options);
}

function unless(code: string): (error: unknown) => undefined {
  return (error) => {
    if (codeOf(error) !== code) throw error;
  };
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown error";
}
