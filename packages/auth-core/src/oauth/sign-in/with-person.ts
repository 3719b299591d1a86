/**
 * A sign-in by a person: the authorization code grant with PKCE, or the device grant where no browser can be opened.
 */
import { emit } from "../../emit.ts";
import { SallyportError } from "../../errors.ts";
import { judgeAuthorizationResponse, startAuthorization } from "../authorization.ts";
import { oauthErrorOf } from "../errors.ts";
import { redeemCode } from "../grants/authorization-code.ts";
import { deviceCode } from "../grants/device-code.ts";
import type { Interaction } from "../interaction.ts";
import type { Grant } from "../tokens/grant.ts";
import type { PendingSignIn } from "../tokens/grant-records.ts";
import type { TokenSet } from "../tokens/token-set.ts";
import { issue, type SignInParts, type SignInRequest } from "./sign-in.ts";

/** Ask the person, in whichever way the interaction and the server have in common. */
export async function signInWithPerson(parts: SignInParts, request: SignInRequest): Promise<Grant> {
  const { interaction } = parts.options;
  if (interaction === undefined) {
    throw new SallyportError("authorization_required", "There is nobody to ask for a sign-in: pass an interaction.");
  }
  const ask = usesDeviceCode(parts, interaction, request) ? withDeviceCode : withBrowser;
  try {
    return await ask(parts, interaction, request);
  } catch (error) {
    // The registration is dead: once more with another one (pain 6). A client that was given cannot be replaced.
    if (!isUnknownClient(error) || parts.options.clientId !== undefined || request.signal.aborted) throw error;
    return ask(parts, interaction, request);
  }
}

function usesDeviceCode({ options }: SignInParts, interaction: Interaction, { discovery }: SignInRequest): boolean {
  if (options.grant === "device_code") return true;
  const offered = discovery.server.device_authorization_endpoint !== undefined;
  const possible = interaction.prefersDeviceCode === true && interaction.showDeviceCode !== undefined;
  return options.grant === undefined && offered && possible;
}

function isUnknownClient(error: unknown): boolean {
  return oauthErrorOf(error) === "invalid_client";
}

/** Ask for tokens. A registration that this shows to be dead is forgotten, and no other. */
async function tokensFor(
  { client }: SignInParts,
  who: Pick<Grant, "clientId" | "discovery">,
  ask: () => Promise<TokenSet>,
): Promise<TokenSet> {
  try {
    return await ask();
  } catch (error) {
    if (isUnknownClient(error)) await client.forget(who);
    throw error;
  }
}

async function withBrowser(parts: SignInParts, interaction: Interaction, request: SignInRequest): Promise<Grant> {
  const { options, records, client, now } = parts;
  const { discovery, scope, previousIssuer, signal } = request;
  const { allowInsecure = false, callbackPort, callbackUrl, redirectPath, strictPort } = options;
  const session = await interaction.open({
    preferredPort: callbackPort || ((await client.lastPort(discovery)) ?? callbackPort),
    strictPort,
    path: redirectPath,
    redirectUri: callbackUrl,
    isExpected: async (state) => (await records.begun(state, now())) !== undefined,
    signal,
  });
  try {
    const { redirectUri } = session;
    const identity = await client.at(discovery, { redirectUri, scope, previousIssuer, signal });
    const { url, pending } = await startAuthorization({ discovery, identity, redirectUri, scope, allowInsecure, now });
    await records.begin({ discovery, authorization: pending }, now());
    signal.throwIfAborted();
    tell(parts, discovery.issuer, "asked", url);
    const callback = await session.authorize(url);
    tell(parts, discovery.issuer, "answered");
    // A clock that was set meanwhile makes the sign-in that was waited for no older.
    const isOwn = callback.searchParams.get("state") === pending.state;
    return await finishSignIn(parts, callback, signal, isOwn ? pending.createdAt : now());
  } finally {
    await session.close().catch(() => {});
  }
}

/**
 * Finish a sign-in with the answer of the authorization server, whoever began it.
 *
 * @param asOf - when it is finished, in milliseconds since 1970: those that began long before cannot be.
 * @throws SallyportError `state_mismatch` when no sign-in waits for it.
 */
export async function finishSignIn(
  parts: SignInParts,
  callback: URL,
  signal: AbortSignal | undefined,
  asOf: number = parts.now(),
): Promise<Grant> {
  const { records } = parts;
  const state = callback.searchParams.get("state") ?? "";
  // Before the answer is looked at: a state is good for one (AUT-04).
  const begun = await records.end(state, asOf);
  if (begun === undefined) throw unexpected();
  const { discovery, authorization } = begun;
  const parameters = judgeAuthorizationResponse(callback, authorization, discovery.server);
  return redeem(parts, begun, parameters, signal);
}

async function redeem(
  parts: SignInParts,
  { discovery, authorization }: PendingSignIn,
  parameters: URLSearchParams,
  signal: AbortSignal | undefined,
): Promise<Grant> {
  const { clientId, scope } = authorization;
  const identity = await parts.client.known({ discovery, clientId });
  return issue(parts, { discovery, identity, scope, signal, grant: "authorization_code" }, (context) =>
    tokensFor(parts, { discovery, clientId }, () => redeemCode(context, parameters, authorization)),
  );
}

async function withDeviceCode(parts: SignInParts, interaction: Interaction, request: SignInRequest): Promise<Grant> {
  const { discovery, scope, previousIssuer, signal } = request;
  const show = interaction.showDeviceCode?.bind(interaction);
  if (show === undefined) {
    throw new SallyportError(
      "authorization_required",
      "The device grant is configured, and the interaction cannot show a code: give it a method showDeviceCode.",
    );
  }
  const identity = await parts.client.at(discovery, { grant: "device_code", scope, previousIssuer, signal });
  const clientId = identity.client.client_id;
  return issue(parts, { discovery, identity, scope, signal, grant: "device_code" }, async (context) => {
    tell(parts, discovery.issuer, "asked");
    const tokens = await tokensFor(parts, { discovery, clientId }, () => deviceCode(context, { show }));
    tell(parts, discovery.issuer, "answered");
    return tokens;
  });
}

function tell({ options }: SignInParts, issuer: string, step: "asked" | "answered", url?: URL): void {
  const shown = url === undefined ? {} : { url: `${url.origin}${url.pathname}` };
  emit(options.onEvent, { type: "authorization", step, issuer, ...shown });
}

function unexpected(): SallyportError<"state_mismatch"> {
  return new SallyportError(
    "state_mismatch",
    "An answer of an authorization server belongs to no sign-in that was begun for this server: it was answered already, is older than 30 minutes, or does not come from there. Nothing of it is used. Sign in again.",
  );
}
