/**
 * `sallyport config check`: everything that is wrong with a config file at once, or how each server in it would be
 * authenticated and where each credential comes from. Starts nothing, connects to nothing, runs no command.
 */
import { resolve } from "node:path";
import {
  ConfigError,
  type ConfigProblem,
  type Credential,
  createAuth,
  credentialsIn,
  isSallyportError,
  type ServerConfig,
} from "@sallyport/auth-core";
import { loadConfigFile, nodeSecrets } from "@sallyport/client-node";
import type { Context, Outcome } from "../../context.ts";
import type { Environment } from "../../io.ts";
import { formatAuth, formatTarget, type ServerSummary, secretsOf, summarize } from "../../output/describe-server.ts";
import { printableLine } from "../../output/printable.ts";
import type { Style } from "../../output/style.ts";

interface Checked {
  readonly name: string;
  readonly server: ServerSummary;
  /** Where its credentials stand in the file, and what they are taken from. */
  readonly credentials: readonly Pick<Credential, "path" | "value" | "variables">[];
}

/** @throws ConfigError with every problem, also of variables and files that secrets are to be read from. */
export async function check(context: Context, path: string, envFile: string | undefined): Promise<Outcome> {
  const loaded = loadConfigFile(resolve(context.cwd, path), { env: context.env, envFile });
  const { file, text, baseDir, env } = loaded;
  const { mcpServers } = loaded.config;
  for (const server of Object.values(mcpServers))
    for (const secret of secretsOf(server, env)) context.redactor.add(secret);

  const credentials = credentialsIn(text, { env });
  const [first, ...more] = await unreadable(credentials, baseDir, env);
  if (first !== undefined) throw new ConfigError([first, ...more]);
  for (const [name, server] of Object.entries(mcpServers)) warnOfUnsupported(context, name, server);

  const servers = Object.entries(mcpServers).map(([name, server]): Checked => {
    const own = credentials.filter((credential) => credential.server === name);
    return {
      name,
      server: summarize(server),
      credentials: own.map(({ path, value, variables }) => ({ path, value, variables })),
    };
  });
  return { data: { file, servers }, text: (style) => format(file, servers, style) };
}

/** The secret sources that cannot be read now. Commands are not run. */
async function unreadable(
  credentials: readonly Credential[],
  baseDir: string,
  env: Environment,
): Promise<ConfigProblem[]> {
  const secrets = nodeSecrets({ baseDir, env });
  const problems: ConfigProblem[] = [];
  for (const { path, source } of credentials) {
    if (source === undefined || "command" in source) continue;
    try {
      await secrets.read(source);
    } catch (error) {
      if (!isSallyportError(error)) throw error;
      const code = "env" in source ? "config_env_missing" : "config_file_unreadable";
      problems.push({ code, path, message: error.message });
    }
  }
  return problems;
}

// A right configuration may still be ahead of this version.
function warnOfUnsupported(context: Context, name: string, server: ServerConfig): void {
  if (server.kind !== "http" || server.auth === undefined) return;
  try {
    createAuth(server.auth);
  } catch (error) {
    if (!isSallyportError(error)) throw error;
    context.warn(`sallyport: mcpServers.${name}.auth: ${error.message}`);
  }
}

function format(file: string, servers: readonly Checked[], style: Style): string {
  const count = `${servers.length} ${servers.length === 1 ? "server" : "servers"}`;
  return [
    `${printableLine(file)}: ${count}, no problem.`,
    ...servers.map((server) => formatServer(server, style)),
  ].join("\n\n");
}

function formatServer({ name, server, credentials }: Checked, style: Style): string {
  const from = credentials.map(({ path, value, variables }) => {
    const taken =
      variables.length === 0 ? "" : `, with ${variables.map((variable) => `\${${variable}}`).join(" and ")} filled in`;
    return `from ${path}: ${value}${taken}`;
  });
  const lines = [formatTarget(server), `authentication: ${formatAuth(server) || "none"}`, ...from];
  return [style.bold(printableLine(name)), ...lines.map((line) => `  ${printableLine(line)}`)].join("\n");
}
