/**
 * Small text files: configuration, env files, secrets. Only regular files of UTF-8 text up to a size, read at once,
 * so that a constructor can fail instead of the first request.
 */
import { Buffer } from "node:buffer";
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";

/** Why a file cannot be used. The message ends the sentence "Cannot read <path>: …" and holds nothing of the content. */
export class UnreadableFile extends Error {
  override get name(): string {
    return "UnreadableFile";
  }
}

/**
 * The text of a file, without a byte order mark.
 *
 * @param path - absolute path of the file.
 * @param limit - the most the file may hold, in bytes.
 * @throws {@link UnreadableFile}
 */
export function readTextFile(path: string, limit: number): string {
  const file = open(path);
  try {
    const stats = fstatSync(file);
    if (stats.isDirectory()) throw new UnreadableFile("it is a folder");
    // A pipe or a device could block for ever or never end.
    if (!stats.isFile()) throw new UnreadableFile("it is not a regular file");
    return decodeUtf8(readUpTo(file, limit));
  } catch (error) {
    throw unreadable(error);
  } finally {
    closeSync(file);
  }
}

function open(path: string): number {
  try {
    // Non-blocking: opening a named pipe would otherwise wait for a writer. Windows has no such flag.
    return openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    throw unreadable(error);
  }
}

// The size that a file reports may be wrong (/proc) or change meanwhile: what counts is what can be read.
function readUpTo(file: number, limit: number): Buffer {
  const buffer = Buffer.alloc(limit + 1);
  let length = 0;
  while (length < buffer.length) {
    const count = readSync(file, buffer, length, buffer.length - length, null);
    if (count === 0) return buffer.subarray(0, length);
    length += count;
  }
  throw new UnreadableFile(`it is larger than ${limit / 1024} KiB`);
}

/** Text from bytes, without a byte order mark. Throws {@link UnreadableFile} unless they are UTF-8. */
export function decodeUtf8(bytes: Buffer): string {
  const mark = bytes.subarray(0, 2).toString("hex");
  if (mark === "fffe" || mark === "feff") throw new UnreadableFile("it is UTF-16 text; save it as UTF-8");
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new UnreadableFile("it is not UTF-8 text");
  }
}

/** Editors and commands end a text with one newline; a second one was meant. */
export function withoutNewline(text: string): string {
  return text.replace(/\r?\n$/, "");
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "it does not exist",
  ENOTDIR: "a part of the path is not a folder",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EISDIR: "it is a folder",
  ELOOP: "it is a symbolic link that leads back to itself",
};

function unreadable(error: unknown): UnreadableFile {
  if (error instanceof UnreadableFile) return error;
  const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
  return new UnreadableFile(reasons[code] ?? `reading it failed (${code})`, { cause: error });
}
