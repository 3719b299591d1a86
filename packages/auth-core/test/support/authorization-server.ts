/** An authorization server's endpoints without a network: answers in turn, and remembers what was sent. */
import type { MessageContext } from "../../src/oauth/messages/message.ts";

/** A request as it was to be sent. */
export interface SentMessage {
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
  readonly form: URLSearchParams;
  readonly text: string;
}

export type Answer = Response | ((message: SentMessage) => Response | Promise<Response>);

/** A context whose fetch gives these answers, the last one again and again, and the messages that came. */
export function answering(
  ...answers: readonly [Answer, ...Answer[]]
): MessageContext & { readonly sent: readonly SentMessage[] } {
  const sent: SentMessage[] = [];
  return {
    sent,
    now: () => Date.UTC(2026, 0, 1),
    async fetch(url, init) {
      const { method, headers } = new Request(url, init);
      const text = await new Request(url, init).text();
      const message = { url: String(url), method, headers, text, form: new URLSearchParams(text) };
      sent.push(message);
      const answer = answers[Math.min(sent.length, answers.length) - 1] ?? answers[0];
      return typeof answer === "function" ? answer(message) : answer.clone();
    },
  };
}

/** The parts of a JWT, its signature unchecked. */
export function decodeJwt(jwt: string): { header: Record<string, unknown>; claims: Record<string, unknown> } {
  const [header = "", claims = ""] = jwt.split(".");
  const read = (part: string) => JSON.parse(new TextDecoder().decode(fromBase64Url(part)));
  return { header: read(header), claims: read(claims) };
}

/** Whether a public key made the signature of a JWT. */
export async function isSignedBy(
  jwt: string,
  key: CryptoKey,
  algorithm: AlgorithmIdentifier | EcdsaParams | RsaPssParams,
): Promise<boolean> {
  const at = jwt.lastIndexOf(".");
  return crypto.subtle.verify(
    algorithm,
    key,
    fromBase64Url(jwt.slice(at + 1)),
    new TextEncoder().encode(jwt.slice(0, at)),
  );
}

function fromBase64Url(text: string): Uint8Array<ArrayBuffer> {
  const bytes = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(bytes, (character) => character.charCodeAt(0));
}
