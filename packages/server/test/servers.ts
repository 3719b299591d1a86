/**
 * The servers that the tests talk to.
 */
import { z } from "zod";
import {
  AccessToken,
  type AttemptLimiter,
  BearerAuthProvider,
  getAccessToken,
  MCPServer,
  type MCPServerOptions,
  requireScopes,
} from "../src/index.ts";
import { good } from "./rows.ts";

/** What a broken verifier says; it must never reach a client. */
export const verifierSecret = "postgres://admin:hunter2@db.internal";

/** One provider with every kind of verdict: the token says which. */
export class TableAuth extends BearerAuthProvider {
  readonly seen: string[] = [];

  override verifyToken(token: string): Promise<AccessToken | null> {
    this.seen.push(token);
    switch (token) {
      case good:
        return Promise.resolve(new AccessToken({ token, claims: { sub: "ada" }, scopes: ["base"] }));
      case "unscoped":
        return Promise.resolve(new AccessToken({ token }));
      case "expired":
        return Promise.resolve(new AccessToken({ token, scopes: ["base"], expiresAt: Date.now() / 1000 - 1 }));
      case "throws":
        throw new Error(verifierSecret);
      case "rejects":
        return Promise.reject(new Error(verifierSecret));
      case "hangs":
        return new Promise(() => {});
      case "garbage":
        return Promise.resolve({ token, scopes: ["base"], active: true } as never);
      default:
        return Promise.resolve(null);
    }
  }
}

/** Has everyone who tries the key of the table wait. */
export const tableLimiter: AttemptLimiter = {
  before: ({ account }) => (account === "toomanyattempts0" ? 29.5 : 0),
  after: () => 0,
};

export function tableServer(options: Partial<MCPServerOptions> = {}): MCPServer {
  const auth = new TableAuth({ realm: "test", scopes: ["base"] });
  return new MCPServer({
    name: "table",
    version: "1.0.0",
    auth,
    limiter: tableLimiter,
    verifyTimeoutMs: 50,
    ...options,
  }).tool({ name: "whoami", description: "Who is calling" }, () => `Hello ${getAccessToken()?.subject}`);
}

/** Accepts every token `<subject>.<scope>.<scope>…` and gives it those scopes. */
export class SelfDescribingAuth extends BearerAuthProvider {
  override async verifyToken(token: string): Promise<AccessToken | null> {
    const [subject = "", ...scopes] = token.split(".");
    return new AccessToken({ token, claims: { sub: subject }, scopes });
  }
}

/** A server with tools that need scopes, in every way there is. */
export function mailServer(options: Partial<MCPServerOptions> = {}): MCPServer & { readonly ran: string[] } {
  const ran: string[] = [];
  const server = new MCPServer({ name: "mail", version: "1.0.0", auth: new SelfDescribingAuth(), ...options });
  server
    .tool({ name: "whoami", description: "Who is calling" }, () => `Hello ${getAccessToken()?.subject}`)
    .tool({ name: "read", description: "Read", scopes: ["mail.read"] }, () => {
      ran.push("read");
      return { mails: 2 };
    })
    .tool(
      {
        name: "send",
        description: "Send",
        scopes: ["mail.read", "mail.send"],
        input: z.object({ to: z.string().min(3) }),
      },
      async ({ to }) => {
        ran.push("send");
        return `Sent to ${to}`;
      },
    )
    .tool({ name: "purge", description: "Asks for a scope while it runs" }, async () => {
      ran.push("purge");
      await new Promise((resolve) => setImmediate(resolve));
      requireScopes("mail.read", "mail.purge");
      return "Purged";
    });
  return Object.assign(server, { ran });
}
