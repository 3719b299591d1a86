/** Every entry of `mcp-config.json` through the Node client, over both SDK lines. */
import { sdkV1 } from "@sallyport/auth-core/mcp/sdk-v1";
import { sdkV2 } from "@sallyport/auth-core/mcp/sdk-v2";
import { MCPClient } from "@sallyport/client-node";
import type { Surroundings } from "../surroundings.ts";
import { expectEqual, type Report } from "./report.ts";
import { Wire } from "./wire.ts";

export async function walkClients(report: Report, { configFile, tokens, variables }: Surroundings): Promise<void> {
  for (const sdk of [sdkV2, sdkV1]) {
    report.section(`One config file, each entry through MCPClient on ${sdk.name === "sdk-v2" ? "SDK 2.x" : "SDK 1.x"}`);
    const wire = new Wire();
    const client = MCPClient.fromConfigFile(configFile, {
      sdk,
      envFile: tokens.envFile,
      env: variables,
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
        const person = name.startsWith("token from") || name === "several headers" ? "bob" : "alice";
        expectEqual(answer, `${person} <${person}@example.com>`, "whoami");
      });
    }
    await client.closeAllSessions();
  }
}
