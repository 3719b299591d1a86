/**
 * An MCP server behind a gate. Tools are declared once and served over HTTP (`listen`, `fetch`) and stdio, to clients of
 * protocol 2026-07-28 and of the 2025 revisions.
 */
import {
  DEFAULT_MAX_REQUEST_BODY_SIZE,
  readRequestBody,
  McpServer as SdkServer,
  type StandardSchemaWithJSON,
} from "@modelcontextprotocol/server";
import { SallyportError } from "@sallyport/auth-core";
import { internalError, toResponse } from "../gate/answers.ts";
import { type AuthGateOptions, Gate, type GateProvider, requestHead } from "../gate/gate.ts";
import { AdmissionDesk, type AdmissionOptions } from "../http/admission.ts";
import type { Listening, ListenOptions } from "../http/node-server.ts";
import { checkScopes } from "../token/scopes.ts";
import { Endpoint } from "./endpoint.ts";
import { type StdioOptions, type StdioServer, serveOverStdio } from "./stdio.ts";
import { type Exchange, registerTool, type Tool, type ToolDefinition, type ToolHandler } from "./tools.ts";

/** Options of a server. */
export interface MCPServerOptions extends AdmissionOptions, AuthGateOptions {
  readonly name: string;
  readonly version: string;
  readonly title?: string;
  /** How to use the server, for the model. */
  readonly instructions?: string;
  /** Verifies callers. Without it everyone who can reach the server may use it. */
  readonly auth?: GateProvider;
  /** Largest request body, in bytes. Default 4 MiB. */
  readonly maxBodyBytes?: number;
  /** Told about failures of tools and verifiers, which clients are not told. Default: nobody is told. */
  readonly onError?: (error: unknown) => void;
}

/**
 * An MCP server. Every request needs a token that `auth` accepts, except for the excluded paths.
 *
 * @throws SallyportError (`config_invalid`) when an option cannot be used.
 *
 * @example
 * ```ts
 * import { getAccessToken, MCPServer, staticTokens } from "@sallyport/server";
 * import { z } from "zod";
 *
 * const server = new MCPServer({
 *   name: "mail",
 *   version: "1.0.0",
 *   auth: staticTokens({ "demo-token": { subject: "ada", scopes: ["mail.send"] } }),
 * });
 * server.tool({ name: "whoami", description: "Who is calling" }, () => `Hello ${getAccessToken()?.subject}`);
 * server.tool(
 *   { name: "send", description: "Send a mail", scopes: ["mail.send"], input: z.object({ to: z.email() }) },
 *   async ({ to }) => ({ sent: to }),
 * );
 * const { url } = await server.listen(8000);
 * ```
 */
export class MCPServer {
  readonly #options: MCPServerOptions;
  readonly #tools: Map<string, Tool> = new Map();
  readonly #gate: Gate | undefined;
  readonly #desk: AdmissionDesk;
  readonly #endpoint: Endpoint;
  readonly #maxBodyBytes: number;
  readonly #onError: (error: unknown) => void;

  constructor(options: MCPServerOptions) {
    const { name, version, auth, maxBodyBytes = DEFAULT_MAX_REQUEST_BODY_SIZE, onError = () => {} } = options;
    if (!isText(name) || !isText(version)) {
      throw new SallyportError("config_invalid", "MCPServer: name and version must be non-empty strings.");
    }
    if (!(maxBodyBytes > 0)) throw new SallyportError("config_invalid", "maxBodyBytes: must be a number above 0.");
    this.#options = options;
    this.#maxBodyBytes = maxBodyBytes;
    this.#onError = (error) => {
      try {
        onError(error);
      } catch {
        // A broken listener must not change an answer.
      }
    };
    this.#gate = auth === undefined ? undefined : new Gate(auth, { ...options, onError: this.#onError });
    this.#desk = new AdmissionDesk(this.#gate, options);
    this.#endpoint = new Endpoint({
      createServer: (exchange) => this.#createServer(exchange),
      scopesOf: (tool) => this.#tools.get(tool)?.scopes ?? [],
      gate: this.#gate,
      onError: this.#onError,
    });
  }

  /**
   * Declare a tool.
   *
   * A caller whose token lacks one of `scopes` gets 403 with all of them before the handler runs (CHL-09, CHL-12).
   * What the handler throws goes to `onError`, and the client gets an error result without it. To tell the client, return
   * `{ isError: true, content: [{ type: "text", text: "No such city" }] }`, or call `requireScopes`.
   *
   * @throws SallyportError (`config_invalid`) when the name is taken or not one, or scopes need `auth` and there is none.
   *
   * @example
   * ```ts
   * import { MCPServer, requireAuth } from "@sallyport/server";
   * import { z } from "zod";
   *
   * declare const server: MCPServer;
   *
   * server.tool(
   *   { name: "add", description: "Add two numbers", input: z.object({ a: z.number(), b: z.number() }) },
   *   ({ a, b }) => ({ sum: a + b, for: requireAuth().subject }),
   * );
   * ```
   */
  tool<Input extends StandardSchemaWithJSON | undefined = undefined>(
    definition: ToolDefinition<Input>,
    handler: ToolHandler<Input>,
  ): this {
    const { name, scopes = [] } = definition;
    if (typeof name !== "string" || !/^[\w.-]{1,128}$/.test(name)) {
      throw new SallyportError(
        "config_invalid",
        `tool ${JSON.stringify(name)}: a name is 1 to 128 letters, digits, "_", "-" and ".".`,
      );
    }
    // The SDK keeps tools in an object, and takes what that inherits for a tool of the name: no request could be served.
    if (name in Object.prototype) {
      throw new SallyportError(
        "config_invalid",
        `tool ${name}: JavaScript objects have this name already. Use another.`,
      );
    }
    if (this.#tools.has(name))
      throw new SallyportError("config_invalid", `tool ${name}: there is one of this name already.`);
    if (scopes.length > 0 && this.#gate === undefined) {
      throw new SallyportError(
        "config_invalid",
        `tool ${name}: scopes need \`auth\`, or nobody could be held to them.`,
      );
    }
    this.#tools.set(name, { definition, scopes: checkScopes(scopes, `tool ${name}: scopes`), handler });
    return this;
  }

  /**
   * Serve on a port of this machine (Node, and Deno and Bun through `node:http`).
   *
   * A request is judged by its head: a refused one is answered at once and its body is not waited for.
   *
   * @param port - 0 takes a free one; the result says which.
   * @throws SallyportError (`port_unavailable`) when the port cannot be had.
   *
   * @example
   * ```ts
   * import { MCPServer } from "@sallyport/server";
   *
   * declare const server: MCPServer;
   *
   * const { url, close } = await server.listen(8000, { host: "127.0.0.1" });
   * process.once("SIGINT", close);
   * ```
   */
  async listen(port: number, options?: ListenOptions): Promise<Listening> {
    // Workers have no node:http: they load this file and never call `listen`.
    const node = await import("../http/node-server.ts");
    const app = {
      desk: this.#desk,
      maxBodyBytes: this.#maxBodyBytes,
      serve: this.#endpoint.serve.bind(this.#endpoint),
      onError: this.#onError,
    };
    return node.listen(app, port, options);
  }

  /**
   * Serve one request on any fetch-style runtime. Bound: `export default { fetch: server.fetch }` works.
   *
   * @example
   * ```ts
   * import { envTokens, MCPServer } from "@sallyport/server";
   *
   * const server = new MCPServer({ name: "mail", version: "1.0.0", auth: envTokens("MCP_API_KEY") });
   *
   * export default { fetch: server.fetch };
   * ```
   */
  readonly fetch = (request: Request): Promise<Response> =>
    this.#serve(request).catch((error: unknown) => {
      this.#onError(error);
      return toResponse(internalError);
    });

  async #serve(request: Request): Promise<Response> {
    const { url, method, headers, signal } = request;
    const host = headers.get("host") ?? new URL(url).host;
    const head = requestHead(request);
    const admission = await this.#desk.admit(head, { host, loopback: false });
    if ("answer" in admission) return toResponse(admission.answer);
    const readBody = () => readRequestBody(request, this.#maxBodyBytes);
    const { token } = admission;
    const { response } = await this.#endpoint.serve({ head, url, method, headers, signal, token, readBody });
    for (const [name, value] of Object.entries(admission.cors)) response.headers.set(name, value);
    return response;
  }

  /**
   * Serve on stdin and stdout (Node). The credential is verified before anything is served, and its expiry at every call.
   *
   * @throws AuthenticationError (`unauthorized`) when the credential is missing or not valid; InsufficientScopeError
   *   (`insufficient_scope`) when it allows too little; SallyportError `temporarily_unavailable` when it cannot be verified,
   *   `config_invalid` when `env` is missing.
   *
   * @example
   * ```ts
   * import { MCPServer, staticTokens } from "@sallyport/server";
   *
   * const server = new MCPServer({ name: "mail", version: "1.0.0", auth: staticTokens({ "demo-token": {} }) });
   * await server.stdio({ env: "MCP_TOKEN" });
   * ```
   */
  stdio(options: StdioOptions = {}): Promise<StdioServer> {
    return serveOverStdio(this.#gate, (exchange) => this.#createServer(exchange), this.#onError, options);
  }

  #createServer(exchange: Exchange): SdkServer {
    const { name, version, title, instructions } = this.#options;
    const server = new SdkServer(
      { name, version, ...(title !== undefined && { title }) },
      { capabilities: { tools: { listChanged: false } }, ...(instructions !== undefined && { instructions }) },
    );
    for (const tool of this.#tools.values()) registerTool(server, tool, exchange, this.#onError);
    return server;
  }
}

function isText(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}
