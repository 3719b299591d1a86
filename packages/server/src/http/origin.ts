/**
 * Which hosts and which web pages may talk to the server: the Host check against DNS rebinding, the Origin check and CORS.
 * MCP Streamable HTTP, Security (CHL-16, LOC-03); what browsers must be able to read is D49-14.
 */

import {
  localhostAllowedHostnames,
  localhostAllowedOrigins,
  validateHostHeader,
  validateOriginHeader,
} from "@modelcontextprotocol/server";
import { SallyportError } from "@sallyport/auth-core";
import { type Answer, jsonRpcAnswer } from "../gate/answers.ts";
import { headerValues, type RequestHead } from "../gate/extract.ts";

/** Which web pages may call, and by which names. */
export interface OriginOptions {
  /**
   * Origins of web pages that may call the server: exactly these, or `"*"` for every page. Default: pages of the server's own
   * origin and pages served from this machine (`localhost`, `127.0.0.1`, `[::1]`, any port).
   */
  readonly allowedOrigins?: "*" | readonly string[];
  /** Names the server may be called by, without ports. Default: loopback names when listening on loopback, else any. */
  readonly allowedHosts?: "*" | readonly string[];
}

/** Judges where a request comes from. */
export interface OriginPolicy {
  /**
   * @param host - what the request calls the server, with its port; `undefined` when it does not say (HTTP/1.0).
   * @param loopback - whether it came in over a loopback address.
   * @returns the final answer to a preflight or a refusal, or the headers that every other answer carries.
   */
  check(head: RequestHead, host: string | undefined, loopback: boolean): { answer: Answer } | { headers: CorsHeaders };
}

export type CorsHeaders = Readonly<Record<string, string>>;

/** @throws SallyportError (`config_invalid`) when an origin is not one: it has a path, or no scheme. */
export function createOriginPolicy({ allowedOrigins, allowedHosts }: OriginOptions): OriginPolicy {
  const origins = allowedOrigins === "*" ? "*" : allowedOrigins && new Set(allowedOrigins.map(checkOrigin));
  return {
    check(head, host, loopback) {
      const names = allowedHosts ?? (loopback ? localhostAllowedHostnames() : "*");
      // A browser always sends Host, so a request without one is no rebinding.
      if (names !== "*" && host !== undefined && !validateHostHeader(host, [...names]).ok) return refused("Host");

      const [origin, another] = headerValues(head.headers, "origin");
      if (origin === undefined) return { headers: {} };
      if (another !== undefined || !isAllowed(origin, origins, host)) return refused("Origin");
      const headers = {
        "Access-Control-Allow-Origin": origins === "*" ? "*" : origin,
        ...(origins !== "*" && { Vary: "Origin" }),
      };
      return isPreflight(head)
        ? { answer: { status: 204, headers: { ...headers, ...preflightHeaders(head) }, body: "" } }
        : { headers: { ...headers, "Access-Control-Expose-Headers": exposed } };
    },
  };
}

// Without WWW-Authenticate a page cannot tell why it was refused. Credentials mode stays off: tokens do not come in cookies.
const exposed = "WWW-Authenticate, Retry-After, MCP-Session-Id, MCP-Protocol-Version";
const allowedHeaders =
  "Authorization, Content-Type, Accept, Last-Event-ID, MCP-Protocol-Version, MCP-Session-Id, Mcp-Method, Mcp-Name";

function refused(header: string): { answer: Answer } {
  return { answer: jsonRpcAnswer(403, `${header} not allowed`) };
}

function isAllowed(origin: string, origins: "*" | ReadonlySet<string> | undefined, host: string | undefined): boolean {
  if (origins === "*") return true;
  if (origins !== undefined) return origins.has(origin);
  // The SDK's check looks at the name of the host alone.
  if (!/^https?:\/\//.test(origin)) return false;
  return isSameOrigin(origin, host) || validateOriginHeader(origin, localhostAllowedOrigins()).ok;
}

// The scheme is not compared: behind a proxy that ends TLS the server does not know its own.
function isSameOrigin(origin: string, host: string | undefined): boolean {
  if (host === undefined || !URL.canParse(origin)) return false;
  const { protocol, host: caller } = new URL(origin);
  const own = `${protocol}//${host}`;
  return /^https?:$/.test(protocol) && URL.canParse(own) && new URL(own).host === caller;
}

function isPreflight(head: RequestHead): boolean {
  return head.method === "OPTIONS" && headerValues(head.headers, "access-control-request-method").length > 0;
}

// `Mcp-Param-*` names are made by tools, so what is asked for is allowed. `*` would not cover Authorization.
function preflightHeaders(head: RequestHead): Record<string, string> {
  const asked = headerValues(head.headers, "access-control-request-headers").join(", ");
  return {
    "Access-Control-Allow-Methods": "GET, POST, DELETE",
    "Access-Control-Allow-Headers": /^[\w\-, ]{1,2000}$/.test(asked) ? asked : allowedHeaders,
    "Access-Control-Max-Age": "7200",
  };
}

function checkOrigin(origin: string): string {
  if (!URL.canParse(origin) || new URL(origin).origin !== origin) {
    throw new SallyportError(
      "config_invalid",
      'allowedOrigins: write each as scheme and host, with the port where it is not the default one: "https://app.example.com".',
    );
  }
  return origin;
}
