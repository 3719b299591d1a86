/**
 * Who is asked when a server requires a sign-in, and where that is kept, when nothing else is said.
 */
import { join } from "node:path";
import type { CredentialStore, HttpServerConfig, Interaction } from "@sallyport/auth-core";
import type { SessionOptions } from "@sallyport/auth-core/mcp";
import type { Environment } from "./environment.ts";
import { automaticInteraction } from "./interaction/automatic.ts";
import { resolveHost } from "./network/resolve-host.ts";
import { fileStore } from "./stores/file-store.ts";
import { sallyportHome } from "./stores/location.ts";

/** How sign-ins are made and kept, for all servers of a client. */
export interface SignInOptions {
  /** Asks the person when a server requires a sign-in; `false`: nobody is asked. Default: {@link automaticInteraction}. */
  readonly interaction?: Interaction | false | undefined;
  /** Keeps registrations and tokens. Default: {@link fileStore}; in memory for grants that no person takes part in. */
  readonly store?: CredentialStore | undefined;
  /** Whose tokens, where one store serves several people. */
  readonly account?: string | undefined;
}

/** The ports of a session's sign-in in Node. */
export function signInPorts(
  server: HttpServerConfig,
  { interaction = automaticInteraction(), store, account }: SignInOptions,
  env: Environment,
): Pick<SessionOptions, "account" | "interaction" | "resolveHost" | "store"> {
  return {
    account,
    interaction: interaction === false ? undefined : interaction,
    resolveHost,
    store: store ?? (isAttended(server) ? fileStore(join(sallyportHome(env), "credentials")) : undefined),
  };
}

/** What a person has signed in for outlives the process; what a program gets for itself it gets again. */
function isAttended({ auth }: HttpServerConfig): boolean {
  if (auth === undefined) return true;
  if (typeof auth === "function" || !("type" in auth) || auth.type !== "oauth") return false;
  return auth.grant === undefined || auth.grant === "authorization_code" || auth.grant === "device_code";
}
