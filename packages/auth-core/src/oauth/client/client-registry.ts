/**
 * Who the client is at an authorization server, with what is kept of it: a registration is made once per authorization
 * server, and again when it is dead or does not fit (BIND-01 to BIND-05). Those that were made before stay: grants and
 * sign-ins that have begun belong to them.
 */
import { quoteForeign } from "../../errors.ts";
import { Secret } from "../../secrets/secret.ts";
import type { Discovery } from "../discovery/discovery.ts";
import { OAuthMessageError } from "../errors.ts";
import type { MessageContext } from "../messages/message.ts";
import type { OAuthOptions } from "../options.ts";
import {
  type ClientIdentity,
  type ClientSettings,
  clientIdOf,
  identifyClient,
  isFitting,
  type Registration,
  registeredIdentity,
} from "../registration.ts";
import type { Grant } from "../tokens/grant.ts";
import type { GrantRecords } from "../tokens/grant-records.ts";
import { isForgotten } from "./registration-check.ts";

// One for each port that was ever listened at, as far as the authorization server takes no other.
const mostRegistrations = 8;
const surelyKnownMs = 5 * 60_000;

export class ClientRegistry {
  readonly #settings: ClientSettings;
  readonly #records: GrantRecords;
  readonly #context: (signal: AbortSignal | undefined) => MessageContext;

  constructor(
    options: OAuthOptions,
    records: GrantRecords,
    context: (signal: AbortSignal | undefined) => MessageContext,
  ) {
    const { clientSecret, privateKey, secrets } = options;
    this.#settings = {
      ...options,
      clientSecret: clientSecret === undefined ? undefined : new Secret(clientSecret, secrets),
      privateKey: privateKey === undefined ? undefined : new Secret(privateKey, secrets),
    };
    this.#records = records;
    this.#context = context;
  }

  /** The client, for a sign-in: registered now when it has to be. */
  async at(
    discovery: Discovery,
    { grant, redirectUri, scope, previousIssuer, signal }: Occasion,
  ): Promise<ClientIdentity> {
    const settings = {
      ...this.#settings,
      issuer: this.#settings.issuer ?? previousIssuer,
      grant: grant ?? this.#settings.grant,
      scope: scope ?? this.#settings.scope,
    };
    const context = this.#context(signal);
    const purpose = { issuer: discovery.issuer, redirectUri, scope: settings.scope, now: context.now() };
    const record = this.#record(discovery.issuer, grant);
    return record.locked(async () => {
      let kept = (await record.read())?.registrations ?? [];
      let known = kept.find((each) => isFitting(each, purpose));
      const isUsed = clientIdOf(settings, discovery.server) === undefined;
      if (isUsed && known !== undefined && (await isDead(known, discovery, redirectUri, context))) {
        kept = kept.filter((each) => !isFitting(each, purpose));
        known = undefined;
      }
      known ??= kept[0];
      const { identity, registration } = await identifyClient(settings, discovery, redirectUri, known, context);
      if (registration !== undefined) {
        await record.write({ registrations: [registration, ...kept].slice(0, mostRegistrations) });
      }
      return identity;
    });
  }

  /**
   * The port that the client was last registered with, so that it need not be registered again for another one; `undefined`
   * when there is none. Where a client is not registered the port makes no difference (RED-05).
   */
  async lastPort({ issuer }: Discovery): Promise<number | undefined> {
    const [last] = (await this.#record(issuer, undefined).read())?.registrations ?? [];
    const [redirectUri] = last?.redirectUris ?? [];
    return redirectUri === undefined ? undefined : Number(new URL(redirectUri).port) || undefined;
  }

  /**
   * The client that a grant or a code was issued to: never registered anew.
   *
   * @throws OAuthMessageError `registration_failed` with `invalid_client` when its registration is gone.
   */
  async known({ discovery, clientId }: Pick<Grant, "clientId" | "discovery">): Promise<ClientIdentity> {
    const context = this.#context(undefined);
    if (clientId === this.#settings.clientId || clientId === this.#settings.clientMetadataUrl) {
      // It was taken when the grant was made: what the server says of documents now would make it another client.
      const server = { ...discovery.server, client_id_metadata_document_supported: true };
      return (await identifyClient(this.#settings, { ...discovery, server }, undefined, undefined, context)).identity;
    }
    for (const grant of [undefined, "device_code"] as const) {
      const kept = (await this.#record(discovery.issuer, grant).read())?.registrations ?? [];
      const known = kept.find((each) => each.clientId === clientId);
      if (known !== undefined) return registeredIdentity(known, discovery.server, context);
    }
    throw new OAuthMessageError(
      "registration_failed",
      `The registration that was used at ${quoteForeign(discovery.issuer)} is no longer kept. Sign in again.`,
      { oauthError: "invalid_client" },
    );
  }

  /** Forget a registration that is dead, and no other: grants may belong to those. */
  async forget({ discovery, clientId }: Pick<Grant, "clientId" | "discovery">): Promise<void> {
    for (const grant of [undefined, "device_code"] as const) {
      const record = this.#record(discovery.issuer, grant);
      await record.locked(async () => {
        const kept = (await record.read())?.registrations ?? [];
        const others = kept.filter((each) => each.clientId !== clientId);
        if (others.length === kept.length) return;
        await (others.length === 0 ? record.remove() : record.write({ registrations: others }));
      });
    }
  }

  /** A client registered for one way to sign in may not use the other. */
  #record(issuer: string, grant: Occasion["grant"]) {
    return this.#records.registrations(issuer, this.#settings.clientName ?? "", grant ?? "");
  }
}

/** A client that was given is somebody else's to look after, and one that has just been registered is known. */
async function isDead(
  registration: Registration,
  discovery: Discovery,
  redirectUri: string | undefined,
  context: MessageContext,
): Promise<boolean> {
  if (redirectUri === undefined || Math.abs(context.now() - registration.registeredAt) < surelyKnownMs) return false;
  return isForgotten(discovery, registeredIdentity(registration, discovery.server, context), redirectUri, context);
}

/** What the client is needed for. */
export interface Occasion {
  /** Only where it is not the configured one. */
  readonly grant?: "device_code" | undefined;
  readonly redirectUri?: string | undefined;
  /** The scopes that will be asked for, separated by spaces. */
  readonly scope?: string | undefined;
  /** Where a client that was registered beforehand was used last (BIND-06). */
  readonly previousIssuer: string | undefined;
  readonly signal: AbortSignal | undefined;
}
