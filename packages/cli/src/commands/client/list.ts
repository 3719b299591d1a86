/**
 * `sallyport client list`: the saved sessions, without their secrets. Connects to nothing.
 */
import { parseServerConfig } from "@sallyport/auth-core";
import type { Context, Outcome } from "../../context.ts";
import { formatAuth, formatTarget, type ServerSummary, summarize } from "../../output/describe-server.ts";
import { printableLine } from "../../output/printable.ts";
import { formatTable } from "../../output/table.ts";
import type { SavedSession } from "../../sessions/session-file.ts";
import { openStore } from "../../sessions/session-store.ts";

interface Listed {
  readonly name: string;
  readonly current: boolean;
  readonly server: ServerSummary;
  readonly serverInfo: SavedSession["serverInfo"];
  readonly protocolVersion: string | undefined;
  readonly connectedAt: string;
}

export async function list(context: Context): Promise<Outcome> {
  const { current, sessions } = openStore(context).read();
  const listed = Object.entries(sessions).map(([name, session]): Listed => {
    const { server, serverInfo, protocolVersion, connectedAt } = session;
    const summary = summarize(parseServerConfig(server, { path: `sessions.${name}.server` }));
    return { name, current: name === current, server: summary, serverInfo, protocolVersion, connectedAt };
  });
  return {
    data: { sessions: listed },
    text: (style) => {
      if (listed.length === 0)
        return "No server is connected. Connect one: sallyport client connect <url> --name <name>";
      const rows = listed.map(({ name, current, server, serverInfo, protocolVersion }) =>
        [
          `${current ? "*" : " "} ${name}`,
          formatTarget(server),
          formatAuth(server) || "none",
          serverInfo === undefined ? "" : `${serverInfo.name} ${serverInfo.version}`,
          protocolVersion ?? "",
        ].map(printableLine),
      );
      return formatTable(["  NAME", "ADDRESS", "AUTHENTICATION", "SERVER", "PROTOCOL"], rows, style);
    },
  };
}
