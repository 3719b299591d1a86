/**
 * What discovery finds out about one MCP server. Plain data, so that it can be kept: a later connect needs no discovery.
 */
import type { AuthorizationServer } from "oauth4webapi";

/** Where tokens for a server come from, and what they are asked for with. */
export interface Discovery {
  /** The resource indicator, byte for byte as it is sent (RFC 8707, T-02). */
  readonly resource: string;
  /** The authorization server's identifier, byte for byte as published. Compared as text, never as a URL (T-03). */
  readonly issuer: string;
  /** Its validated metadata; `issuer` in it is the same text. */
  readonly server: AuthorizationServer;
  /** `scopes_supported` of the protected resource metadata (PRM-04). */
  readonly scopesSupported?: readonly string[];
  /** Where the protected resource metadata was found; absent when it was replaced by configuration or a fallback. */
  readonly metadataUrl?: string;
  /** The resource accepts nothing but DPoP-bound tokens (RFC 9728 §2). */
  readonly dpopRequired?: boolean;
}
