/**
 * Tools: how they are declared, what their handlers may return, and what a client sees when one fails.
 * MCP server/tools; a failure never carries a stack trace, a message or a value that the handler did not mean to send.
 */
import {
  type CallToolResult,
  type InputRequiredResult,
  isInputRequiredResult,
  type McpServer,
  ProtocolError,
  type ServerContext,
  type StandardSchemaWithJSON,
  type ToolAnnotations,
} from "@modelcontextprotocol/server";
import { type AccessToken, isExpired } from "../token/access-token.ts";
import { runWithAccessToken } from "../token/context.ts";
import { AuthenticationError, InsufficientScopeError } from "../token/errors.ts";

/** What clients are told about a tool, and what calling it takes. */
export interface ToolDefinition<Input extends StandardSchemaWithJSON | undefined = undefined> {
  readonly name: string;
  readonly description: string;
  readonly title?: string;
  /** Scopes a call needs, all of them. Default: those that every request needs. */
  readonly scopes?: readonly string[];
  /** The arguments: a zod object, or any other Standard Schema that has a JSON form. Default: none. */
  readonly input?: Input;
  /** The shape of the structured result. Default: not declared. */
  readonly output?: StandardSchemaWithJSON;
  readonly annotations?: ToolAnnotations;
}

/**
 * Does the work of a tool.
 *
 * @param args - validated against `input`.
 * @param context - the SDK's: `context.mcpReq.signal` is aborted when the client has gone or has cancelled.
 */
export type ToolHandler<Input extends StandardSchemaWithJSON | undefined = undefined> = (
  args: ToolArguments<Input>,
  context: ServerContext,
) => ToolOutput | Promise<ToolOutput>;

/** The arguments as the handler gets them. */
export type ToolArguments<Input extends StandardSchemaWithJSON | undefined> = Input extends StandardSchemaWithJSON
  ? StandardSchemaWithJSON.InferOutput<Input>
  : Readonly<Record<string, never>>;

/**
 * A text; a result in MCP's own form (an object with a `content` list, or `inputRequired(…)`); or any other object,
 * which becomes structured content and its JSON text.
 */
export type ToolOutput = string | CallToolResult | InputRequiredResult | object | undefined;

/** A tool with its types forgotten. */
export interface Tool {
  readonly definition: ToolDefinition<StandardSchemaWithJSON | undefined>;
  readonly scopes: readonly string[];
  readonly handler: (args: never, context: ServerContext) => ToolOutput | Promise<ToolOutput>;
}

/** One connection or HTTP request, as its tools see it. */
export interface Exchange {
  readonly token: AccessToken | undefined;
  /** Set when a handler found that the caller is not allowed. */
  refused?: AuthenticationError | InsufficientScopeError;
}

/** Register `tool` with a server that serves `exchange` and nothing else: its handler runs as that caller. */
export function registerTool(
  server: McpServer,
  tool: Tool,
  exchange: Exchange,
  onError: (error: unknown) => void,
): void {
  const { name, title, description, input, output, annotations } = tool.definition;
  const config = {
    description,
    ...(title !== undefined && { title }),
    ...(output !== undefined && { outputSchema: output }),
    ...(annotations !== undefined && { annotations }),
  };
  const call = (args: unknown, context: ServerContext): Promise<CallToolResult | InputRequiredResult> =>
    callTool(tool, args, context, exchange, onError);
  if (input === undefined) server.registerTool(name, config, (context) => call({}, context));
  else server.registerTool(name, { ...config, inputSchema: input }, call);
}

async function callTool(
  tool: Tool,
  args: unknown,
  context: ServerContext,
  exchange: Exchange,
  onError: (error: unknown) => void,
): Promise<CallToolResult | InputRequiredResult> {
  try {
    checkCaller(exchange.token, tool.scopes);
    return toResult(await runWithAccessToken(exchange.token, () => tool.handler(args as never, context)));
  } catch (error) {
    // Meant for the client by whoever threw it.
    if (error instanceof ProtocolError) throw error;
    if (error instanceof AuthenticationError || error instanceof InsufficientScopeError) {
      exchange.refused ??= error;
      return failure(error.message);
    }
    if (!context.mcpReq.signal.aborted) onError(error);
    return failure(`The tool ${tool.definition.name} failed. The server's log says why.`);
  }
}

// Over HTTP the gate has just said so; a stdio connection outlives its token, and no gate reads its messages.
function checkCaller(token: AccessToken | undefined, scopes: readonly string[]): void {
  if (token !== undefined && isExpired(token, Date.now() / 1000))
    throw new AuthenticationError("The credential of this connection has expired.");
  // Without a token no scope is there: tools of a server without `auth` have none.
  if (!scopes.every((scope) => token?.hasScope(scope))) throw new InsufficientScopeError(scopes);
}

function toResult(output: ToolOutput): CallToolResult | InputRequiredResult {
  if (output === undefined) return { content: [] };
  if (typeof output === "string") return { content: [{ type: "text", text: output }] };
  if (isInputRequiredResult(output)) return output;
  if ("content" in output && Array.isArray(output.content)) return output as CallToolResult;
  const text = JSON.stringify(output);
  if (typeof text !== "string") throw new TypeError("A tool returned a value that has no JSON form.");
  return {
    content: [{ type: "text", text }],
    ...(!Array.isArray(output) && { structuredContent: JSON.parse(text) as Record<string, unknown> }),
  };
}

function failure(text: string): CallToolResult {
  return { content: [{ type: "text", text }], isError: true };
}
