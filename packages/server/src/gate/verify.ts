/**
 * Asks a provider about a credential, and believes only a clear answer in time. Whatever else happens is "cannot be judged",
 * which is neither a yes nor a no (B50-12; fail closed, I62-03).
 */
import { SallyportError } from "@sallyport/auth-core";
import type { VerifyContext } from "../providers/auth-provider.ts";
import { type AccessToken, isAccessToken, isExpired } from "../token/access-token.ts";
import { withDeadline } from "../verification/deadline.ts";

export type Verification =
  | { readonly kind: "valid"; readonly token: AccessToken }
  | { readonly kind: "invalid" }
  /** The cause is for the operator; the client never sees it. */
  | { readonly kind: "unavailable"; readonly cause: unknown };

/**
 * Verify a credential.
 *
 * @param ask - asks the provider.
 * @param method - that of the provider, for messages.
 * @param timeoutMs - bound on the provider, in milliseconds.
 */
export async function verify(
  ask: (context: VerifyContext) => Promise<AccessToken | null>,
  method: string,
  timeoutMs: number,
): Promise<Verification> {
  try {
    const late = () =>
      new SallyportError("temporarily_unavailable", `${method} gave no answer within ${timeoutMs} ms.`);
    return judge(await withDeadline(timeoutMs, (signal) => ask({ signal }), late), method);
  } catch (cause) {
    return { kind: "unavailable", cause };
  }
}

function judge(verdict: unknown, method: string): Verification {
  // `undefined` is what a lookup that finds nothing gives in JavaScript.
  if (verdict === null || verdict === undefined) return { kind: "invalid" };
  if (!isAccessToken(verdict)) {
    throw new TypeError(
      `${method} must return an AccessToken or null, but returned a value of type ${typeof verdict}.`,
    );
  }
  return isExpired(verdict, Date.now() / 1000) ? { kind: "invalid" } : { kind: "valid", token: verdict };
}
