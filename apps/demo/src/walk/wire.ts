/** Collects the events of a client and tells, per server, what was sent in one line per kind of request. */
import type { ServerEvent } from "@sallyport/client-node";
import type { Step } from "./report.ts";

export class Wire {
  readonly #requests = new Map<string, Map<string, number>>();

  note(event: ServerEvent): void {
    const line = lineOf(event);
    if (line === undefined) return;
    const lines = this.#requests.get(event.server) ?? new Map<string, number>();
    this.#requests.set(event.server, lines.set(line, (lines.get(line) ?? 0) + 1));
  }

  /** Say what was sent to a server so far, and forget it. */
  tell(server: string, step: Step): void {
    const lines = this.#requests.get(server);
    if (lines === undefined) step.sent("the credential in the child's environment");
    for (const [line, count] of lines ?? []) step.sent(count === 1 ? line : `${line}  (${count} times)`);
    this.#requests.delete(server);
  }
}

function lineOf(event: ServerEvent): string | undefined {
  switch (event.type) {
    case "request": {
      const url = new URL(event.url);
      const credentials = Object.entries(event.credentials).map(([name, value]) => `${name}: ${value}`);
      // The mask is not ASCII; a URL escapes it.
      return [event.method, decodeURI(`${url.pathname}${url.search}`), ...credentials].join("  ");
    }
    case "discovery":
      return `GET  ${new URL(event.url).pathname}  (discovery: ${event.result})`;
    case "registration":
      return `registration of this client at ${event.issuer}`;
    case "authorization":
      return event.step === "asked" ? `somebody to ${event.url ?? "enter a device code"}` : undefined;
    case "token":
      return `token request, grant ${event.grant}: may ${event.scope}`;
    case "signed_out":
      return `revocation of the tokens: ${event.revoked ? "done" : "failed"}`;
    default:
      return undefined;
  }
}
