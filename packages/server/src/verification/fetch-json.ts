/**
 * Fetches a JSON document that the operator has named: keys and metadata.
 */
import { type BoundedFetchOptions, boundedFetch, unavailable } from "./bounded-fetch.ts";

/** A JSON object. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** The JSON object at a URL. Rejects with `temporarily_unavailable` when there is none within the bounds. */
export async function fetchJson(url: URL, options?: BoundedFetchOptions): Promise<JsonObject> {
  const response = await boundedFetch(url, { headers: { accept: "application/json" } }, options);
  if (response.status !== 200) throw unavailable(url, `answered with ${response.status}`);
  const document = parse(await response.text());
  if (typeof document === "object" && document !== null && !Array.isArray(document)) return document as JsonObject;
  throw unavailable(url, "is no JSON object");
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
