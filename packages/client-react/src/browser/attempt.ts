/**
 * One attempt at a connection: load the client, check the options, connect, read the lists, then follow the session
 * until it is lost. Once ended, an attempt says nothing more, whatever is still under way.
 */
import type { SallyportError } from "@sallyport/auth-core/errors";
import type { ListName, Session } from "@sallyport/auth-core/mcp";
import { type Lists, readList } from "./content.ts";
import { connectionLost, loadFailed, toFailure } from "./failure.ts";
import { describeEvent, type LogInput } from "./log.ts";
import { type ConnectionSource, serverUrl } from "./source.ts";

/** What an attempt tells the connection it belongs to. */
export interface AttemptListener {
  /** The options are good; the server is about to be reached. */
  onConnecting(): void;
  onReady(session: Session, lists: Partial<Lists>): void;
  /** A list has changed. */
  onLists(lists: Partial<Lists>): void;
  /** The attempt has ended by itself: it failed, or the session was lost. */
  onEnd(error: SallyportError): void;
  onLog(entry: LogInput): void;
}

/** Start an attempt; the function that is returned ends it and closes its session. */
export function startAttempt(source: ConnectionSource, listener: AttemptListener): () => void {
  const controller = new AbortController();
  const { signal } = controller;
  const tell = (report: () => void): void => {
    if (!signal.aborted) report();
  };
  const end = (error: unknown): void =>
    tell(() => {
      controller.abort();
      listener.onEnd(toFailure(error, serverUrl(source)));
    });

  // A list that was read twice at once shows what was asked last.
  const turns: Record<ListName, number> = { tools: 0, resources: 0, prompts: 0 };
  const read = async (session: Session, name: ListName): Promise<Partial<Lists>> => {
    turns[name] += 1;
    const turn = turns[name];
    const lists = await readList(session, name, (message) => tell(() => listener.onLog({ level: "warn", message })));
    return turn === turns[name] ? lists : {};
  };

  const run = async (): Promise<void> => {
    const { createSession } = await loadEngine();
    if (signal.aborted) return;
    const session = await createSession(source, {
      signal,
      onEvent: (event) => tell(() => listener.onLog(describeEvent(event))),
      onListChanged: (name) => {
        if (!signal.aborted) read(session, name).then((lists) => tell(() => listener.onLists(lists)), end);
      },
    });
    tell(() => listener.onConnecting());
    await session.connect();
    const [tools, resources, prompts] = await Promise.all([
      read(session, "tools"),
      read(session, "resources"),
      read(session, "prompts"),
    ]);
    session.subscribe(() => {
      const { status, error } = session.getState();
      if (status === "failed") end(connectionLost(error));
    });
    tell(() => listener.onReady(session, { ...tools, ...resources, ...prompts }));
  };
  run().catch(end);
  return () => controller.abort();
}

/** What is not needed before a connection is made is a chunk of its own. */
async function loadEngine(): Promise<typeof import("./engine.ts")> {
  try {
    return await import("./engine.ts");
  } catch (error) {
    throw loadFailed(error);
  }
}
