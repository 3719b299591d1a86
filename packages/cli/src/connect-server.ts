/**
 * A connection for the length of one command: opened, used, and closed whatever happens, Ctrl-C included.
 */
import { type HttpServerConfig, parseServerConfig, type SecretReader } from "@sallyport/auth-core";
import type { Implementation, Session } from "@sallyport/auth-core/mcp";
import { HttpSession, MCPClient, nodeSecrets } from "@sallyport/client-node";
import type { Context } from "./context.ts";
import { credentialStore } from "./credential-store.ts";
import { secretsOf } from "./output/describe-server.ts";
import type { SavedSession } from "./sessions/session-file.ts";
import { openStore } from "./sessions/session-store.ts";
import { version } from "./version.ts";

/** A server to connect to. */
export interface Target {
  readonly name: string;
  /** Its entry, in the form of the config schema. */
  readonly server: Readonly<Record<string, unknown>>;
  /** What an earlier connection learned. */
  readonly prior?: unknown;
}

/** What a connection taught about its server. */
export type Learned = Pick<SavedSession, "serverInfo" | "protocolVersion" | "prior">;

/** What every command that connects can be told. */
export interface ConnectionOptions {
  /** Bound on connecting and on each request, in seconds. Default: the session's own. */
  readonly timeout?: number;
}

export interface ResumeOptions extends ConnectionOptions {
  /** The saved server. Default: the last connected one. */
  readonly name?: string;
}

// Characters of JSON.
const priorLimit = 64 * 1024;

const clientInfo = { name: "sallyport", version };

/**
 * Connect, use the session, and close it.
 *
 * @throws ConfigError for the entry, SallyportError from connecting, and what `use` throws.
 */
export async function connectServer<T>(
  context: Context,
  target: Target,
  use: (session: Session) => Promise<T>,
  { timeout }: ConnectionOptions,
): Promise<{ readonly result: T; readonly learned: Learned }> {
  const config = parseServerConfig(target.server);
  for (const secret of secretsOf(config, context.env)) context.redactor.add(secret);
  context.signal.throwIfAborted();
  const options = { clientInfo, ...(timeout !== undefined && { timeoutMs: timeout * 1000 }) };
  const connection = config.kind === "http" ? http(context, target, config, options) : stdio(context, target, options);
  const close = (): void => void connection.close();
  context.signal.addEventListener("abort", close, { once: true });
  try {
    const session = await connection.open();
    const result = await use(session);
    return { result, learned: learnedFrom(session) };
  } finally {
    context.signal.removeEventListener("abort", close);
    await connection.close();
  }
}

/** Connect to a saved server, use the session, close it, and remember what is new about the server. */
export async function resumeServer<T>(
  context: Context,
  options: ResumeOptions,
  use: (session: Session) => Promise<T>,
): Promise<T> {
  const store = openStore(context);
  const saved = store.get(options.name);
  const { server, prior } = saved.session;
  const { result, learned } = await connectServer(context, { name: saved.name, server, prior }, use, options);
  if (!isKnown(saved.session, learned)) {
    // The next command asks the server again; this one has its answer.
    await store.learn(saved, learned).catch((error: unknown) => context.warn(String(error)));
  }
  return result;
}

interface Connection {
  open(): Promise<Session>;
  close(): Promise<void>;
}

interface Options {
  readonly clientInfo: Implementation;
  readonly timeoutMs?: number;
}

function http(context: Context, { name, prior }: Target, config: HttpServerConfig, options: Options): Connection {
  const ports = { secrets: remembering(context), store: credentialStore(context), env: context.env };
  const session = new HttpSession(config, { ...options, ...ports, name, prior });
  return { open: () => session.connect(), close: () => session.close() };
}

function stdio(context: Context, { name, server }: Target, options: Options): Connection {
  const onStderr = (_: string, text: string): void => context.warn(text.trimEnd());
  const client = MCPClient.fromDict(
    { mcpServers: { [name]: server } },
    { ...options, env: context.env, ...(context.debug && { onStderr }) },
  );
  return { open: () => client.createSession(name), close: () => client.closeAllSessions() };
}

/** Reads secret sources, and keeps what was read out of diagnostics. */
function remembering({ redactor, env, cwd }: Context): SecretReader {
  const reader = nodeSecrets({ env, baseDir: cwd });
  return {
    async read(source) {
      const secret = await reader.read(source);
      redactor.add(secret);
      return secret;
    },
  };
}

/** What to remember of the server; it comes from there and is bounded, so that it cannot fill the session file. */
function learnedFrom({ serverInfo, protocolVersion, prior }: Session): Learned {
  return {
    ...(serverInfo && { serverInfo: { name: clip(serverInfo.name), version: clip(serverInfo.version) } }),
    ...(protocolVersion !== undefined && { protocolVersion: clip(protocolVersion) }),
    prior: (JSON.stringify(prior)?.length ?? 0) > priorLimit ? undefined : prior,
  };
}

function clip(text: string): string {
  return text.slice(0, 200);
}

function isKnown(session: SavedSession, learned: Learned): boolean {
  return JSON.stringify({ ...session, ...learned }) === JSON.stringify(session);
}
