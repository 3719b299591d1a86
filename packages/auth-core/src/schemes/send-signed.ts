/**
 * The flow that the signing schemes share: sign and send; after a refusal sign once more when a secret has changed or the
 * server's clock turns out to be another.
 */
import type { Reading, Secret } from "../secrets/secret.ts";
import { renewAll } from "./send-secrets.ts";
import type { SigningClock } from "./signing-clock.ts";

/**
 * @param sign - signs the request with the readings of the secrets, in their order, at a time in seconds since 1970.
 * @param refusals - the statuses with which a server may refuse a signature.
 */
export async function* sendSigned(
  request: Request,
  secrets: readonly Secret[],
  clock: SigningClock,
  sign: (readings: readonly Reading[], seconds: number) => Promise<void>,
  refusals: readonly number[] = [401],
): AsyncGenerator<Request, void, Response> {
  const readings = await Promise.all(secrets.map((secret) => secret.get()));
  const used = clock.ahead;
  await sign(readings, clock.seconds());
  const refusal = yield request;
  if (!refusals.includes(refusal.status)) return;
  const renewed = await renewAll(secrets, readings);
  const corrected = clock.learn(refusal, used);
  if (renewed === undefined && !corrected) return;
  await sign(renewed ?? readings, clock.seconds());
  const response = yield request;
  // It was not the clock: what the server says about the time is not kept.
  if (corrected && refusals.includes(response.status)) clock.ahead = used;
}
