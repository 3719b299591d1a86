/**
 * The one schema of a configuration. `parseConfig` judges with it, `configJsonSchema` describes it to editors.
 * Built when first needed: a program that imports this package and parses nothing pays nothing.
 */
import * as z from "zod";
import type { HeadersFunction } from "../schemes/auth.ts";
import type { SecretInput } from "../secrets/source.ts";
import { authSchema } from "./auth-schema.ts";
import { bearerToken, codeOnly, headerMap, secret, systemName, systemText, webUrl } from "./fields.ts";
import { proxySchema, tlsSchema } from "./network-schema.ts";
import { spelled } from "./spelling.ts";
import type { AuthSetting, ProxyConfig, TlsConfig } from "./types.ts";

/** An HTTP server as written, its keys in camelCase. `parse.ts` makes one setting of `auth`, `authToken` and `headers`. */
export interface HttpServerEntry {
  readonly url: string;
  readonly type?: "http" | "sse";
  readonly transport?: "http" | "sse";
  readonly headers?: Readonly<Record<string, SecretInput>> | HeadersFunction;
  readonly authToken?: SecretInput;
  readonly auth?: AuthSetting;
  readonly tls?: TlsConfig;
  readonly proxy?: ProxyConfig | false;
  readonly disabled?: boolean;
}

/** A stdio server as written, its keys in camelCase. */
export interface StdioServerEntry {
  readonly command: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, SecretInput>>;
  readonly cwd?: string;
  readonly disabled?: boolean;
}

interface Schemas {
  readonly http: z.ZodType<HttpServerEntry>;
  readonly stdio: z.ZodType<StdioServerEntry>;
  /** The document around the servers, which are judged one by one. */
  readonly envelope: z.ZodType;
  readonly document: z.ZodType;
}

// No code is generated, so that pages may forbid it (CSP). No words of zod's are used: it makes them by reading names off
// the input, and fails on inputs that are made for that.
/** How the schemas are applied. */
export const judging = { jitless: true, error: (): string => "is not valid" } as const;

let built: Schemas | undefined;

/** The schemas of a document and of its two kinds of server. */
export function schemas(): Schemas {
  if (built === undefined) {
    const http = httpServer();
    const stdio = stdioServer();
    built = { http, stdio, envelope: document(z.unknown()), document: document(z.union([http, stdio])) };
  }
  return built;
}

function document(server: z.ZodType) {
  return spelled(
    {
      $schema: z.string().describe("Where editors find this schema.").exactOptional(),
      mcpServers: z.record(serverName(), server).describe("Servers by name."),
    },
    {
      mcpServers: ': put servers under it, { "mcpServers": { "name": { "url": … } } }',
      servers: "; did you mean mcpServers?",
      url: ': it belongs to a server: { "mcpServers": { "name": { "url": … } } }',
      command: ': it belongs to a server: { "mcpServers": { "name": { "command": … } } }',
      inputs: ": it is for VS Code, which asks for values; use environment variables or secret sources",
    },
  ).describe("MCP servers and how to authenticate to them.");
}

function serverName() {
  return z.string().regex(/^[^\p{Cc}]*[^\s\p{Cc}][^\p{Cc}]*$/u, {
    error: "the name of a server must not be empty or have control characters",
  });
}

function httpServer() {
  const forms = ["http", "streamable-http", "streamableHttp", "streamable_http", "sse"] as const;
  const transport = () =>
    z
      .enum(forms)
      .describe("Transport. Default: Streamable HTTP, then SSE for old servers.")
      .transform((form) => (form === "sse" ? "sse" : "http"))
      .exactOptional();
  const local = ": it belongs to a server with command; this one has url";
  return spelled(
    {
      url: webUrl().describe("Absolute http or https URL of the server."),
      type: transport(),
      transport: transport(),
      headers: staticHeaders().describe("Static headers by name.").exactOptional(),
      authToken: secret(bearerToken()).describe("A bearer token: short for auth of type bearer.").exactOptional(),
      auth: authSchema()
        .describe("How to authenticate. A string is a bearer token, {} is OAuth, null is never.")
        .exactOptional(),
      tls: tlsSchema().describe("Certificates: for mutual TLS, or for a server with a CA of its own.").exactOptional(),
      proxy: proxySchema()
        .describe("Proxy to this server. Default: HTTPS_PROXY, HTTP_PROXY and NO_PROXY.")
        .exactOptional(),
      ...shared(),
    },
    {
      ...foreignKeys,
      ...tlsKeys,
      args: local,
      env: local,
      cwd: local,
    },
  ).describe("A server reached over HTTP.");
}

/** A record, or in code a function that is asked for one. */
function staticHeaders() {
  return z.union([headerMap(), codeOnly<HeadersFunction>((value) => typeof value === "function")], {
    error: "must be an object: the headers by name",
  });
}

function stdioServer() {
  const transport = () => z.enum(["stdio"]).describe("Transport.").exactOptional();
  const remote = ": it belongs to a server with url; one with command takes its credential in env";
  return spelled(
    {
      command: systemName().describe("Program to start."),
      args: z.array(systemText()).describe("Its arguments.").exactOptional(),
      env: z
        .record(
          z.string().regex(/^[^=\0]+$/u, { error: "the name of a variable must not be empty or have = in it" }),
          secret(systemText()),
        )
        .describe("Environment variables of the process. Its credential goes here.")
        .exactOptional(),
      cwd: systemName().describe("Folder to start it in.").exactOptional(),
      type: transport(),
      transport: transport(),
      ...shared(),
    },
    {
      ...foreignKeys,
      headers: remote,
      auth: remote,
      authToken: remote,
      tls: ": it belongs to a server with url",
      proxy: ": it belongs to a server with url; for one with command, set HTTPS_PROXY in env",
    },
  ).describe("A server started as a child process.");
}

/** Keys of other hosts that say something about authentication: not understood is not ignored. */
const foreignKeys: Readonly<Record<string, string>> = {
  serverUrl: "; did you mean url?",
  httpUrl: "; did you mean url?",
  cmd: "; did you mean command?",
  token: "; did you mean authToken?",
  accessToken: "; did you mean authToken?",
  bearerToken: "; did you mean authToken?",
  apiKey: ': write "auth": { "type": "apiKey", "key": … }',
  oauth: ': write "auth": { "type": "oauth", … }',
  headersHelper: ': write "headers": { "Authorization": { "command": [ … ] } }',
  envFile: ": it is not read here; give the file to the program that reads this configuration (envFile, --env-file)",
};

/** Where certificates do not stand. */
const tlsKeys: Readonly<Record<string, string>> = {
  cert: ': write "tls": { "cert": …, "key": … }',
  key: ': write "tls": { "cert": …, "key": … }',
  ca: ': write "tls": { "ca": … }',
  rejectUnauthorized:
    ': the certificate of a server is always checked; put the CA that issued it in "tls": { "ca": … }',
};

/** Keys of both kinds. Other hosts write most of them; they change nothing about authentication and are accepted for their sake. */
function shared() {
  const ignored = (meaning: string) =>
    z.unknown().describe(`${meaning} For other hosts; ignored here.`).exactOptional();
  return {
    disabled: z.boolean().describe("Leave this server out when all servers are connected.").exactOptional(),
    description: ignored("What the server is for."),
    timeout: ignored("Time limit, in units that differ between hosts."),
    autoApprove: ignored("Tools that need no approval."),
    alwaysAllow: ignored("Tools that need no approval."),
    disabledTools: ignored("Tools that are hidden."),
    gallery: ignored("Where the entry came from."),
    version: ignored("Version of the entry."),
  };
}
