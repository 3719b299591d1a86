/**
 * `sallyport client connect`: connect to a server for real, and save how once it has answered.
 */

import { connectServer } from "../../connect-server.ts";
import type { Context, Outcome } from "../../context.ts";
import { printableLine } from "../../output/printable.ts";
import { openStore } from "../../sessions/session-store.ts";
import { UsageError } from "../../usage-error.ts";
import { buildEntry, type ConnectOptions } from "./entry.ts";

/** Nothing is saved unless the server was connected and has listed its tools. */
export async function connect(context: Context, target: readonly string[], options: ConnectOptions): Promise<Outcome> {
  const { name } = options;
  if (!/^[A-Za-z0-9][\w.-]{0,63}$/.test(name)) {
    throw new UsageError(
      "--name takes 1 to 64 letters, digits, dots, dashes and underscores, and starts with a letter or digit",
    );
  }
  const store = openStore(context);
  // Before the credential is sent anywhere: a session that cannot be saved is not worth connecting.
  const replaced = Object.hasOwn(store.read().sessions, name);
  const server = await buildEntry(target, options, context);

  const { result: tools, learned } = await connectServer(
    context,
    { name, server },
    (session) => session.listTools(),
    options,
  );
  await store.save(name, { server, connectedAt: new Date().toISOString(), ...learned });

  const { serverInfo, protocolVersion } = learned;
  return {
    data: { name, replaced, serverInfo, protocolVersion, tools: tools.length },
    text: () => {
      const who = serverInfo === undefined ? "a server" : printableLine(`${serverInfo.name} ${serverInfo.version}`);
      const count = `${tools.length} ${tools.length === 1 ? "tool" : "tools"}`;
      return `Connected to ${who} (${count}). Saved as ${name}${replaced ? ", in place of the one before" : ""}.`;
    },
  };
}
