/**
 * The second server: a plain SDK 1.x server behind the same gate. Nothing of it knows how callers authenticate;
 * the gate hands it who they are.
 */
import { createServer, type IncomingMessage, type Server } from "node:http";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import {
  authInfo,
  type BearerAuthProvider,
  createAuthGate,
  getAccessToken,
  runWithAccessToken,
} from "@sallyport/server";

export function classicServer(auth: BearerAuthProvider): Server {
  const gate = createAuthGate(auth);
  return createServer(async (incoming, response) => {
    const answer = await gate(headOf(incoming));
    if ("response" in answer) {
      const { status, headers } = answer.response;
      response.writeHead(status, Object.fromEntries(headers)).end(await answer.response.text());
      return;
    }
    // Without a session id generator the transport is stateless: a server for each request, as the SDK recommends.
    const transport = new StreamableHTTPServerTransport();
    await tools().connect(transport);
    const authenticated = Object.assign(incoming, { auth: authInfo(answer.token) });
    await runWithAccessToken(answer.token, () => transport.handleRequest(authenticated, response));
  });
}

/** What the gate looks at: method, URL and headers, each as often as it was sent. The body stays unread. */
function headOf({ method, url, rawHeaders }: IncomingMessage): Request {
  const headers = new Headers();
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) headers.append(rawHeaders[i] ?? "", rawHeaders[i + 1] ?? "");
  return new Request(new URL(url ?? "/", "http://127.0.0.1"), { method: method ?? "GET", headers });
}

function tools(): McpServer {
  const server = new McpServer({ name: "classic-demo", version: "1.0.0" });
  server.registerTool("whoami", { description: "Who the server takes you for" }, () => {
    const token = getAccessToken();
    return { content: [{ type: "text", text: `${token?.subject} <${token?.claims["email"]}>` }] };
  });
  return server;
}
