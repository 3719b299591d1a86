/**
 * A secret that is read when it is needed, kept, and re-read once after a server refused it, so that a rotated
 * secret is picked up without a restart. It never shows itself: not in a string, JSON, a log or an inspector.
 */
import { isSallyportError, SallyportError } from "../errors.ts";
import { describeSource, type SecretInput, type SecretReader } from "./source.ts";

/** What one read of a secret gave. Two readings are two objects, even when the text is the same. */
export class Reading {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** The secret itself, in the form that is sent. A method, since inspectors call getters. */
  reveal(): string {
    return this.#text;
  }
}

/**
 * Turns a secret into what is sent, once per reading. Returns a sentence about what is wrong with it instead when it
 * cannot be sent; the sentence never quotes the secret.
 */
export type SecretWriter = (text: string) => string | { readonly problem: string };

/** A secret behind its input: a text, a source, or a function. */
export class Secret {
  readonly #input: SecretInput;
  readonly #reader: SecretReader | undefined;
  readonly #write: SecretWriter | undefined;
  readonly #fixed: Reading | undefined;
  #current: Promise<Reading> | undefined;

  /**
   * @param input - the text, where it is kept, or a function that is asked every time.
   * @param reader - reads sources; without one a source fails with `credential_source_failed`.
   * @param write - gives each reading the form that is sent. A text is written at once.
   * @throws SallyportError `credential_source_failed` when a text cannot be written.
   */
  constructor(input: SecretInput, reader?: SecretReader, write?: SecretWriter) {
    this.#input = input;
    this.#reader = reader;
    this.#write = write;
    this.#fixed = typeof input === "string" ? this.#written(input) : undefined;
  }

  /** The reading of a text, which never changes; `undefined` for sources and functions. */
  get fixed(): Reading | undefined {
    return this.#fixed;
  }

  /** The secret as last read. A source is read once and remembered, a function is asked every time. */
  async get(): Promise<Reading> {
    if (this.#fixed !== undefined) return this.#fixed;
    if (typeof this.#input === "function") return this.#remember();
    return this.#current ?? this.#remember();
  }

  /** What {@link get} gave last, where nothing is asked for it: what a function has said then. */
  async last(): Promise<Reading> {
    return this.#current ?? this.get();
  }

  /**
   * The secret after a server refused a reading of it. A source is read again once, however many requests were
   * refused with the same reading; a function is asked again; a text stays what it is.
   *
   * @returns a reading whose text equals the refused one when nothing has changed.
   */
  async renew(refused: Reading): Promise<Reading> {
    if (typeof this.#input !== "object") return this.get();
    const known = this.#current ?? this.#remember();
    const latest = await known;
    if (latest !== refused || this.#current !== known) return this.get();
    return this.#remember();
  }

  #remember(): Promise<Reading> {
    const reading = this.#read();
    this.#current = reading;
    // A failed read is not remembered: the next request tries again.
    reading.catch(() => {
      if (this.#current === reading) this.#current = undefined;
    });
    return reading;
  }

  async #read(): Promise<Reading> {
    try {
      return this.#written(await this.#text());
    } catch (error) {
      if (isSallyportError(error)) throw error;
      throw new SallyportError("credential_source_failed", `Cannot read the secret from ${this.#from()}.`, {
        cause: error,
      });
    }
  }

  async #text(): Promise<string> {
    const input = this.#input;
    if (typeof input === "string") return input;
    if (typeof input === "function") return input();
    if (this.#reader === undefined) {
      throw new SallyportError(
        "credential_source_failed",
        `Cannot read the secret from ${this.#from()}: this environment has no reader for secret sources. Pass the secret itself, a function, or a \`secrets\` reader.`,
      );
    }
    return this.#reader.read(input);
  }

  #written(text: unknown): Reading {
    if (typeof text !== "string") throw this.#unusable(`is ${text === null ? "null" : typeof text}, not a string`);
    const written = this.#write === undefined ? text : this.#write(text);
    if (typeof written === "string") return new Reading(written);
    throw this.#unusable(written.problem);
  }

  #unusable(problem: string): SallyportError {
    return new SallyportError("credential_source_failed", `The secret from ${this.#from()} ${problem}.`);
  }

  #from(): string {
    if (typeof this.#input === "string") return "the configuration";
    if (typeof this.#input === "function") return "a function";
    return describeSource(this.#input);
  }
}
