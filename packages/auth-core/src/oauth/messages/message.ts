/**
 * What every message to an authorization server needs, and what becomes of its failures. The messages themselves are
 * oauth4webapi's.
 */
import {
  allowInsecureRequests,
  customFetch,
  type DPoPHandle,
  OperationProcessingError,
  ResponseBodyError,
  UnsupportedOperationError,
  WWWAuthenticateChallengeError,
} from "oauth4webapi";
import { type ErrorCode, isSallyportError, isSecurityRefusal, quoteForeign } from "../../errors.ts";
import type { AuthEventListener } from "../../events.ts";
import type { GuardedFetch } from "../../http/guarded-fetch.ts";
import { urlName } from "../../http/url-name.ts";
import type { DpopProver } from "../dpop.ts";
import { OAuthMessageError } from "../errors.ts";
import { readableError } from "./error-answer.ts";

/** What a message is sent with. */
export interface MessageContext {
  readonly fetch: GuardedFetch;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly signal?: AbortSignal;
  readonly onEvent?: AuthEventListener;
  /** Proves possession of a key in token requests (RFC 9449 §5). */
  readonly dpop?: DpopProver;
}

/** The options of a request of oauth4webapi. */
export interface MessageOptions {
  [customFetch]: (url: string, init: RequestInit) => Promise<Response>;
  [allowInsecureRequests]: true;
  signal?: AbortSignal;
  DPoP?: DPoPHandle;
}

/**
 * The options that send a request of oauth4webapi by way of a context. The guarded fetch alone judges URLs (SSR-02):
 * oauth4webapi would refuse http on loopback. What the server answers comes back in the form oauth4webapi reads, and an
 * error without the secrets that were sent.
 */
export function requestOptions(context: MessageContext): MessageOptions {
  return {
    [customFetch]: async (url, init) => readableError(await context.fetch(url, init), init),
    [allowInsecureRequests]: true,
    ...(context.signal === undefined ? {} : { signal: context.signal }),
    ...(context.dpop === undefined ? {} : { DPoP: context.dpop.handle }),
  };
}

/** An endpoint as messages name it. */
export function endpointName(endpoint: string | undefined): string {
  return urlName(endpoint, "an endpoint that is no URL");
}

/**
 * What to throw for a failed message: `throw messageError(error, "token_request_failed", "The token request to …")`.
 *
 * A refusal that protects the caller, a failure of a secret source and the reason of a signal stay what they are.
 * Everything that oauth4webapi or the guarded fetch reports becomes an {@link OAuthMessageError}; oauth4webapi's own
 * errors hold parameters and bodies and are no `cause` of it.
 *
 * @param code - of the error to be thrown.
 * @param what - the message that failed, as the beginning of a sentence: `The refresh at https://as.example/token`.
 * @param next - what to do about it, as a sentence.
 */
export function messageError(error: unknown, code: ErrorCode, what: string, next = ""): unknown {
  const advice = next === "" ? "" : ` ${next}`;
  if (isSallyportError(error)) {
    if (isSecurityRefusal(error) || error instanceof OAuthMessageError || error.code !== unreachable) return error;
    return new OAuthMessageError(code, `${what} failed. ${error.message}${advice}`, { cause: error, transient: true });
  }
  if (error instanceof ResponseBodyError) {
    const hint = advice === "" && error.error === "invalid_client" ? ` ${unknownClient}` : advice;
    return new OAuthMessageError(code, `${what} was answered with ${error.status} and ${described(error)}.${hint}`, {
      oauthError: error.error,
      status: error.status,
    });
  }
  if (error instanceof WWWAuthenticateChallengeError) {
    const named = error.cause.map(({ parameters }) => parameters["error"]).find((name) => name !== undefined);
    const rest = named === undefined ? " and an HTTP challenge" : ` and the challenge ${quoteForeign(named, 100)}`;
    return new OAuthMessageError(code, `${what} was answered with ${error.status}${rest}.${advice}`, {
      oauthError: named,
      status: error.status,
    });
  }
  if (error instanceof OperationProcessingError || error instanceof UnsupportedOperationError) {
    const status = error.cause instanceof Response ? error.cause.status : undefined;
    const answered = status === undefined ? "" : ` It answered with ${status}.`;
    return new OAuthMessageError(code, `${what} failed: ${reasonOf(error)}.${answered}${advice}`, { status });
  }
  // A wrong argument: oauth4webapi's words are fixed ones.
  if (error instanceof TypeError && "code" in error)
    return new OAuthMessageError(code, `${what} failed: ${error.message}.${advice}`);
  return error;
}

const unknownClient = "Check the client's id, and the secret or key that belongs to it there.";

// What the guarded fetch reports when it got no answer.
const unreachable: ErrorCode = "discovery_failed";

function described({ error, error_description: description }: ResponseBodyError): string {
  const named = `the error ${quoteForeign(error, 100)}`;
  return typeof description === "string" && description !== "" ? `${named}: ${quoteForeign(description)}` : named;
}

/** oauth4webapi's words, which hold nothing of the response but its form. */
function reasonOf({ message }: Error): string {
  return message.replace(/^"response"/, "the response");
}
