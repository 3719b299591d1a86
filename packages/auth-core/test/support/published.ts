/** Metadata documents where their URLs say, without a network: everything else is a 404. */
import { SallyportError } from "../../src/errors.ts";
import type { DiscoveryEvent } from "../../src/events.ts";
import type { DiscoveryContext } from "../../src/oauth/discovery/attempts.ts";

/** A document, a whole response, or a failure to answer. */
export type Page = Record<string, unknown> | Response | SallyportError;

export interface Published extends DiscoveryContext {
  /** The URLs asked, in order. */
  readonly asked: readonly string[];
  readonly events: readonly DiscoveryEvent[];
}

export function published(pages: Readonly<Record<string, Page>>): Published {
  const asked: string[] = [];
  const events: DiscoveryEvent[] = [];
  return {
    asked,
    events,
    onEvent: (event) => {
      if (event.type === "discovery") events.push(event);
    },
    async fetch(url, init) {
      init?.signal?.throwIfAborted();
      asked.push(String(url));
      const page = pages[String(url)];
      if (page === undefined) return new Response("Not here.", { status: 404 });
      if (page instanceof SallyportError) throw page;
      return page instanceof Response ? page.clone() : Response.json(page);
    },
  };
}

/** Authorization server metadata with all that is needed. */
export function serverMetadata(issuer: string, more: object = {}): Record<string, unknown> {
  const base = issuer.replace(/\/$/, "");
  return {
    issuer,
    authorization_endpoint: `${base}/authorize`,
    token_endpoint: `${base}/token`,
    response_types_supported: ["code"],
    code_challenge_methods_supported: ["S256"],
    ...more,
  };
}
