/**
 * What passes between a server of HTTP and the MCP endpoint behind the gate, on every runtime alike.
 */
import type { RequestHead } from "../gate/extract.ts";
import type { AccessToken } from "../token/access-token.ts";

/** A request that has been admitted; its body is still to be read. */
export interface AdmittedCall {
  /** As it was judged. */
  readonly head: RequestHead;
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
  readonly token: AccessToken | undefined;
  /** Reads the body, up to the server's limit. */
  readBody(): Promise<BodyReading>;
}

export type BodyReading = { readonly tooLarge: true } | { readonly tooLarge: false; readonly text: string };

/** The response, and whether it is a subscription that ends only when somebody ends it. */
export interface Served {
  readonly response: Response;
  readonly endless: boolean;
}
