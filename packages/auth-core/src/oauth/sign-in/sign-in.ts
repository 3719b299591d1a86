/**
 * What the ways to sign in have in common.
 */
import type { ClientRegistry } from "../client/client-registry.ts";
import type { Discovery } from "../discovery/discovery.ts";
import type { DpopProver } from "../dpop.ts";
import type { MessageContext } from "../messages/message.ts";
import type { GrantContext } from "../messages/token-request.ts";
import type { OAuthOptions } from "../options.ts";
import type { ClientIdentity } from "../registration.ts";
import type { Grant } from "../tokens/grant.ts";
import type { GrantRecords } from "../tokens/grant-records.ts";
import type { TokenSet } from "../tokens/token-set.ts";

/** What a sign-in works with. */
export interface SignInParts {
  readonly options: OAuthOptions;
  readonly records: GrantRecords;
  readonly client: ClientRegistry;
  readonly now: () => number;
  context(signal: AbortSignal | undefined, dpop?: DpopProver): MessageContext;
  /** The prover of new tokens, where they are to be bound to a key. */
  newProver(discovery: Discovery, clientId: string): Promise<DpopProver | undefined>;
  /** The grant that new tokens make. */
  granted(issued: Issued): Promise<Grant>;
}

/** Tokens, and what they were asked for with. */
export interface Issued {
  readonly discovery: Discovery;
  readonly clientId: string;
  readonly scope: string | undefined;
  readonly tokens: TokenSet;
  readonly dpop: DpopProver | undefined;
  /** How they were obtained, for the event. */
  readonly grant: string;
}

/** Whom tokens are issued to, and what for. */
export interface IssueRequest {
  readonly discovery: Discovery;
  readonly identity: ClientIdentity;
  /** The scopes to ask for, separated by spaces. */
  readonly scope: string | undefined;
  readonly signal: AbortSignal | undefined;
  /** How they are obtained, for the event. */
  readonly grant: string;
}

/** The grant that `ask` gets tokens for: bound to a new key where they are to be bound to one. */
export async function issue(
  parts: SignInParts,
  { discovery, identity, scope, signal, grant }: IssueRequest,
  ask: (context: GrantContext) => Promise<TokenSet>,
): Promise<Grant> {
  const { server, resource } = discovery;
  const clientId = identity.client.client_id;
  const dpop = await parts.newProver(discovery, clientId);
  const tokens = await ask({
    ...parts.context(signal, dpop),
    server,
    resource,
    identity,
    ...(scope !== undefined && { scope }),
  });
  return parts.granted({ discovery, clientId, scope, tokens, dpop, grant });
}

/** What is to be obtained. */
export interface SignInRequest {
  readonly discovery: Discovery;
  /** The scopes to ask for, separated by spaces. */
  readonly scope: string | undefined;
  /** Where the server's tokens came from before. */
  readonly previousIssuer: string | undefined;
  readonly signal: AbortSignal;
}
