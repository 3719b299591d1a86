/**
 * Tokens from an environment variable, separated by commas so that an old and a new one are both good while they are
 * exchanged. Read once, when the provider is made: a server without a credential does not start.
 */
import { SallyportError } from "@sallyport/auth-core";
import type { BearerAuthProvider, BearerAuthProviderOptions } from "./bearer-auth-provider.ts";
import { StaticTokens, type TokenGrant } from "./static-tokens.ts";

/** Options of {@link envTokens}. */
export interface EnvTokensOptions extends BearerAuthProviderOptions {
  /** What every token of the variable stands for. Default: nobody in particular, without scopes. */
  readonly grant?: TokenGrant;
  /** The environment. Default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/**
 * A provider that accepts the tokens of an environment variable: `MCP_API_KEY=new-key,old-key`. Blanks around them are
 * ignored. The variable is read when this is called; a change takes a restart.
 *
 * @param name - of the variable.
 * @throws SallyportError `config_env_missing` when the variable is unset or empty, `config_invalid` when a token in it
 *   could never be sent as a bearer token. The message names the variable, never its value.
 *
 * @example
 * ```ts
 * import { envTokens, MCPServer } from "@sallyport/server";
 *
 * const auth = envTokens("MCP_API_KEY", { grant: { subject: "ci", scopes: ["deploy"] } });
 * const server = new MCPServer({ name: "deploy", version: "1.0.0", auth });
 * ```
 */
export function envTokens(name: string, options: EnvTokensOptions = {}): BearerAuthProvider {
  const { grant = {}, env = globalThis.process?.env ?? {}, ...rest } = options;
  const tokens = (env[name] ?? "")
    .split(",")
    .map((token) => token.trim())
    .filter((token) => token !== "");
  if (tokens.length === 0) {
    throw new SallyportError(
      "config_env_missing",
      `envTokens: the environment variable ${name} is not set or empty. Set it to the token that callers send, or to several separated by commas.`,
    );
  }
  return new StaticTokens(
    tokens.map((token) => [token, grant] as const),
    `envTokens: ${name}`,
    rest,
  );
}
