/**
 * What the tests of faults share: a scripted authorization server with the endpoint that it protects, a clock, a person, and
 * programs that share a store.
 */
import {
  type HeadlessInteraction,
  headlessInteraction,
  type ManualClock,
  manualClock,
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

export const minute: number = 60_000;
export const hour: number = 60 * minute;

/** A program with one server to talk to. */
export interface Program {
  readonly oauth: OAuth;
  readonly events: readonly AuthEvent[];
  /** Make one request; the status that it was answered with. */
  call(signal?: AbortSignal): Promise<number>;
}

/** A server, and what its programs have in common. */
export interface Stage {
  readonly server: ScriptedAuthorizationServer;
  readonly clock: ManualClock;
  readonly store: CredentialStore;
  readonly person: HeadlessInteraction;
  /** Start a program; the options are those that differ. */
  program(options?: OAuthOptions): Program;
}

export async function stage(script: Script = {}, store: CredentialStore = memoryStore()): Promise<Stage> {
  const server = await running(scriptedAuthorizationServer(script));
  const clock = manualClock(Date.now());
  const person = headlessInteraction();
  return {
    server,
    clock,
    store,
    person,
    program(options = {}) {
      const events: AuthEvent[] = [];
      const { resource } = server;
      const onEvent = (event: AuthEvent): void => void events.push(event);
      const oauth = new OAuth({ server: resource, store, now: clock.now, interaction: person, onEvent, ...options });
      const send = createAuthFetch(oauth, { origin: resource });
      return {
        oauth,
        events,
        call: async (signal) => (await send(resource, { method: "POST", ...(signal && { signal }) })).status,
      };
    },
  };
}

/** A program that somebody has signed in to. */
export async function signedIn({ program }: Stage, options: OAuthOptions = {}): Promise<Program> {
  const started = program(options);
  expect(await started.call()).toBe(200);
  return started;
}

/** A promise, and what settles it. */
export function moment<T = void>(): { readonly come: Promise<T>; pass(value: T): void } {
  let pass: (value: T) => void = () => {};
  const come = new Promise<T>((resolve) => {
    pass = resolve;
  });
  return { come, pass: (value) => pass(value) };
}
