/**
 * The flow that every scheme of plain secrets shares: send; after a 401 read the secrets once more, and send again
 * when one of them has changed.
 */
import type { Reading, Secret } from "../secrets/secret.ts";

/**
 * @param apply - puts the secrets, in their order, into the request and returns what to send. Called once per send.
 */
export async function* sendSecrets(
  secrets: readonly Secret[],
  apply: (texts: readonly string[]) => Request,
): AsyncGenerator<Request, void, Response> {
  const readings = await Promise.all(secrets.map((secret) => secret.get()));
  const response = yield apply(readings.map((reading) => reading.reveal()));
  if (response.status !== 401) return;
  const renewed = await renewAll(secrets, readings);
  if (renewed !== undefined) yield apply(renewed.map((reading) => reading.reveal()));
}

/** Read secrets again that a server has refused. `undefined` when none of them has changed. */
export async function renewAll(
  secrets: readonly Secret[],
  refused: readonly Reading[],
): Promise<Reading[] | undefined> {
  if (secrets.every(({ fixed }) => fixed !== undefined)) return undefined;
  const renewed = await Promise.all(refused.map((reading, index) => secrets[index]?.renew(reading) ?? reading));
  return renewed.some((reading, index) => reading.reveal() !== refused[index]?.reveal()) ? renewed : undefined;
}
