/**
 * What ties the events of one request together, and to those of others: the trace of W3C Trace Context, the id that a proxy has
 * given the request, or one of our own.
 */
import { headerValues, type RequestHead } from "../gate/extract.ts";

const made: WeakMap<RequestHead, string> = new WeakMap();

/** The same for every event of a request, as long as it comes with the same head. */
export function correlationId(head: RequestHead | undefined): string {
  if (head === undefined) return crypto.randomUUID();
  const known = made.get(head);
  if (known !== undefined) return known;
  const id = traceId(single(head, "traceparent")) ?? requestId(single(head, "x-request-id")) ?? crypto.randomUUID();
  made.set(head, id);
  return id;
}

// Which of several was meant nobody knows; a joined one has a comma.
function single(head: RequestHead, name: string): string | undefined {
  const values = headerValues(head.headers, name);
  return values.length === 1 ? values[0] : undefined;
}

/** W3C Trace Context §3.2: version, trace id, parent id, flags. */
function traceId(value: string | undefined): string | undefined {
  const [, version, id, parent] =
    /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(?:-|$)/.exec(value ?? "") ?? [];
  if (version === "ff" || id === undefined || /^0+$/.test(id) || /^0+$/.test(parent ?? "")) return undefined;
  return id;
}

function requestId(value: string | undefined): string | undefined {
  return value !== undefined && /^[\w.:+/=@-]{1,128}$/.test(value) ? value : undefined;
}
