/**
 * What a connection is made from: one server entry of the shared config schema, and the settings of the client.
 */
import type { AuthConfig, AuthSetting, HeadersFunction, SecretInput } from "@sallyport/auth-core";
import type { McpSdk } from "@sallyport/auth-core/mcp";

/** How the client behaves, whatever the server. */
export interface ClientSettings {
  /** The name this client gives itself to the server. */
  readonly clientName?: string | undefined;
  /**
   * Connect again when an established connection is lost: after 1, 2, 4 … at most 30 seconds, and at once when the
   * browser is online again. Default `true`.
   */
  readonly autoReconnect?: boolean | undefined;
  /** Bound on connecting and on each request, in milliseconds. Default 60 000. */
  readonly timeoutMs?: number | undefined;
  /** The `fetch` below the authenticated one. Default: the page's own. */
  readonly fetch?: typeof fetch | undefined;
  /** The MCP SDK line, or a function that loads it when connecting. Default: 2.x, loaded when connecting. */
  readonly sdk?: McpSdk | (() => McpSdk | Promise<McpSdk>) | undefined;
}

/** An HTTP server, as in the shared config schema; every key of a server entry is accepted, in both spellings. */
export interface ServerOptions {
  /** Absolute `http:` or `https:` URL of the MCP endpoint. */
  readonly url: string | URL;
  /** A bearer token, or a function that is asked for one before each request. */
  readonly authToken?: SecretInput | undefined;
  /** A bearer token, an `auth` entry of the config schema, an `Auth`, a function, or `null` to never authenticate. */
  readonly auth?: string | AuthConfig | AuthSetting | null | false | undefined;
  /** Static headers, or a function that is asked for them before each request. */
  readonly headers?: Readonly<Record<string, SecretInput>> | HeadersFunction | undefined;
  /** `auto` (default) is Streamable HTTP, then SSE for servers that are older than it. */
  readonly transport?: "auto" | "http" | "sse" | undefined;
}

/** How a person is asked to sign in. This version asks nobody: the defaults may be written out, the rest is `auth_unsupported`. */
export interface SignInOptions {
  /** Ask only when `authenticate()` is called. Default `true`. */
  readonly preventAutoAuth?: true | undefined;
  /** Leave the page to sign in, instead of opening a window. Default `false`. */
  readonly useRedirectFlow?: false | undefined;
}

/** Options of {@link useMcp}: a server entry, how to sign in, and the settings of the client. */
export interface UseMcpOptions extends ServerOptions, SignInOptions, ClientSettings {}

/** Everything that decides what a connection does; two equal sources are the same connection. */
export interface ConnectionSource {
  /** The server entry, unchecked. */
  readonly entry: unknown;
  readonly settings: ClientSettings;
  /** Where the entry stands in a document of the config schema. */
  readonly place?: { readonly name: string; readonly document: Readonly<Record<string, unknown>> };
}

/** The options of {@link useMcp} taken apart. */
export function sourceOf(options: UseMcpOptions): ConnectionSource {
  const { clientName, autoReconnect, timeoutMs, fetch, sdk, url, ...rest } = options;
  const given = Object.entries(rest).filter(([key, value]) => value !== undefined && value !== signInDefaults.get(key));
  return {
    entry: { url: url instanceof URL ? url.href : url, ...Object.fromEntries(given) },
    settings: { clientName, autoReconnect, timeoutMs, fetch, sdk },
  };
}

// Other values stay in the entry, where they are refused.
const signInDefaults: ReadonlyMap<string, unknown> = new Map<keyof SignInOptions, unknown>([
  ["preventAutoAuth", true],
  ["useRedirectFlow", false],
]);

/** Where the server is, as far as the unchecked entry says. */
export function serverUrl({ entry }: ConnectionSource): URL | undefined {
  const url = (entry as { url?: unknown } | null)?.url;
  return typeof url === "string" && URL.canParse(url) ? new URL(url) : undefined;
}
