/**
 * The servers of one configuration, a connection each. A changed configuration is a new collection, which takes over
 * the connections of entries that have not changed.
 */
import { ConfigError, quoteForeign, SallyportError } from "@sallyport/auth-core/errors";
import { McpConnection } from "./connection.ts";
import { isPlainObject, sameValue } from "./same-value.ts";
import type { ClientSettings, ConnectionSource, ServerOptions } from "./source.ts";

/** A document of the shared config schema, as a page writes or loads it. */
export interface McpConfig {
  readonly mcpServers: Readonly<Record<string, ServerOptions | Readonly<Record<string, unknown>>>>;
}

/**
 * Several servers, to be given to `McpProvider` or used without React.
 *
 * @example
 * ```ts
 * import { McpServers } from "@sallyport/client-react";
 *
 * const servers = new McpServers({ mcpServers: { api: { url: "https://api.example.com/mcp", authToken: "sk-1" } } });
 * const api = servers.get("api");
 * const unsubscribe = api.subscribe(() => document.title = api.getState().state);
 * ```
 */
export class McpServers {
  /** Names of the servers, in the order of the configuration. */
  readonly names: readonly string[];
  readonly #config: McpConfig;
  readonly #settings: ClientSettings;
  readonly #connections: ReadonlyMap<string, McpConnection>;
  readonly #enabled: readonly McpConnection[];

  /**
   * @param config - `mcpServers` maps names to server entries. An entry is checked when its server is connected to.
   * @param settings - for every server.
   * @param known - a collection whose connections are taken over where the entry is still the same.
   * @throws `config_invalid` when `config` has no `mcpServers`.
   */
  constructor(config: McpConfig, settings: ClientSettings = {}, known?: McpServers) {
    this.#config = config;
    this.#settings = settings;
    const earlier = known === undefined ? undefined : known.#connections;
    const connections = new Map<string, McpConnection>();
    const enabled: McpConnection[] = [];
    for (const [name, source] of sourcesOf(config, settings)) {
      const same = earlier?.get(name);
      const connection = same?.accepts(source) ? same : new McpConnection(source);
      connections.set(name, connection);
      if (!isDisabled(source.entry)) enabled.push(connection);
    }
    this.names = Object.freeze([...connections.keys()]);
    this.#connections = connections;
    this.#enabled = enabled;
  }

  /**
   * The connection to a server.
   *
   * @throws `server_unknown` when the configuration has no such server.
   */
  get(name: string): McpConnection {
    const connection = this.#connections.get(name);
    if (connection !== undefined) return connection;
    const known = this.names.map((known) => quoteForeign(known)).join(", ");
    throw new SallyportError(
      "server_unknown",
      `There is no server ${quoteForeign(name)} in \`mcpServers\`. ${known === "" ? "It is empty." : `It has ${known}.`}`,
    );
  }

  /** Keep every server that is not `disabled` connected until the function that is returned is called. */
  hold(): () => void {
    const releases = this.#enabled.map((connection) => connection.subscribe(() => {}));
    return () => {
      for (const release of releases) release();
    };
  }

  /** Whether a configuration and settings mean this collection. */
  accepts(config: McpConfig, settings: ClientSettings): boolean {
    return sameValue([this.#config, this.#settings], [config, settings]);
  }

  /** Take over the functions of an equal configuration and settings. */
  update(config: McpConfig, settings: ClientSettings): void {
    for (const [name, source] of sourcesOf(config, settings)) this.#connections.get(name)?.update(source);
  }
}

function sourcesOf(config: McpConfig, settings: ClientSettings): [string, ConnectionSource][] {
  const written = "mcp_servers" in config && !("mcpServers" in config) ? "mcp_servers" : "mcpServers";
  const { [written]: servers, ...document } = config as unknown as Record<string, unknown>;
  if (!isPlainObject(servers)) {
    throw new ConfigError([
      { code: "config_invalid", path: "mcpServers", message: "Expected an object that maps names to servers." },
    ]);
  }
  return Object.entries(servers).map(([name, entry]) => [name, { entry, settings, place: { name, document } }]);
}

function isDisabled(entry: unknown): boolean {
  return isPlainObject(entry) && entry["disabled"] === true;
}
