/**
 * Tells a listener what happens during one call, in redacted form.
 */
import { emit } from "../emit.ts";
import { type AuthEventListener, maskHeader, maskUrl } from "../events.ts";
import { mayBeCredential } from "./headers.ts";

export class Observer {
  readonly #listener: AuthEventListener | undefined;
  #attempt = 0;
  #sent = 0;

  constructor(listener: AuthEventListener | undefined) {
    this.#listener = listener;
  }

  request(method: string, url: URL, headers: Headers): void {
    this.#attempt += 1;
    if (this.#listener === undefined) return;
    const credentials = [...headers]
      .filter(([name]) => mayBeCredential(name))
      .map(([name, value]) => [name, maskHeader(name, value)]);
    emit(this.#listener, {
      type: "request",
      attempt: this.#attempt,
      method,
      url: maskUrl(url),
      credentials: Object.fromEntries(credentials),
    });
    this.#sent = performance.now();
  }

  response(status: number, url: URL): void {
    if (this.#listener === undefined) return;
    const milliseconds = performance.now() - this.#sent;
    emit(this.#listener, { type: "response", attempt: this.#attempt, status, url: maskUrl(url), milliseconds });
  }

  redirect(status: number, from: URL, to: URL, followed: boolean): void {
    if (this.#listener === undefined) return;
    emit(this.#listener, { type: "redirect", status, from: maskUrl(from), to: maskUrl(to), followed });
  }
}
