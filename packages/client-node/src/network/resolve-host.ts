/**
 * The addresses of a host name, so that no name leads a sign-in to a private address (SSR-03).
 */
import { lookup } from "node:dns/promises";

/** Every address of a host, or none when it is not known here: a proxy may know it, or the request fails by itself. */
export async function resolveHost(hostname: string): Promise<readonly string[]> {
  try {
    return (await lookup(hostname, { all: true })).map(({ address }) => address);
  } catch {
    return [];
  }
}
