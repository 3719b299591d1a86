/**
 * What a scripted authorization server can be told to do wrong.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { RecordedRequest } from "../listen.ts";
import type { SignInOptions } from "./browser.ts";
import type { OAuthEndpoint, RequestLog } from "./request-log.ts";

/** One request on its way through the script. */
export interface Exchange {
  readonly request: RecordedRequest;
  readonly response: ServerResponse;
  readonly incoming: IncomingMessage;
  readonly params: Readonly<Record<string, string>>;
  /** The answer that a correct server gives. */
  usual(): Promise<void>;
}

/** Answers a request in place of the correct server. */
export type ScriptedAnswer = (exchange: Exchange) => void | Promise<void>;

/**
 * What differs from a correct server; nothing does by default. It is read at each request, so that a test may change it
 * as it goes.
 */
export interface Script {
  /** Answers by endpoint, or by path, which wins. */
  on?: { [place in OAuthEndpoint]?: ScriptedAnswer } & { [path: `/${string}`]: ScriptedAnswer };
  /** Path of the issuer. Default: none. Not to be changed later. */
  readonly issuerPath?: string;
  /** The authorization server metadata that is served in place of the correct one. */
  metadata?: (metadata: Record<string, unknown>) => unknown;
  /** The protected resource metadata that is served in place of the correct one. */
  resourceMetadata?: (metadata: Record<string, unknown>) => unknown;
  /** The `WWW-Authenticate` in place of the correct one. */
  challenge?: (challenge: string) => string;
  /** Changes the parameters of the authorization response. */
  authorizationResponse?: (params: URLSearchParams) => void;
  /** The token response that is sent in place of the correct one. */
  tokenResponse?: (body: Record<string, unknown>) => unknown;
  /** Lifetime of access tokens in seconds. Default 3600. */
  accessTokenSeconds?: number;
}

/**
 * A small correct authorization server with an MCP endpoint that it protects, and with a script that spoils it. Any client id
 * is one that it knows.
 */
export interface ScriptedAuthorizationServer extends RequestLog {
  readonly issuer: string;
  /** Origin of everything it serves. */
  readonly url: string;
  readonly port: number;
  /** The protected endpoint: answers any POST that carries a good token with `{"ok":true}`. */
  readonly resource: string;
  readonly script: Script;
  /** Follow an authorization URL to the redirect URI; nobody is asked. */
  signIn(url: string | URL, options?: SignInOptions): Promise<URL>;
  /** Make every access token so far worthless. */
  expireAccessTokens(): void;
  /** Forget every client that registered so far: it is `invalid_client` from now on. */
  killClients(): void;
  close(): Promise<void>;
}
