/**
 * What stands in front of a test server: looks at the headers and refuses, or lets the request through.
 */
import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import type { TlsOptions } from "node:tls";
import type { RecordedRequest } from "./listen.ts";

/** The answer to a request that is not let through. */
export interface Refusal {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Returns a refusal, or nothing to let the request through. `response` is for what a broken server would do. */
export type Guard = (
  headers: IncomingHttpHeaders,
  request: RecordedRequest,
  response: ServerResponse,
) => Refusal | undefined | Promise<Refusal | undefined>;

/** Options that every MCP test server takes. */
export interface GuardOptions {
  readonly guard?: Guard | undefined;
  /** Makes it an https server. */
  readonly tls?: TlsOptions | undefined;
}

/** Lets in what carries `Authorization: Bearer <token>`, and challenges everything else (RFC 6750 §3). */
export function requireBearer(token: string): Guard {
  return ({ authorization }) => {
    if (authorization === `Bearer ${token}`) return undefined;
    const error = authorization === undefined ? "" : ', error="invalid_token"';
    return { status: 401, headers: { "www-authenticate": `Bearer realm="testkit"${error}` } };
  };
}

/** Lets in what carries `name: value`, and answers 401 without a challenge to everything else. */
export function requireHeader(name: string, value: string): Guard {
  return (headers) => (headers[name.toLowerCase()] === value ? undefined : { status: 401 });
}

/** Whether the request was refused, and answered. */
export async function refused(
  guard: Guard | undefined,
  request: RecordedRequest,
  response: ServerResponse,
): Promise<boolean> {
  const refusal = await guard?.(request.headers, request, response);
  if (refusal === undefined) return false;
  response.writeHead(refusal.status, { ...refusal.headers }).end(refusal.body ?? "");
  return true;
}
