/** What the attacks share: a person's client, a hostile server, and a look at everything that anybody gets to see. */
import { inspect } from "node:util";
import {
  headlessInteraction,
  type OAuthRequest,
  type RequestLog,
  type Script,
  type ScriptedAuthorizationServer,
  scriptedAuthorizationServer,
} from "@sallyport/testkit";
import { expect } from "vitest";
import {
  type AuthEvent,
  type CredentialStore,
  createAuthFetch,
  memoryStore,
  OAuth,
  type OAuthOptions,
} from "../../../src/index.ts";
import { running } from "../../mcp/sessions.ts";

/** An authorization server with an MCP endpoint, spoiled by a script, for the time of one test. */
export function hostileServer(script: Script = {}): Promise<ScriptedAuthorizationServer> {
  return running(scriptedAuthorizationServer(script));
}

/** Somebody who uses a server. */
export interface Victim {
  readonly oauth: OAuth;
  readonly events: AuthEvent[];
  readonly store: CredentialStore & { readonly values: ReadonlyMap<string, string> };
  /** The authorization URLs that the person was sent to. */
  readonly opened: readonly URL[];
  /** Every URL that anything was sent to. */
  readonly asked: string[];
  /** One request to the MCP endpoint. */
  call(init?: RequestInit): Promise<Response>;
}

/** A client of a server, with a person who signs in wherever they are sent. */
export function victimOf(
  { resource }: { readonly resource: string },
  options: OAuthOptions & { readonly kept?: Victim["store"] } = {},
): Victim {
  const { kept = openStore(), ...more } = options;
  const person = headlessInteraction();
  const [events, asked]: [AuthEvent[], string[]] = [[], []];
  const send: typeof fetch = (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    asked.push(url.href);
    // Nothing of a test leaves the machine, whatever the code under test thinks right.
    if (url.hostname !== "127.0.0.1") throw new Error(`a request left the machine: ${url.href}`);
    return (more.fetch ?? fetch)(input, init);
  };
  const oauth = new OAuth({
    server: resource,
    interaction: person,
    store: kept,
    onEvent: (event) => events.push(event),
    ...more,
    fetch: send,
  });
  const authenticated = createAuthFetch(oauth, {
    fetch: send,
    origin: resource,
    onEvent: (event) => events.push(event),
  });
  const call = (init?: RequestInit) => authenticated(resource, { method: "POST", body: "{}", ...init });
  return { oauth, events, store: kept, opened: person.opened, asked, call };
}

/** A store that can be looked into and written to behind everybody's back. */
export function openStore(): Victim["store"] & { readonly values: Map<string, string> } {
  const values = new Map<string, string>();
  const { withLock } = memoryStore();
  return {
    values,
    withLock,
    get: async (key) => values.get(key),
    set: async (key, value) => void values.set(key, value),
    delete: async (key) => void values.delete(key),
  };
}

/** The record of a kind, parsed. */
export function recordIn(store: Victim["store"], kind: string): { readonly key: string; readonly record: Stored } {
  const [entry, ...more] = [...store.values].filter(([key]) => key.startsWith(`${kind}-`));
  if (entry === undefined || more.length > 0) return expect.unreachable(`${more.length} more than one ${kind}`);
  return { key: entry[0], record: JSON.parse(entry[1]) };
}

/** A record as it is written. Whoever edits a store may write anything. */
// biome-ignore lint/suspicious/noExplicitAny: that is the point.
export type Stored = any;

/** What was sent to an endpoint, in order. */
export function sentTo({ requests }: RequestLog, endpoint: OAuthRequest["endpoint"]): OAuthRequest[] {
  return requests.filter((request) => request.endpoint === endpoint);
}

const secretParameters = ["code", "code_verifier", "refresh_token", "client_secret", "state", "assertion", "token"];

/** Every secret that went to a server, or that it issued. */
export function secretsOf(victim: Victim, ...servers: readonly RequestLog[]): string[] {
  const sent = servers.flatMap(({ requests }) =>
    requests.flatMap(({ params, headers }) => [
      ...secretParameters.map((name) => params[name]),
      headers.authorization?.replace(/^\S+ /, ""),
      headers["dpop"] as string | undefined,
    ]),
  );
  const kept = [...victim.store.values.values()].flatMap(secretsIn);
  return [...new Set([...sent, ...kept])].filter((secret) => secret !== undefined && secret.length > 6) as string[];
}

function secretsIn(text: string): (string | undefined)[] {
  const { value } = JSON.parse(text) as Stored;
  const signIns = (value.signIns ?? []) as Stored[];
  return [
    value.tokens?.accessToken,
    value.tokens?.refreshToken,
    value.clientSecret,
    value.dpopKey && JSON.parse(value.dpopKey).d,
    ...signIns.flatMap(({ authorization }) => [authorization.state, authorization.verifier]),
  ];
}

/** All that a log, a terminal or a debugger can show of a value. */
export function shown(value: unknown): string {
  const texts = [inspect(value, { showHidden: true, depth: 20, maxStringLength: null, maxArrayLength: null })];
  for (let link = value, depth = 0; link instanceof Error && depth < 20; link = link.cause, depth += 1) {
    texts.push(link.message, link.stack ?? "", String(link), JSON.stringify(link));
  }
  return texts.join("\n");
}

/** Fails when a secret is visible: in an error, an event, the state, the object itself, or a URL that was asked. */
export function expectNoSecret(victim: Victim, secrets: readonly string[], ...errors: readonly unknown[]): void {
  const { oauth, events, asked } = victim;
  const texts = [...errors.map(shown), shown(events), shown(oauth.getState()), shown(oauth), asked.join("\n")];
  for (const secret of secrets) {
    for (const text of texts) {
      for (const spelling of [secret, encodeURIComponent(secret), btoa(secret)]) expect(text).not.toContain(spelling);
    }
  }
}

/** Fails when a terminal would obey a text, or a line of a log would be forged with it. */
export function expectHarmless(text: string): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the point.
  expect(text).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/);
}
