/**
 * What a protected MCP server of the tests can be told to be.
 */
import type { McpTestServer } from "../mcp-server-v2.ts";
import type { TestAuthorizationServer } from "./authorization-server-types.ts";

/** Where the protected resource metadata is found (RFC 9728 §3.1, §5.1). */
export interface ResourceMetadataPlaces {
  /** At `/.well-known/oauth-protected-resource/mcp`. Default true. */
  readonly path?: boolean;
  /** At `/.well-known/oauth-protected-resource`. Default false. */
  readonly root?: boolean;
  /** In `resource_metadata` of challenges; it points at an address of its own when there is no path form. Default true. */
  readonly header?: boolean;
}

export interface ProtectedMcpServerOptions {
  readonly authorizationServer: TestAuthorizationServer;
  /** SDK line that serves. Default `"v2"`, which speaks 2026-07-28 and the protocols of 2025. */
  readonly sdk?: "v1" | "v2";
  readonly metadata?: ResourceMetadataPlaces;
  /** Changes the metadata document before it is served. */
  readonly changeMetadata?: (metadata: Record<string, unknown>) => Record<string, unknown>;
  /** Scopes that every request needs, named in the 401 challenge. Default `["mcp:read"]`. */
  readonly scopes?: readonly string[];
  /** Further scopes that calls of a tool need, by its name. */
  readonly toolScopes?: Readonly<Record<string, readonly string[]>>;
  /**
   * DPoP (RFC 9449 §7): `accepted` takes both, each bound token with its proof; `required` and `nonce` take bound tokens
   * only, `nonce` with a nonce of this server. Default `"accepted"`.
   */
  readonly dpop?: "accepted" | "required" | "nonce";
}

/** What one request to the MCP endpoint was, and what the guard made of it. */
export interface GuardedCall {
  /** The JSON-RPC method, or the HTTP method of a request without one. */
  readonly method: string;
  /** The tool of a call. */
  readonly tool: string | undefined;
  readonly scheme: "Bearer" | "DPoP" | undefined;
  readonly token: string | undefined;
  /** 200 when it was let through. */
  readonly status: number;
  /** The `error` of its challenge. */
  readonly error: string | undefined;
}

/** An MCP server behind a guard. */
export interface ProtectedMcpServer extends McpTestServer {
  /** Its resource identifier: the URL of the MCP endpoint. */
  readonly resource: string;
  /** Requests to the MCP endpoint, in order. */
  readonly calls: readonly GuardedCall[];
  /** How many requests for its metadata there were. */
  metadataRequests(): number;
  /**
   * Refuse everything as if no token were good enough, until told otherwise with `undefined`.
   *
   * @param scopes - what the challenge asks for. Default: the scopes that every request needs.
   */
  refuse(error: "invalid_token" | "insufficient_scope" | undefined, scopes?: readonly string[]): void;
  /** Move to another authorization server: tokens of the one before are no longer good, and the metadata names this one. */
  useAuthorizationServer(server: TestAuthorizationServer): void;
  /** Ask for a new DPoP nonce from now on. */
  renewNonce(): void;
}
