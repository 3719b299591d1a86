/**
 * `oidc-provider` as the testkit uses it: it ships no types, and says at import on Node 20 that it wants a later one.
 */
import type { IncomingMessage, ServerResponse } from "node:http";

/** What the provider keeps: tokens, grants, sessions, interactions, clients. */
export interface StoredPayload {
  readonly grantId?: string;
  readonly userCode?: string;
  readonly uid?: string;
  readonly clientId?: string;
  readonly [member: string]: unknown;
}

/** Storage of one kind of thing. */
export interface Adapter {
  upsert(id: string, payload: StoredPayload, expiresIn?: number): Promise<void>;
  find(id: string): Promise<StoredPayload | undefined>;
  findByUserCode(userCode: string): Promise<StoredPayload | undefined>;
  findByUid(uid: string): Promise<StoredPayload | undefined>;
  consume(id: string): Promise<void>;
  destroy(id: string): Promise<void>;
  revokeByGrantId(grantId: string): Promise<void>;
}

/** A sign-in half way: what the person is asked next. */
export interface Interaction {
  readonly uid: string;
  readonly prompt: {
    readonly name: string;
    readonly details: {
      readonly missingOIDCScope?: readonly string[];
      readonly missingOIDCClaims?: readonly string[];
      readonly missingResourceScopes?: Readonly<Record<string, readonly string[]>>;
    };
  };
  readonly params: Readonly<Record<string, unknown>>;
  readonly session?: { readonly accountId: string };
  readonly grantId?: string;
}

/** What a person allowed a client. */
export interface Grant {
  addOIDCScope(scope: string): void;
  addOIDCClaims(claims: readonly string[]): void;
  addResourceScope(resource: string, scope: string): void;
  save(): Promise<string>;
}

/** A context of Koa, as far as it is looked at. */
export interface ProviderContext {
  readonly path: string;
  body: unknown;
  type: string;
}

/** An access token that is not stored, being a JWT. */
export interface IssuedToken {
  readonly jti: string;
  readonly grantId?: string;
}

/** The server. */
export interface Provider {
  readonly issuer: string;
  /** Add a middleware in front of its own. */
  use(middleware: (context: ProviderContext, next: () => Promise<void>) => Promise<void>): unknown;
  callback(): (request: IncomingMessage, response: ServerResponse) => void;
  interactionDetails(request: IncomingMessage, response: ServerResponse): Promise<Interaction>;
  interactionFinished(
    request: IncomingMessage,
    response: ServerResponse,
    result: object,
    options: { readonly mergeWithLastSubmission: boolean },
  ): Promise<void>;
  readonly Grant: {
    new (properties: { readonly accountId: string; readonly clientId: string }): Grant;
    find(id: string): Promise<Grant | undefined>;
  };
  readonly Client: { find(id: string): Promise<{ readonly clientName?: string } | undefined> };
  on(event: "server_error", listener: (context: ProviderContext, error: unknown) => void): void;
  on(event: "grant.revoked", listener: (context: ProviderContext, grantId: string) => void): void;
  on(event: "access_token.issued" | "client_credentials.issued", listener: (token: IssuedToken) => void): void;
}

/** The client of a request, as policies see it. */
export interface PolicyClient {
  readonly clientId: string;
  grantTypeAllowed(grantType: string): boolean;
}

export interface OidcProviderModule {
  readonly Provider: new (issuer: string, configuration: object) => Provider;
  readonly errors: { readonly InvalidTarget: new () => Error };
}

let loading: Promise<OidcProviderModule> | undefined;

/** Load the package once, without its remark on the version of Node. */
export function loadOidcProvider(): Promise<OidcProviderModule> {
  loading ??= load();
  return loading;
}

async function load(): Promise<OidcProviderModule> {
  const { warn } = console;
  console.warn = (...data: unknown[]) => {
    if (!String(data[0]).includes("Unsupported runtime")) warn(...data);
  };
  try {
    // @ts-expect-error: the package ships no types.
    return await import("oidc-provider");
  } finally {
    console.warn = warn;
  }
}
