/**
 * The content of the session file, version 1. Keys that this version does not know are kept as they are, so that a
 * newer command's additions survive an older one; a higher `version` is refused instead of guessed at.
 */
import { SallyportError } from "@sallyport/auth-core/errors";
import { isObject, parseJson } from "../json.ts";

/** The whole file. */
export interface SessionFile {
  readonly version: 1;
  /** The server that commands without a name talk to: the last connected one. */
  readonly current?: string;
  readonly sessions: Readonly<Record<string, SavedSession>>;
}

/** What the next command needs to know so that it needs no flags. */
export interface SavedSession {
  /** The server's entry as a config file would hold it. Holds credentials. */
  readonly server: Readonly<Record<string, unknown>>;
  /** When it was connected, ISO 8601. */
  readonly connectedAt: string;
  readonly serverInfo?: { readonly name: string; readonly version: string };
  readonly protocolVersion?: string;
  /** What connecting taught about the server, so that the next connection need not ask again. */
  readonly prior?: unknown;
}

export const emptySessionFile: SessionFile = { version: 1, sessions: {} };

/**
 * Read the text of a session file.
 *
 * @param path - where it came from, for the message.
 * @throws SallyportError `store_unavailable` for anything that this version did not write.
 */
export function parseSessionFile(text: string, path: string): SessionFile {
  const json = parseJson(text);
  if ("problem" in json) throw refuse(path, json.problem);
  const { value } = json;
  if (!isObject(value) || !("version" in value)) throw refuse(path, "it has no `version`");
  if (typeof value["version"] === "number" && value["version"] > 1) {
    throw new SallyportError(
      "store_unavailable",
      `The session file ${path} was written by a newer version of sallyport (format ${value["version"]}). It was left as it is. Update sallyport, or set SALLYPORT_HOME to another folder.`,
    );
  }
  if (value["version"] !== 1) throw refuse(path, "its `version` is not 1");
  if (value["current"] !== undefined && typeof value["current"] !== "string") {
    throw refuse(path, "`current` is not a name");
  }
  if (!isObject(value["sessions"])) throw refuse(path, "`sessions` is not an object");
  for (const [name, session] of Object.entries(value["sessions"])) {
    if (!isSavedSession(session))
      throw refuse(path, `\`sessions\` has an entry ${JSON.stringify(name)} without a server`);
  }
  return value as unknown as SessionFile;
}

/** The text of a session file. */
export function formatSessionFile(file: SessionFile): string {
  return `${JSON.stringify(file, null, 2)}\n`;
}

function isSavedSession(value: unknown): value is SavedSession {
  if (!isObject(value) || !isObject(value["server"]) || typeof value["connectedAt"] !== "string") return false;
  const { serverInfo, protocolVersion } = value;
  if (protocolVersion !== undefined && typeof protocolVersion !== "string") return false;
  if (serverInfo === undefined) return true;
  return isObject(serverInfo) && typeof serverInfo["name"] === "string" && typeof serverInfo["version"] === "string";
}

function refuse(path: string, why: string): SallyportError {
  return new SallyportError(
    "store_unavailable",
    `The session file ${path} is not one that sallyport can use: ${why}. It was left as it is. Repair it, or move it away and connect again: mv '${path}' '${path}.broken'`,
  );
}
