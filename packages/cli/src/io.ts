/**
 * What a command touches of the process it runs in, so that commands can be run in a test as well as in a terminal.
 */

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A stream that text is printed to: `process.stdout` is one. */
export interface Output {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  hasColors?(): boolean;
  write(text: string): unknown;
}

/** The surroundings of one run of the command. */
export interface Io {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly stdin: AsyncIterable<Uint8Array | string>;
  readonly env: Environment;
  /** Absolute path of the working directory. */
  readonly cwd: string;
  /** Aborted when the person wants it to end. Its reason is the name of the signal: `SIGINT`. */
  readonly signal: AbortSignal;
}
