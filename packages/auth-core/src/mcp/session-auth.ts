/**
 * How a session authenticates with its server: what the configuration says, or a sign-in when the server asks for one.
 */
import type { HttpServerConfig } from "../config/types.ts";
import { createAuth } from "../create-auth.ts";
import { createAuthFetch } from "../fetch/auth-fetch.ts";
import { OAuth } from "../oauth/oauth.ts";
import type { Auth } from "../schemes/auth.ts";
import { markNetworkFailures } from "./connection-fetch.ts";
import type { Patience } from "./deadline.ts";
import type { ConnectionFetch } from "./sdk.ts";
import type { SentCredentials } from "./sent-credentials.ts";
import type { SessionOptions } from "./session-options.ts";

/** How a session authenticates: as configured; or anonymously, until the server asks for a sign-in (design §3). */
export function authOf(target: HttpServerConfig, options: SessionOptions): Auth | undefined {
  const { account, dpopKeys, fetch, interaction, onEvent, resolveHost, secrets, store } = options;
  const ports = { account, dpopKeys, fetch, interaction, onEvent, resolveHost, secrets, store, server: target.url };
  if (target.auth !== undefined) return createAuth(target.auth, ports);
  // Who brings a credential does not want to be asked for another one (anthropics/claude-code#56357).
  return isCredentialGiven(target) ? undefined : new OAuth({ ...ports, onDemand: true });
}

/** The authenticated fetch of a session, below the judgement of what it answers. */
export function authenticatedFetch(
  target: HttpServerConfig,
  auth: Auth | undefined,
  { fetch, onEvent, secrets }: SessionOptions,
  sent: SentCredentials,
): ConnectionFetch {
  const send = fetch ?? ((input, init) => globalThis.fetch(input, init));
  return createAuthFetch(auth, {
    fetch: sent.watch(markNetworkFailures(send)),
    headers: target.headers,
    origin: target.url,
    secrets,
    onEvent,
  });
}

/** While a person signs in, no request is late. */
export function patienceOf(oauth: OAuth): Patience {
  return { isWaiting: () => oauth.getState().waitingForPerson === true, subscribe: oauth.subscribe };
}

/** Whether the configuration holds a credential, as far as that can be told: a 401 then means another thing. */
export function isCredentialGiven({ auth, headers }: HttpServerConfig): boolean {
  if (auth !== undefined && !("type" in auth && auth.type === "none")) return true;
  // What a function sends is known when it is asked; it is there for what changes.
  if (typeof headers === "function") return true;
  return Object.keys(headers).some((name) => /auth|cookie|key|token|secret|signature/i.test(name));
}
