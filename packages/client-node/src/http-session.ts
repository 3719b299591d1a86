/**
 * A session over HTTP that owns its network: closing it closes the connections that were made for it.
 */
import type { HttpServerConfig } from "@sallyport/auth-core";
import { Session, type SessionOptions } from "@sallyport/auth-core/mcp";
import { Network, type NetworkOptions } from "./network/network.ts";

export class HttpSession extends Session {
  readonly #network: Network;

  constructor(config: HttpServerConfig, options: SessionOptions, networkOptions: NetworkOptions) {
    const network = new Network(config, networkOptions);
    super(config, { ...options, fetch: options.fetch ?? network.fetch });
    this.#network = network;
  }

  override async close(): Promise<void> {
    await super.close();
    await this.#network.close();
  }
}
