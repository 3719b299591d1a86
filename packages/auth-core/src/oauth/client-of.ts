/**
 * Who the client is at an authorization server, with what is kept of it: a registration is made once per authorization
 * server, and again when it is dead or does not fit (BIND-01 to BIND-05).
 */
import { quoteForeign } from "../errors.ts";
import { Secret } from "../secrets/secret.ts";
import type { Discovery } from "./discovery/discovery.ts";
import { OAuthMessageError } from "./errors.ts";
import type { Grant } from "./grant.ts";
import type { GrantRecords } from "./grant-records.ts";
import type { MessageContext } from "./message.ts";
import type { OAuthOptions } from "./options.ts";
import { type ClientIdentity, type ClientSettings, identifyClient, registeredIdentity } from "./registration.ts";

export class ClientOf {
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
    const record = this.#record(discovery.issuer, grant);
    return record.locked(async () => {
      const known = await record.read();
      const found = await identifyClient(settings, discovery, redirectUri, known, this.#context(signal));
      if (found.registration !== undefined) await record.write(found.registration);
      return found.identity;
    });
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
      const known = await this.#record(discovery.issuer, grant).read();
      if (known?.clientId === clientId) return registeredIdentity(known, discovery.server, context);
    }
    throw new OAuthMessageError(
      "registration_failed",
      `The registration that was used at ${quoteForeign(discovery.issuer)} is no longer kept. Sign in again.`,
      { oauthError: "invalid_client" },
    );
  }

  /** Forget the registrations at an authorization server. */
  async forget(issuer: string): Promise<void> {
    await this.#record(issuer, undefined).remove();
    await this.#record(issuer, "device_code").remove();
  }

  /** A client registered for one way to sign in may not use the other. */
  #record(issuer: string, grant: Occasion["grant"]) {
    return this.#records.registration(issuer, this.#settings.clientName ?? "", grant ?? "");
  }
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
