/**
 * Credentials in files, one each: what both stores on disk are made of.
 */
import { SallyportError } from "@sallyport/auth-core/errors";
import { type Content, formatRecord, nameOf, parseObject, parseRecord, valueLimit } from "./record.ts";
import type { SharedFolder } from "./shared-folder.ts";

export class CredentialFiles {
  readonly folder: SharedFolder;

  constructor(folder: SharedFolder) {
    this.folder = folder;
  }

  /** Absolute path of a credential's file. */
  fileOf(key: string): string {
    return this.folder.fileOf(nameOf(key));
  }

  async read(key: string): Promise<Content | undefined> {
    const text = await this.folder.read(nameOf(key));
    return text === undefined ? undefined : parseRecord(text, key, this.fileOf(key));
  }

  async write(key: string, content: Content): Promise<void> {
    await this.folder.write(nameOf(key), formatRecord(key, content));
  }

  async remove(key: string): Promise<void> {
    await this.folder.remove(nameOf(key));
  }

  async withLock<T>(key: string, run: () => Promise<T>): Promise<T> {
    return this.folder.withLock(nameOf(key), run);
  }

  /** Whether any of the files is encrypted. */
  async anySealed(): Promise<boolean> {
    for (const name of await this.folder.names()) {
      const text = await this.folder.read(name);
      if (text !== undefined && parseObject(text)?.["sealed"] !== undefined) return true;
    }
    return false;
  }
}

/** Refuses a value that no reader would take. */
export function checkValue(value: string): void {
  if (value.length <= valueLimit) return;
  const what = `A credential of ${value.length} characters was not written: at most ${valueLimit} are kept.`;
  throw new SallyportError("store_unavailable", `${what} Ask for fewer scopes or smaller tokens.`);
}
