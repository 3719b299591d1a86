/**
 * The device authorization grant: RFC 8628, for machines without a browser.
 */
import {
  type DeviceAuthorizationResponse,
  deviceAuthorizationRequest,
  deviceCodeGrantRequest,
  processDeviceAuthorizationResponse,
} from "oauth4webapi";
import { quoteForeign, SallyportError } from "../../errors.ts";
import { checkUrl } from "../../http/secure-url.ts";
import { isTransient, OAuthMessageError, oauthErrorOf } from "../errors.ts";
import type { DeviceCode } from "../interaction.ts";
import { endpointName, messageError, requestOptions } from "../messages/message.ts";
import { commonParameters, type GrantContext, requestTokens } from "../messages/token-request.ts";
import type { TokenSet } from "../tokens/token-set.ts";

/** How the grant asks and waits. */
export interface DeviceCodePorts {
  /** Shows the code to the person. */
  show(code: DeviceCode): void | Promise<void>;
  /** Resolves after a time in milliseconds; rejects with the reason of the signal. Default: a timer. */
  wait?(milliseconds: number, signal: AbortSignal | undefined): Promise<void>;
}

// RFC 8628 §3.2 and §3.5, in seconds.
const defaultInterval = 5;
const slowDown = 5;
const shortestInterval = 1;
const longestInterval = 5 * 60;
const longestLife = 30 * 60;

/**
 * Show a code, and ask for the tokens until the person has entered it.
 *
 * @throws SallyportError `authorization_denied` when the person refuses, `authorization_timeout` when the code expires,
 * `token_request_failed`, and the reason of the signal.
 */
export async function deviceCode(context: GrantContext, { show, wait = pause }: DeviceCodePorts): Promise<TokenSet> {
  const { server, identity, signal, now } = context;
  const begun = await begin(context);
  const life = Math.min(begun.expires_in, longestLife) * 1000;
  const begunAt = now();
  await show(shown(begun, begunAt + life));
  let interval = Math.max(shortestInterval, Math.min(begun.interval ?? defaultInterval, longestInterval));
  let waited = 0;
  for (;;) {
    // Both, since the machine may sleep and its clock may be set back.
    const left = life - Math.max(waited, now() - begunAt);
    if (left <= 0) throw expired();
    const time = Math.min(interval * 1000, left);
    await wait(time, signal);
    waited += time;
    try {
      return await requestTokens(context, {
        what: "The request for tokens with the device code",
        send: (options) =>
          deviceCodeGrantRequest(server, identity.client, identity.authentication, begun.device_code, {
            ...options,
            additionalParameters: { resource: context.resource },
          }),
      });
    } catch (error) {
      const oauthError = oauthErrorOf(error);
      // RFC 8628 §3.5: after a timeout, too, more slowly.
      if (oauthError === "slow_down" || isTransient(error)) interval = Math.min(interval + slowDown, longestInterval);
      else if (oauthError === "expired_token") throw expired();
      else if (oauthError === "access_denied") throw denied(server.issuer);
      else if (oauthError !== "authorization_pending") throw error;
    }
  }
}

async function begin(context: GrantContext): Promise<DeviceAuthorizationResponse> {
  const { server, identity } = context;
  const { device_authorization_endpoint: endpoint } = server;
  if (endpoint === undefined) {
    throw new SallyportError(
      "token_request_failed",
      `The authorization server ${quoteForeign(server.issuer)} does not offer the device grant. Set \`grant\` to "authorization_code", or leave it out.`,
    );
  }
  try {
    const response = await deviceAuthorizationRequest(
      server,
      identity.client,
      identity.authentication,
      commonParameters(context),
      requestOptions(context),
    );
    return await processDeviceAuthorizationResponse(server, identity.client, response);
  } catch (error) {
    throw messageError(error, "token_request_failed", `The request for a device code at ${endpointName(endpoint)}`);
  }
}

/** What the person sees. The addresses are foreign and somebody will open them (URL-01). */
function shown(begun: DeviceAuthorizationResponse, expiresAt: number): DeviceCode {
  const { user_code: userCode, verification_uri: uri, verification_uri_complete: complete } = begun;
  const check = (url: string): string =>
    checkUrl(url, "The address for the device code", { allowInsecure: false }).href;
  if (!/^[\x21-\x7e](?:[\x20-\x7e]{0,62}[\x21-\x7e])?$/.test(userCode)) {
    throw new OAuthMessageError(
      "token_request_failed",
      "The authorization server gave a device code that nobody can enter.",
    );
  }
  return {
    userCode,
    verificationUri: check(uri),
    ...(complete === undefined ? {} : { verificationUriComplete: check(complete) }),
    expiresAt,
  };
}

function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    if (signal?.aborted) stop();
    else signal?.addEventListener("abort", stop, { once: true });
  });
}

function expired(): SallyportError<"authorization_timeout"> {
  return new SallyportError(
    "authorization_timeout",
    "Nobody entered the device code before it expired. Sign in again, and enter the new code in time.",
  );
}

function denied(issuer: string): SallyportError<"authorization_denied"> {
  return new SallyportError(
    "authorization_denied",
    `The sign-in at ${quoteForeign(issuer)} was refused by the person who entered the code. Sign in again to ask once more.`,
  );
}
