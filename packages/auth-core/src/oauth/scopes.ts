/**
 * Which scopes to ask for: MCP authorization, Scope Selection Strategy and Step-Up Authorization Flow.
 */
import type { Discovery } from "./discovery/discovery.ts";
import { scopesOf } from "./grant.ts";

/** What the scopes are chosen from; each text is a list separated by spaces. */
export interface ScopeSources {
  /** What the configuration asks for. It wins: whoever wrote it knows what is needed. */
  readonly configured: string | undefined;
  /** What the server's challenge asks for (CHL-07). */
  readonly challenge: string | undefined;
  readonly discovery: Pick<Discovery, "scopesSupported" | "server">;
  /** Whether a refresh token is wanted: where a person would have to be asked again without one. */
  readonly offline: boolean;
}

/** What is known of the scopes so far. */
export interface StepUpSources extends ScopeSources {
  /** What was asked for before. */
  readonly requested: string | undefined;
  /** What was granted. */
  readonly granted: string | undefined;
}

/**
 * The scopes of a first sign-in (SCP-02): configured, else those of the challenge, else all that the resource names, else
 * none. `offline_access` is added where the authorization server has it (REF-03).
 *
 * @returns `undefined` for no `scope` parameter.
 */
export function initialScope({ configured, challenge, discovery, offline }: ScopeSources): string | undefined {
  const wanted =
    configured === undefined ? (challenge ?? discovery.scopesSupported?.join(" ")) : joined(configured, challenge);
  return joined(wanted, offlineScope(discovery, offline));
}

/** The scopes of a step-up: all that were asked for or granted before, and those of the challenge (STEP-03, SCP-03, T-06). */
export function stepUpScope(sources: StepUpSources): string | undefined {
  const { configured, requested, granted, challenge, discovery, offline } = sources;
  return joined(configured, requested, granted, challenge, offlineScope(discovery, offline));
}

function offlineScope({ server }: ScopeSources["discovery"], offline: boolean): string | undefined {
  return offline && server.scopes_supported?.includes("offline_access") === true ? "offline_access" : undefined;
}

function joined(...lists: readonly (string | undefined)[]): string | undefined {
  const scopes = new Set(lists.flatMap(scopesOf));
  return scopes.size === 0 ? undefined : [...scopes].join(" ");
}
