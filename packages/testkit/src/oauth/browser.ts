/**
 * A person at a browser without a screen: follows redirects, keeps cookies, fills the forms of an authorization server
 * and presses a button.
 */

/** Who signs in, and what they answer. */
export interface SignInOptions {
  /** Name of the account; any name is one. Default `"ada"`. */
  readonly account?: string;
  /** Whether the person consents. Default `"allow"`. */
  readonly decision?: "allow" | "deny";
  /**
   * Whether the redirect URI is really requested once it is reached, as a browser does. Default false: it is returned
   * unvisited.
   */
  readonly deliver?: boolean;
  /** The browser to use, with the cookies it has. Default: a new one. */
  readonly browser?: TestBrowser;
  /** Default: the global `fetch`. */
  readonly fetch?: typeof fetch;
}

/** A browser with a cookie jar. */
export interface TestBrowser {
  /** The URLs it requested, in order. */
  readonly visited: readonly string[];
  /** Request one URL with the cookies of its host; redirects are not followed. */
  request(url: URL, form?: URLSearchParams): Promise<Response>;
}
