/**
 * What a sign-in leaves in the credential store: where a server's tokens come from, the tokens, the client's registration,
 * and the sign-ins that have begun. Each lies under a key of its own and says whom it belongs to (BIND-01, BIND-03, BIND-08).
 */
import { CredentialRecord, type Owner } from "../../credentials/records.ts";
import type { CredentialStore } from "../../credentials/store.ts";
import { accessTokenProblem } from "../../http/token.ts";
import { isObject } from "../../json.ts";
import type { PendingAuthorization } from "../authorization.ts";
import type { Discovery } from "../discovery/discovery.ts";
import type { Registration } from "../registration.ts";
import type { Grant } from "./grant.ts";
import type { TokenSet } from "./token-set.ts";

/** A sign-in that has begun, with what is needed to finish it: in this process, or in another one (pain 4). */
export interface PendingSignIn {
  readonly discovery: Discovery;
  readonly authorization: PendingAuthorization;
}

/** Where a server's tokens come from. */
interface Home {
  readonly discovery: Discovery;
  readonly clientId: string;
}

/** What is kept of a client at one authorization server. */
export interface Registrations {
  readonly registrations: readonly Registration[];
}

type Kept = Pick<Grant, "tokens" | "requested" | "dpopKey">;

// Older sign-ins cannot be finished: codes live for ten minutes at most (OAuth 2.1 §4.1.2).
const longestSignIn = 30 * 60_000;
const mostSignIns = 8;

export class GrantRecords {
  readonly #store: CredentialStore;
  readonly #account: string;
  readonly #home: CredentialRecord<Home>;
  readonly #pending: CredentialRecord<{ readonly signIns: readonly PendingSignIn[] }>;

  /**
   * @param server - the URL of the MCP endpoint, as configured.
   * @param identity - what the configuration says about client and authorization server: other settings, other records.
   */
  constructor(store: CredentialStore, server: string, account: string, identity: Owner) {
    this.#store = store;
    this.#account = account;
    const owner = { ...identity, server, account };
    this.#home = new CredentialRecord(store, "server", owner, readHome);
    this.#pending = new CredentialRecord(store, "pending", owner, readPending);
  }

  /** Run while nobody else signs in to this server. */
  signingIn<T>(run: () => Promise<T>): Promise<T> {
    return this.#home.locked(run);
  }

  /** Run while nobody else renews or ends these tokens. */
  renewing<T>(grant: Grant, run: () => Promise<T>): Promise<T> {
    return this.#tokens(grant).locked(run);
  }

  async load(): Promise<Grant | undefined> {
    const home = await this.#home.read();
    if (home === undefined) return undefined;
    const kept = await this.#tokens(home).read();
    return kept && { ...home, ...kept };
  }

  /** The tokens first: without them the way to them is of no use. */
  async save(grant: Grant): Promise<void> {
    const { discovery, clientId, tokens, requested, dpopKey } = grant;
    await this.#tokens(grant).write({
      tokens,
      ...(requested === undefined ? {} : { requested }),
      ...(dpopKey === undefined ? {} : { dpopKey }),
    });
    await this.#home.write({ discovery, clientId });
  }

  /** Forget the tokens. What is known about the authorization server stays. */
  async dropTokens(grant: Grant): Promise<void> {
    await this.#tokens(grant).remove();
  }

  /** Where the tokens came from, also when they are gone. */
  async lastIssuer(): Promise<string | undefined> {
    return (await this.#home.read())?.discovery.issuer;
  }

  /** Forget the server altogether: tokens, where they came from, and sign-ins that have begun. */
  async forget(grant: Grant | undefined): Promise<void> {
    if (grant !== undefined) await this.#tokens(grant).remove();
    await this.#pending.remove();
    await this.#home.remove();
  }

  /** The registrations of this client at an authorization server: one for each redirect URI, the newest first. */
  registrations(issuer: string, clientName: string, grant: string): CredentialRecord<Registrations> {
    return new CredentialRecord(this.#store, "client", { issuer, clientName, grant }, readRegistrations);
  }

  /** Keep a sign-in that begins, before the person is sent away (ISS-01). */
  async begin(signIn: PendingSignIn, now: number): Promise<void> {
    await this.#pending.locked(async () => {
      const others = (await this.#signIns(now)).slice(0, mostSignIns - 1);
      await this.#pending.write({ signIns: [signIn, ...others] });
    });
  }

  /** The sign-in that a `state` belongs to. */
  async begun(state: string, now: number): Promise<PendingSignIn | undefined> {
    return (await this.#signIns(now)).find(({ authorization }) => authorization.state === state);
  }

  /**
   * Take a sign-in out of the store: its `state` and verifier are good for one answer (AUT-04), also when that comes several
   * times at once.
   */
  async end(state: string, now: number): Promise<PendingSignIn | undefined> {
    return this.#pending.locked(async () => {
      const signIns = await this.#signIns(now);
      const ended = signIns.find(({ authorization }) => authorization.state === state);
      if (ended === undefined) return undefined;
      const others = signIns.filter((signIn) => signIn !== ended);
      await (others.length === 0 ? this.#pending.remove() : this.#pending.write({ signIns: others }));
      return ended;
    });
  }

  async #signIns(now: number): Promise<readonly PendingSignIn[]> {
    const { signIns } = (await this.#pending.read()) ?? { signIns: [] };
    return signIns.filter(({ authorization }) => Math.abs(now - authorization.createdAt) < longestSignIn);
  }

  #tokens({ discovery: { resource, issuer }, clientId }: Home): CredentialRecord<Kept> {
    return new CredentialRecord(
      this.#store,
      "tokens",
      { resource, issuer, clientId, account: this.#account },
      readKept,
    );
  }
}

type Json = Record<string, unknown>;

function readHome(value: Json): Home | undefined {
  const { discovery, clientId } = value;
  return isDiscovery(discovery) && typeof clientId === "string" ? { discovery, clientId } : undefined;
}

function isDiscovery(value: unknown): value is Discovery {
  if (!isObject(value) || !isObject(value["server"])) return false;
  return (
    typeof value["resource"] === "string" && value["issuer"] === value["server"]["issuer"] && isText(value["issuer"])
  );
}

function readKept(value: Json): Kept | undefined {
  const { tokens, requested, dpopKey } = value;
  if (!isTokenSet(tokens) || !isOptional(requested, "string") || !isOptional(dpopKey, "string")) return undefined;
  return value as unknown as Kept;
}

function isTokenSet(value: unknown): value is TokenSet {
  if (!isObject(value) || !isAccessToken(value["accessToken"])) return false;
  return (
    ["bearer", "dpop"].includes(String(value["tokenType"])) &&
    Number.isFinite(value["issuedAt"]) &&
    (value["expiresAt"] === undefined || Number.isFinite(value["expiresAt"])) &&
    isOptional(value["refreshToken"], "string") &&
    isOptional(value["scope"], "string")
  );
}

/** One that cannot be sent would be quoted by the platform's error. */
function isAccessToken(value: unknown): boolean {
  return typeof value === "string" && accessTokenProblem(value) === undefined;
}

function readRegistrations({ registrations }: Json): Registrations | undefined {
  return Array.isArray(registrations) && registrations.every(isRegistration) ? { registrations } : undefined;
}

function isRegistration(value: unknown): value is Registration {
  if (!isObject(value)) return false;
  const { issuer, clientId, redirectUris, clientSecret, secretExpiresAt, authenticationMethod, scope } = value;
  return (
    isText(issuer) &&
    isText(clientId) &&
    Array.isArray(redirectUris) &&
    redirectUris.every(isText) &&
    isText(authenticationMethod) &&
    isOptional(clientSecret, "string") &&
    isOptional(scope, "string") &&
    (secretExpiresAt === undefined || Number.isFinite(secretExpiresAt))
  );
}

function readPending(value: Json): { signIns: readonly PendingSignIn[] } | undefined {
  const { signIns } = value;
  if (!Array.isArray(signIns) || !signIns.every(isPendingSignIn)) return undefined;
  return { signIns };
}

function isPendingSignIn(value: unknown): value is PendingSignIn {
  if (!isObject(value) || !isDiscovery(value["discovery"]) || !isObject(value["authorization"])) return false;
  const { state, verifier, issuer, clientId, redirectUri, scope, createdAt } = value["authorization"];
  if (issuer !== value["discovery"].issuer || !isText(clientId) || !isText(redirectUri)) return false;
  return isText(state) && isText(verifier) && isOptional(scope, "string") && Number.isFinite(createdAt);
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function isOptional(value: unknown, type: "string"): boolean {
  return value === undefined || typeof value === type;
}
