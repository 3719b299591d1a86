/**
 * A URL as messages name it: without its query, which may hold secrets, and bounded, since a stranger may have named it.
 */

/** @param otherwise - stands for what is no URL. */
export function urlName(url: string | undefined, otherwise: string): string {
  if (url === undefined || !URL.canParse(url)) return otherwise;
  const { origin, pathname } = new URL(url);
  const name = `${origin}${pathname}`;
  return name.length > 200 ? `${name.slice(0, 200)}…` : name;
}
