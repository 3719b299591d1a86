/**
 * Which proxy leads to a URL: the one of the configuration, else what HTTPS_PROXY, HTTP_PROXY and NO_PROXY say, read as
 * curl reads them. What environment variables say never applies to the machine itself.
 */
import { BlockList, isIP } from "node:net";
import { type ProxyConfig, SallyportError, type SecretInput } from "@sallyport/auth-core";
import type { Environment } from "../environment.ts";

/** A proxy and where its address was found. */
export interface ProxyRoute {
  /** Address without credentials. */
  readonly url: string;
  readonly username: string | undefined;
  readonly password: SecretInput | undefined;
  /** What to change when it is wrong: `proxy`, or the name of a variable. */
  readonly from: string;
}

/**
 * The proxy for a URL; `undefined` for none.
 *
 * @param setting - what the server's entry says. It wins over the variables, NO_PROXY included.
 * @throws SallyportError `config_invalid` when a variable holds no URL of a proxy.
 */
export function proxyRoute(
  url: URL,
  setting: ProxyConfig | false | undefined,
  env: Environment,
): ProxyRoute | undefined {
  if (setting === false) return undefined;
  if (setting !== undefined) {
    return { url: setting.url, username: setting.username, password: setting.password, from: "`proxy`" };
  }
  const name = variableFor(url, env);
  const value = name === undefined ? undefined : env[name];
  if (name === undefined || !value || isLoopback(url.hostname) || isExempt(url, env)) return undefined;
  return parseVariable(name, value);
}

/** The variable that counts. An empty one in lower case switches the one in upper case off. */
function variableFor({ protocol }: URL, env: Environment): string | undefined {
  const upper = protocol === "https:" ? "HTTPS_PROXY" : "HTTP_PROXY";
  const lower = upper.toLowerCase();
  if (env[lower] !== undefined) return lower;
  // In a CGI program HTTP_PROXY is the request header `Proxy`, which anybody can send (CVE-2016-5385).
  if (upper === "HTTP_PROXY" && env["REQUEST_METHOD"] !== undefined) return undefined;
  return upper;
}

function parseVariable(name: string, value: string): ProxyRoute {
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `http://${value}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new SallyportError(
      "config_invalid",
      `The variable ${name} does not hold the http or https URL of a proxy. Correct it, or set "proxy": false for this server.`,
    );
  }
  const { username, password } = url;
  const secret = decode(password);
  return {
    url: url.origin,
    username: username === "" ? undefined : decode(username),
    // Inspectors do not show what a function returns.
    password: username === "" ? undefined : () => secret,
    from: name,
  };
}

/** A percent sign that encodes nothing stands for itself. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function isExempt(url: URL, env: Environment): boolean {
  const entries = (env["no_proxy"] ?? env["NO_PROXY"] ?? "").toLowerCase().split(/[\s,]+/);
  const host = bareHost(url.hostname);
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  return entries.some((entry) => entry !== "" && matches(entry, host, port));
}

/** `*`, `host`, `.host`, `*.host`, `host:port`, an address, `[address]:port`, or a network as `10.0.0.0/8`. */
function matches(entry: string, host: string, port: string): boolean {
  if (entry === "*") return true;
  if (entry.includes("/")) return isIn(entry, host);
  const [, bracketed, plain, entryPort] = /^(?:\[([^\]]*)\]|(.*?))(?::(\d+))?$/.exec(entry) ?? [];
  const isAddress = isIP(entry) !== 0;
  if (!isAddress && entryPort !== undefined && entryPort !== port) return false;
  const name = bareHost((isAddress ? entry : (bracketed ?? plain ?? "")).replace(/^\*?\./, ""));
  if (isIP(name) === 6) return isIP(host) === 6 && sameAddress(name, host);
  return name !== "" && (host === name || (isIP(host) === 0 && host.endsWith(`.${name}`)));
}

function isIn(network: string, host: string): boolean {
  const [address = "", prefix = ""] = network.split("/");
  const family = isIP(address);
  if (
    family === 0 ||
    isIP(host) !== family ||
    !/^\d{1,3}$/.test(prefix) ||
    Number(prefix) > (family === 4 ? 32 : 128)
  ) {
    return false;
  }
  const list = new BlockList();
  list.addSubnet(address, Number(prefix), familyName(family));
  return list.check(host, familyName(family));
}

function sameAddress(left: string, right: string): boolean {
  const list = new BlockList();
  list.addAddress(left, "ipv6");
  return list.check(right, "ipv6");
}

function familyName(family: number): "ipv4" | "ipv6" {
  return family === 4 ? "ipv4" : "ipv6";
}

/** Whether a host name of a URL is this machine. */
export function isLoopback(hostname: string): boolean {
  const host = bareHost(hostname);
  return host === "localhost" || host.endsWith(".localhost") || host === "::1" || /^127(?:\.\d+){3}$/.test(host);
}

/** A host without brackets and without the dot that makes a name absolute. */
function bareHost(host: string): string {
  return host.replace(/^\[(.*)\]$/, "$1").replace(/\.$/, "");
}
