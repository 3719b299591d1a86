/** The same server as a child process: its caller's credential comes in the environment (APP-03). */
import { demoProvider, drawTokens } from "../people.ts";
import { demoServer } from "./mcp-server.ts";

await demoServer(demoProvider(drawTokens(process.env))).stdio({ env: "MCP_TOKEN" });
