/**
 * What is written into a credential store: JSON that names again, in raw strings, whom it belongs to. The names are
 * compared when it is read, so that a value under the wrong key, or edited to another server, is no credential.
 */
import { SallyportError } from "../errors.ts";
import { isObject, parseObject } from "../json.ts";
import { type CredentialKind, credentialKey } from "./keys.ts";
import type { CredentialStore } from "./store.ts";

/** Whom a record belongs to, in raw strings. */
export type Owner = Readonly<Record<string, string>>;

/** Records of one kind and owner: at most one of them. */
export class CredentialRecord<Value extends object> {
  readonly #store: CredentialStore;
  readonly #kind: CredentialKind;
  readonly #owner: Owner;
  readonly #check: (value: Record<string, unknown>) => Value | undefined;
  readonly #key: Promise<string>;

  /** @param check - makes a typed value of foreign JSON; `undefined` when it is none. */
  constructor(
    store: CredentialStore,
    kind: CredentialKind,
    owner: Owner,
    check: (value: Record<string, unknown>) => Value | undefined,
  ) {
    this.#store = store;
    this.#kind = kind;
    this.#owner = owner;
    this.#check = check;
    this.#key = credentialKey(
      kind,
      Object.keys(owner)
        .sort()
        .flatMap((name) => [name, owner[name] ?? ""]),
    );
    // Reported to whoever uses it.
    this.#key.catch(() => {});
  }

  /**
   * The value, or `undefined` when there is none.
   *
   * @throws SallyportError `store_unavailable` when the store cannot be read, or holds something else under this key.
   */
  async read(): Promise<Value | undefined> {
    const text = await this.#guard("read", async () => this.#store.get(await this.#key));
    if (text === undefined) return undefined;
    const record = parseObject(text);
    const owner = record?.["owner"];
    const value = record?.["value"];
    if (isObject(owner) && isObject(value) && this.#isOwner(owner)) {
      const checked = this.#check(value);
      if (checked !== undefined) return checked;
    }
    throw new SallyportError(
      "store_unavailable",
      `The credential store holds something under ${await this.#key} that is not what belongs there: it was damaged or changed. Nothing of it is used. Sign out, or remove it from the store, then sign in again.`,
    );
  }

  async write(value: Value): Promise<void> {
    const text = JSON.stringify({ owner: this.#owner, value });
    await this.#guard("written", async () => this.#store.set(await this.#key, text));
  }

  async remove(): Promise<void> {
    await this.#guard("changed", async () => this.#store.delete(await this.#key));
  }

  /** Run while nobody else changes this record. */
  async locked<T>(run: () => Promise<T>): Promise<T> {
    const key = await this.#key;
    let failure: { error: unknown } | undefined;
    const outcome = await this.#guard("locked", () =>
      this.#store.withLock(key, async () => {
        try {
          return { value: await run() };
        } catch (error) {
          // What fails inside is no failure of the store.
          failure = { error };
          return undefined;
        }
      }),
    );
    if (failure !== undefined) throw failure.error;
    return (outcome as { value: T }).value;
  }

  #isOwner(owner: Record<string, unknown>): boolean {
    const names = Object.keys(this.#owner);
    return Object.keys(owner).length === names.length && names.every((name) => owner[name] === this.#owner[name]);
  }

  async #guard<T>(verb: string, use: () => Promise<T>): Promise<T> {
    try {
      return await use();
    } catch (error) {
      if (error instanceof SallyportError) throw error;
      throw new SallyportError(
        "store_unavailable",
        `The credential store cannot be ${verb} (${this.#kind}). Check where it keeps its data.`,
        { cause: error },
      );
    }
  }
}
