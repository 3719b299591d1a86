/**
 * What an authorization server was asked, by endpoint and by parameter.
 */
import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import type { RecordedRequest } from "../listen.ts";

/**
 * The endpoints of an authorization server, by the name under which its metadata lists them, and what a scripted one
 * protects: an MCP endpoint and its metadata.
 */
export type OAuthEndpoint =
  | "metadata"
  | "authorization"
  | "token"
  | "registration"
  | "revocation"
  | "introspection"
  | "device_authorization"
  | "jwks"
  | "resource"
  | "resource_metadata";

/** One request to an authorization server. */
export interface OAuthRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** `undefined` for pages and whatever is not an endpoint. */
  readonly endpoint: OAuthEndpoint | undefined;
  /** Of the query and of the body, form or JSON; of a repeated name the last. */
  readonly params: Readonly<Record<string, string>>;
  readonly headers: IncomingHttpHeaders;
  /** The status it was answered with; 0 until then. */
  readonly status: number;
}

/** The requests of one server, in order of arrival. */
export interface RequestLog {
  readonly requests: readonly OAuthRequest[];
  /**
   * How many requests reached an endpoint.
   *
   * @param grant - counts token requests with this `grant_type` only.
   * @param status - counts what was answered with this status only.
   */
  count(endpoint: OAuthEndpoint, grant?: string, status?: number): number;
}

/** A log that can be written to. */
export interface WritableRequestLog extends RequestLog {
  /** Add a request that `response` will answer. */
  add(request: RecordedRequest, endpoint: OAuthEndpoint | undefined, response: ServerResponse): void;
}

export function requestLog(): WritableRequestLog {
  const requests: OAuthRequest[] = [];
  return {
    requests,
    count: (endpoint, grant, status) =>
      requests.filter(
        (request) =>
          request.endpoint === endpoint &&
          (grant === undefined || request.params["grant_type"] === grant) &&
          (status === undefined || request.status === status),
      ).length,
    add(request, endpoint, response) {
      const { method, headers } = request;
      const { pathname } = new URL(request.url, "http://server");
      requests.push({
        method,
        path: pathname,
        endpoint,
        params: paramsOf(request),
        headers,
        get status() {
          return response.writableEnded ? response.statusCode : 0;
        },
      });
    },
  };
}

/** Parameters of the query and of the body. */
export function paramsOf({ url, headers, body }: RecordedRequest): Record<string, string> {
  const params = Object.fromEntries(new URL(url, "http://server").searchParams);
  const type = headers["content-type"] ?? "";
  if (type.startsWith("application/x-www-form-urlencoded")) {
    Object.assign(params, Object.fromEntries(new URLSearchParams(body)));
  } else if (type.startsWith("application/json")) {
    for (const [name, value] of Object.entries(parseObject(body)))
      params[name] = typeof value === "string" ? value : JSON.stringify(value);
  }
  return params;
}

/** The JSON object that a text holds, or an empty one. */
export function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : {};
  } catch {
    return {};
  }
}
