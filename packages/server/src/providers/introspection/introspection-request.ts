/**
 * Asks an authorization server about a token: RFC 7662 §2.1, written and read by `oauth4webapi`.
 */
import { SallyportError } from "@sallyport/auth-core";
import {
  allowInsecureRequests,
  type ClientAuth,
  ClientSecretBasic,
  ClientSecretPost,
  customFetch,
  introspectionRequest,
  processIntrospectionResponse,
  ResponseBodyError,
} from "oauth4webapi";
import { boundedFetch, unavailable } from "../../verification/bounded-fetch.ts";
import { withDeadline } from "../../verification/deadline.ts";
import type { JsonObject } from "../../verification/fetch-json.ts";

/** How a resource server shows who it is at the introspection endpoint (I62-02): as a client, or with a token of its own. */
export interface IntrospectionCredentials {
  readonly clientId?: string;
  readonly clientSecret?: string;
  /** How id and secret are sent. Default `client_secret_basic`. */
  readonly clientAuthentication?: "client_secret_basic" | "client_secret_post";
  /** A token in place of id and secret; a function is asked before each request. */
  readonly bearerToken?: string | (() => string | Promise<string>);
}

/** How the endpoint is asked. */
export interface IntrospectionRequestOptions extends IntrospectionCredentials {
  /** For one question, in milliseconds. Default 5,000. */
  readonly timeoutMs?: number;
  /** Sends the requests. Default: the global `fetch` at the time of the call. */
  readonly fetch?: typeof fetch;
}

// A stranger can make up any number of tokens: no more of them than this are asked about at a time.
const mostAtOnce = 128;

/** Asks one introspection endpoint. */
export class IntrospectionRequest {
  readonly #endpoint: () => Promise<URL>;
  readonly #issuer: string | undefined;
  readonly #clientId: string;
  readonly #authentication: ClientAuth;
  readonly #timeoutMs: number;
  readonly #fetch: typeof fetch | undefined;
  #running = 0;

  /**
   * @param issuer - whose endpoint it is, if that is known.
   * @throws SallyportError (`config_invalid`) when an option cannot be used.
   */
  constructor(endpoint: () => Promise<URL>, issuer: string | undefined, options: IntrospectionRequestOptions) {
    const { clientId, timeoutMs = 5_000, fetch } = options;
    if (!(timeoutMs > 0 && timeoutMs <= 60_000)) {
      throw new SallyportError("config_invalid", "timeoutMs: must be above 0 and at most 60,000.");
    }
    this.#authentication = authenticationOf(options);
    this.#endpoint = endpoint;
    this.#issuer = issuer;
    this.#clientId = clientId ?? "resource-server";
    this.#timeoutMs = timeoutMs;
    this.#fetch = fetch;
  }

  /**
   * What the server says: an object whose `active` is a boolean. Anything else is no answer (I62-03): it rejects with
   * `temporarily_unavailable`.
   */
  async ask(token: string): Promise<JsonObject> {
    const endpoint = await this.#endpoint();
    if (this.#running >= mostAtOnce) throw unavailable(endpoint, `is being asked about ${mostAtOnce} tokens already`);
    this.#running += 1;
    const late = () => unavailable(endpoint, `gave no whole answer in ${this.#timeoutMs} ms`);
    try {
      return await withDeadline(this.#timeoutMs, () => this.#exchange(endpoint, token), late);
    } catch (error) {
      throw error instanceof SallyportError ? error : unavailable(endpoint, "gave no usable answer", error);
    } finally {
      this.#running -= 1;
    }
  }

  async #exchange(endpoint: URL, token: string): Promise<JsonObject> {
    const server = { issuer: this.#issuer ?? endpoint.origin, introspection_endpoint: endpoint.href };
    const client = { client_id: this.#clientId };
    const bounds = { fetch: this.#fetch, timeoutMs: this.#timeoutMs };
    const response = await introspectionRequest(server, client, this.#authentication, token, {
      additionalParameters: { token_type_hint: "access_token" },
      [customFetch]: (_url, init) => boundedFetch(endpoint, init, bounds),
      // The endpoint has been checked: http is this machine.
      [allowInsecureRequests]: endpoint.protocol === "http:",
    });
    // A signed response (RFC 9701) was not asked for, and its signature would not be checked.
    if (!/^application\/json\s*(?:;|$)/i.test(response.headers.get("content-type") ?? "")) {
      throw unavailable(endpoint, `answered with ${response.status} and no JSON`);
    }
    try {
      return { ...(await processIntrospectionResponse(server, client, response)) };
    } catch (error) {
      // The code is RFC 7009's, but servers say so here too: of an ID token, for one. It is a judgement about the token.
      if (error instanceof ResponseBodyError && error.error === "unsupported_token_type") return { active: false };
      throw error;
    }
  }
}

function authenticationOf(credentials: IntrospectionCredentials): ClientAuth {
  const { clientId, clientSecret, clientAuthentication = "client_secret_basic", bearerToken } = credentials;
  const asClient = isText(clientId) && isText(clientSecret);
  if (bearerToken === undefined ? !asClient : clientSecret !== undefined || bearerToken === "") {
    throw new SallyportError(
      "config_invalid",
      "introspection: give either clientId and clientSecret, or bearerToken. Without them the endpoint answers nobody.",
    );
  }
  if (bearerToken !== undefined) {
    return async (_server, _client, _body, headers) => {
      const token = typeof bearerToken === "string" ? bearerToken : await bearerToken();
      headers.set("authorization", `Bearer ${token}`);
    };
  }
  switch (clientAuthentication) {
    case "client_secret_basic":
      return ClientSecretBasic(clientSecret as string);
    case "client_secret_post":
      return ClientSecretPost(clientSecret as string);
    default:
      throw new SallyportError(
        "config_invalid",
        "clientAuthentication: must be client_secret_basic or client_secret_post.",
      );
  }
}

function isText(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}
