/**
 * The `fetch` for what an authorization server says: bounded in time and size, and not led elsewhere.
 */
import { SallyportError } from "@sallyport/auth-core";
import { withDeadline } from "./deadline.ts";

/** Bounds on an exchange. */
export interface BoundedFetchOptions {
  /** Sends the request. Default: the global `fetch` at the time of the call. */
  readonly fetch?: typeof fetch | undefined;
  /** For the whole exchange, in milliseconds. Default 5,000. */
  readonly timeoutMs?: number | undefined;
}

// Key sets of the largest providers have some 20 kB.
const maxBytes = 512 * 1024;

/**
 * The response with its whole body in memory. A redirect is a response like any other: it is not followed.
 *
 * Rejects with `temporarily_unavailable` when there is none within the bounds, also when `fetch` never settles.
 */
export async function boundedFetch(
  url: URL,
  init: RequestInit = {},
  options: BoundedFetchOptions = {},
): Promise<Response> {
  const { timeoutMs = 5_000 } = options;
  const exchange = async (signal: AbortSignal): Promise<Response> => {
    const send = options.fetch ?? globalThis.fetch;
    const response = await send(url.href, { ...init, redirect: "manual", signal });
    const body = await readWhole(response, url);
    const { status, headers } = response;
    return new Response(body.size === 0 ? null : body, { status, headers });
  };
  try {
    return await withDeadline(timeoutMs, exchange, () => unavailable(url, `gave no whole answer in ${timeoutMs} ms`));
  } catch (error) {
    throw error instanceof SallyportError ? error : unavailable(url, "could not be asked", error);
  }
}

async function readWhole(response: Response, url: URL): Promise<Blob> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  // Leaving the loop cancels the stream.
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > maxBytes) throw unavailable(url, `answered with more than ${maxBytes} bytes`);
    chunks.push(chunk as Uint8Array<ArrayBuffer>);
  }
  return new Blob(chunks);
}

/** The error for a URL that does not answer as it should. The query, which may hold a key, is left out. */
export function unavailable(url: URL, why: string, cause?: unknown): SallyportError<"temporarily_unavailable"> {
  const options = cause === undefined ? {} : { cause };
  return new SallyportError("temporarily_unavailable", `${url.origin}${url.pathname} ${why}.`, options);
}
