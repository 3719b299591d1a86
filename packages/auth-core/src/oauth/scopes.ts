/**
 * Which scopes to ask for: MCP authorization, Scope Selection Strategy and Step-Up Authorization Flow.
 */
import type { Discovery } from "./discovery/discovery.ts";
import { scopeList } from "./scope-list.ts";

/** What the scopes are chosen from; each text is a list separated by spaces. */
export interface ScopeSources {
  /** What the configuration asks for. */
  readonly configured: string | undefined;
  /** What the server's challenge says that the operation needs (CHL-07). */
  readonly challenge: string | undefined;
  /** What was granted by the same authorization server before. */
  readonly granted: string | undefined;
  readonly discovery: Pick<Discovery, "scopesSupported" | "server">;
  /** Whether a refresh token is wanted: where a person would have to be asked again without one. */
  readonly offline: boolean;
}

/** What is known of the scopes so far. */
export interface StepUpSources extends ScopeSources {
  /** What was asked for before. */
  readonly requested: string | undefined;
}

/**
 * The scopes of a sign-in (SCP-02): those of the challenge, else all that the resource names, else none. Configured ones
 * take the place of what the resource names and are added to those of the challenge, which the operation cannot do
 * without (CHL-07); so are those granted before (SCP-03).
 *
 * @returns `undefined` for no `scope` parameter.
 */
export function initialScope({ configured, challenge, granted, discovery, offline }: ScopeSources): string | undefined {
  const wanted = scopeList(configured, challenge) ?? scopeList(discovery.scopesSupported?.join(" "));
  return withOffline(scopeList(wanted, granted), discovery, offline);
}

/**
 * The scopes of a step-up: those of the challenge, and all that were asked for or granted before (STEP-03, SCP-03) except
 * those that were asked for and refused (T-06). A challenge without scopes is for those that the resource names.
 */
export function stepUpScope(sources: StepUpSources): string | undefined {
  const { configured, requested, granted, challenge, discovery, offline } = sources;
  // Granted is what the server said, or else what was asked for: what is missing from it was refused.
  const before = scopeList(granted) ?? scopeList(configured, requested);
  const needed = scopeList(challenge) ?? scopeList(discovery.scopesSupported?.join(" "));
  return withOffline(scopeList(needed, before), discovery, offline);
}

/**
 * `offline_access` is added where the authorization server has it (REF-03), but never alone: without a `scope` parameter
 * the server gives what it thinks right, and with this one alone next to nothing.
 */
function withOffline(
  scope: string | undefined,
  { server }: ScopeSources["discovery"],
  offline: boolean,
): string | undefined {
  const offered = offline && server.scopes_supported?.includes("offline_access") === true;
  return offered && scope !== undefined ? scopeList(scope, "offline_access") : scope;
}
