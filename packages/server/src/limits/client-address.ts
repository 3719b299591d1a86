/**
 * Who sends a request, by address. That of the connection by default: `X-Forwarded-For` is what anybody may write, unless the
 * operator says how many proxies write it.
 */
import { SallyportError } from "@sallyport/auth-core";
import { headerValues, type RequestHead } from "../gate/extract.ts";

/** The address of the client of a request, as far as it is known. */
export type ClientAddress = (head: RequestHead) => string | undefined;

/** That of the connection. */
export const connectionAddress: ClientAddress = ({ remoteAddress }) => remoteAddress;

/**
 * The client's address behind proxies that add to `X-Forwarded-For`: that which the outermost of them saw. What a client has
 * written into the header itself stands before it and is not looked at.
 *
 * @param proxies - how many there are in front of this server, 1 to 10. Too large a number believes the client.
 * @throws SallyportError (`config_invalid`) when it is none.
 *
 * @example
 * ```ts
 * import { addressBehindProxies, attemptLimiter, envTokens, MCPServer } from "@sallyport/server";
 *
 * const server = new MCPServer({
 *   name: "mail",
 *   version: "1.0.0",
 *   auth: envTokens("MCP_API_KEY"),
 *   limiter: attemptLimiter(),
 *   clientAddress: addressBehindProxies(1),
 * });
 * ```
 */
export function addressBehindProxies(proxies: number): ClientAddress {
  if (!(Number.isInteger(proxies) && proxies >= 1 && proxies <= 10)) {
    throw new SallyportError("config_invalid", "addressBehindProxies: must be a whole number from 1 to 10.");
  }
  return (head) => {
    const chain = headerValues(head.headers, "x-forwarded-for").flatMap((value) => value.split(","));
    const address = chain.at(-proxies)?.trim();
    // With fewer entries than proxies, the request has come another way: all that is certain is the connection.
    return address === undefined || address === "" ? head.remoteAddress : withoutPort(address);
  };
}

/**
 * What stands for an address when failures are counted: an IPv4 address itself, of an IPv6 address the first half, since whoever
 * has one has all the others of it (RFC 6177).
 */
export function networkOf(address: string): string {
  const plain = address.replace(/%.*$/, "").slice(0, 64);
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(plain)?.[1];
  if (mapped !== undefined) return mapped;
  if (!plain.includes(":") || !URL.canParse(`http://[${plain}]`)) return plain;
  const [head = "", tail] = new URL(`http://[${plain}]`).hostname.slice(1, -1).split("::");
  const before = groups(head);
  const after = groups(tail ?? "");
  const all = [...before, ...Array<string>(8 - before.length - after.length).fill("0"), ...after];
  return `${all.slice(0, 4).join(":")}::/64`;
}

function groups(text: string): readonly string[] {
  return text === "" ? [] : text.split(":");
}

// Some proxies write `192.0.2.1:4711` and `[2001:db8::1]:4711`.
function withoutPort(address: string): string {
  return /^\[(.*)\](?::\d+)?$/.exec(address)?.[1] ?? /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(address)?.[1] ?? address;
}
