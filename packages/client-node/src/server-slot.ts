/**
 * One server of a client: its configuration, and at most one session to it at a time.
 */
import type { OAuth, SecretReader, ServerConfig } from "@sallyport/auth-core";
import { Session, type SessionOptions } from "@sallyport/auth-core/mcp";
import type { Environment } from "./environment.ts";
import { HttpSession } from "./http-session.ts";
import { type SignInOptions, signInPorts } from "./sign-in.ts";
import { StdioTarget } from "./stdio.ts";

export interface SlotOptions {
  readonly name: string;
  /** Where relative paths of the configuration start. */
  readonly baseDir: string;
  readonly secrets: SecretReader;
  /** Where proxies are named. */
  readonly env: Environment;
  readonly signIn: SignInOptions;
  /** What every session of the client is given. */
  readonly session: SessionOptions;
  readonly onStderr: ((text: string) => void) | undefined;
}

export class ServerSlot {
  readonly config: ServerConfig;
  readonly #options: SlotOptions;
  #session: Session | undefined;
  // What a session has learned of the server, so that the next one need not ask again.
  #prior: unknown;

  constructor(config: ServerConfig, options: SlotOptions) {
    this.config = config;
    this.#options = options;
  }

  /** The session, while it is connected. */
  get session(): Session | undefined {
    return this.#session?.getState().status === "ready" ? this.#session : undefined;
  }

  /** The sign-in of this server, where it has one. */
  get oauth(): OAuth | undefined {
    this.#session ??= this.#create();
    return this.#session.oauth;
  }

  /** The session, connected: the one there is, or a new one after it was closed. */
  async open(): Promise<Session> {
    if (this.#session === undefined || this.#session.getState().status === "closed") this.#session = this.#create();
    const session = this.#session;
    await session.connect();
    this.#prior = session.prior;
    return session;
  }

  /** End the session, if there is one. A connection on its way is given up. */
  async close(): Promise<void> {
    await this.#session?.close();
  }

  /** End the session, and forget what it has learned: another credential may be answered in another way. */
  async reset(): Promise<void> {
    await this.close();
    this.#prior = undefined;
  }

  #create(): Session {
    const { name, secrets, env, session, signIn } = this.#options;
    const { fetch, ...rest } = { ...session, name, secrets, prior: this.#prior };
    if (this.config.kind === "stdio") return new Session(new StdioTarget(this.config, this.#options), rest);
    // Who brings a `fetch` brings the network.
    return fetch === undefined
      ? new HttpSession(this.config, { ...rest, ...signIn, env })
      : new Session(this.config, { ...rest, ...signInPorts(this.config, signIn, env), fetch });
  }
}
