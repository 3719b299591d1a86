/**
 * A secret that is read when it is needed, kept, and re-read once after a server refused it, so that a rotated
 * secret is picked up without a restart. It never shows itself: not in a string, JSON, a log or an inspector.
 */
import { SallyportError } from "../errors.ts";
import { describeSource, type SecretInput, type SecretReader } from "./source.ts";

/** What one read of a secret gave. Two readings are two objects, even when the text is the same. */
export class Reading {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** The secret itself. */
  get text(): string {
    return this.#text;
  }
}

/** A secret behind its input: a text, a source, or a function. */
export class Secret {
  readonly #input: SecretInput;
  readonly #reader: SecretReader | undefined;
  #current: Promise<Reading> | undefined;

  /**
   * @param input - the text, where it is kept, or a function that is asked every time.
   * @param reader - reads sources; without one a source fails with `credential_source_failed`.
   */
  constructor(input: SecretInput, reader?: SecretReader) {
    this.#input = input;
    this.#reader = reader;
  }

  /** The secret as last read. A source is read once and remembered, a function is asked every time. */
  get(): Promise<Reading> {
    if (typeof this.#input === "function") return this.#read();
    return this.#current ?? this.#remember();
  }

  /**
   * The secret after a server refused a reading of it. A source is read again once, however many requests were
   * refused with the same reading; a text stays what it is.
   *
   * @returns a reading whose text equals the refused one when nothing has changed.
   */
  async renew(refused: Reading): Promise<Reading> {
    if (typeof this.#input !== "object") return this.get();
    const known = this.get();
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
    const input = this.#input;
    if (typeof input === "string") return new Reading(input);
    if (typeof input === "function") return new Reading(await input());
    if (this.#reader === undefined) {
      throw new SallyportError(
        "credential_source_failed",
        `Cannot read the secret from ${describeSource(input)}: this environment has no reader for secret sources. Pass the secret itself, a function, or a \`secrets\` reader.`,
      );
    }
    return new Reading(await this.#reader.read(input));
  }
}
