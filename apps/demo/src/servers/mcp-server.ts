/**
 * The demo's protected server: three tools on `MCPServer`, served over HTTP here and over stdio by `stdio.ts`.
 */
import { type BearerAuthProvider, getAccessToken, MCPServer } from "@sallyport/server";
import { z } from "zod";

/** @param origins - the origins whose pages may call it. */
export function demoServer(auth: BearerAuthProvider, origins: readonly string[] = []): MCPServer {
  const server = new MCPServer({
    name: "sallyport-demo",
    version: "1.0.0",
    auth,
    allowedOrigins: origins,
  });

  server.tool({ name: "whoami", description: "Who the server takes you for" }, () => {
    const token = getAccessToken();
    return `${token?.subject} <${token?.claims["email"]}>`;
  });

  server.tool(
    {
      name: "add",
      description: "Add two numbers",
      input: z.object({ a: z.number().describe("First summand"), b: z.number().describe("Second summand") }),
    },
    ({ a, b }) => String(a + b),
  );

  server.tool(
    { name: "secret_report", description: "Read the secret report", scopes: ["reports:read"] },
    () => "Sales are up.",
  );

  return server;
}
