/**
 * Cookies as a browser keeps them (RFC 6265), except that each port has its own: every test server is on 127.0.0.1.
 */

export interface CookieJar {
  /** The `Cookie` header for a URL; empty when there is none. */
  header(url: URL): string;
  /** Keep what an answer sets, and drop what it clears. */
  keep(url: URL, response: Response): void;
}

interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly host: string;
  readonly path: string;
}

export function cookieJar(): CookieJar {
  const cookies = new Map<string, Cookie>();
  return {
    header: (url) =>
      [...cookies.values()]
        .filter(({ host, path }) => host === url.host && matches(url.pathname, path))
        .sort((one, other) => other.path.length - one.path.length)
        .map(({ name, value }) => `${name}=${value}`)
        .join("; "),
    keep(url, response) {
      for (const line of response.headers.getSetCookie()) {
        const [pair = "", ...attributes] = line.split(/; */);
        const equals = pair.indexOf("=");
        const [name, value] = [pair.slice(0, equals), pair.slice(equals + 1)];
        const attribute = (wanted: string) =>
          attributes.find((text) => text.toLowerCase().startsWith(`${wanted}=`))?.slice(wanted.length + 1);
        const path = attribute("path") ?? "/";
        const key = `${url.host} ${path} ${name}`;
        const expires = attribute("expires");
        if (value === "" || (expires !== undefined && Date.parse(expires) <= Date.now())) cookies.delete(key);
        else cookies.set(key, { name, value, host: url.host, path });
      }
    },
  };
}

function matches(path: string, scope: string): boolean {
  return path === scope || path.startsWith(scope.endsWith("/") ? scope : `${scope}/`);
}
