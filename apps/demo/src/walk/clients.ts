/** Every entry of `mcp-config.json` through the Node client, over both SDK lines. */
import { memoryStore } from "@sallyport/auth-core";
import { sdkV1 } from "@sallyport/auth-core/mcp/sdk-v1";
import { sdkV2 } from "@sallyport/auth-core/mcp/sdk-v2";
import { MCPClient } from "@sallyport/client-node";
import type { Surroundings } from "../surroundings.ts";
import { person } from "./person.ts";
import { expectEqual, type Report } from "./report.ts";
import { Wire } from "./wire.ts";

/** Who the entries are that are not Alice. */
const subjects: Readonly<Record<string, string>> = {
  "token from env": "bob",
  "token from file": "bob",
  "token from command": "bob",
  "several headers": "bob",
  "OAuth client credentials": "nightly-job",
};

export async function walkClients(
  report: Report,
  { configFile, tokens, variables, issuer }: Surroundings,
): Promise<void> {
  for (const sdk of [sdkV2, sdkV1]) {
    report.section(`One config file, each entry through MCPClient on ${sdk.name === "sdk-v2" ? "SDK 2.x" : "SDK 1.x"}`);
    const wire = new Wire();
    const client = MCPClient.fromConfigFile(configFile, {
      sdk,
      envFile: tokens.envFile,
      env: variables,
      interaction: person(issuer, "alice"),
      store: memoryStore(),
      onEvent: (event) => wire.note(event),
    });
    for (const name of await client.getServerNames()) {
      await report.step(name, async (step) => {
        const session = await client.createSession(name);
        const result = await session.callTool("whoami");
        wire.tell(name, step);
        const [content] = result.content;
        const answer = content?.type === "text" ? content.text : JSON.stringify(content);
        step.back(`${session.serverInfo?.name}, protocol ${session.protocolVersion}: whoami → ${answer}`);
        const who = subjects[name] ?? "alice";
        expectEqual(answer, `${who} <${who}@example.com>`, "whoami");
      });
    }
    await client.closeAllSessions();
  }
}
