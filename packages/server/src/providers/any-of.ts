/**
 * Several providers as one. Which of them a token is for shows in its shape, mostly: a JWT names its issuer, a key has a
 * prefix. So a token goes to the one that can judge it, and to no other: nobody learns of a token that is not his (TOK-06).
 */
import { SallyportError } from "@sallyport/auth-core";
import type { ResourceMetadataOptions } from "../metadata/resource-metadata.ts";
import type { AccessToken } from "../token/access-token.ts";
import { namedIssuer } from "../token/named-issuer.ts";
import type { VerifyContext } from "./auth-provider.ts";
import type { BasicAuthProvider } from "./basic-auth-provider.ts";
import { BearerAuthProvider } from "./bearer-auth-provider.ts";

type Given = BearerAuthProvider | BasicAuthProvider;

/**
 * A provider that accepts what any of the given ones accepts.
 *
 * A token that one of them `owns` goes to that one alone. Any other goes to those that cannot tell by its shape, one after the
 * other, until one accepts it; when one of them could not judge it and none accepts it, clients get 503. Give the ones that ask
 * somebody else last. Passwords go to those that take passwords, in order.
 *
 * Every request needs the scopes of all of them. `realm` and `resourceMetadata` are those of the first that has one; metadata
 * that several publish is published as one.
 *
 * @throws SallyportError (`config_invalid`) when none takes tokens, and when they publish metadata of different resources.
 *
 * @example
 * ```ts
 * import { anyOf, envTokens, jwtProvider, MCPServer } from "@sallyport/server";
 *
 * const people = jwtProvider({ issuer: "https://as.example.com", audience: "https://mcp.example.com/mcp" });
 * const server = new MCPServer({ name: "mail", version: "1.0.0", auth: anyOf(people, envTokens("MCP_API_KEY")) });
 * ```
 */
export function anyOf(...providers: readonly (BearerAuthProvider | BasicAuthProvider)[]): BearerAuthProvider {
  return new AnyOf(providers);
}

class AnyOf extends BearerAuthProvider {
  readonly #tokens: readonly BearerAuthProvider[];
  /** There when one of the providers takes passwords. */
  readonly verifyPassword?: BasicAuthProvider["verifyPassword"];

  constructor(providers: readonly Given[]) {
    const tokens = providers.filter(takesTokens);
    const passwords = providers.filter(takesPasswords);
    if (tokens.length === 0 || !providers.every((each) => takesTokens(each) || takesPasswords(each))) {
      throw new SallyportError("config_invalid", "anyOf: give providers, and at least one that takes tokens.");
    }
    const realm = providers.find((each) => each.realm !== undefined)?.realm;
    const resourceMetadata = providers.find((each) => each.resourceMetadata !== undefined)?.resourceMetadata;
    const metadata = mergedMetadata(tokens);
    super({
      ...(realm !== undefined && { realm }),
      ...(resourceMetadata !== undefined && { resourceMetadata }),
      ...(metadata !== undefined && { metadata }),
      scopes: providers.flatMap(({ scopes }) => scopes),
    });
    this.#tokens = tokens;
    if (passwords.length > 0) {
      this.verifyPassword = (username, password, context) =>
        firstYes(passwords, (each) => each.verifyPassword(username, password, context));
    }
  }

  override owns(token: string, issuer: string | undefined): boolean | undefined {
    const answers = this.#tokens.map((each) => owns(each, token, issuer));
    return answers.includes(true) || (answers.includes(undefined) ? undefined : false);
  }

  override verifyToken(token: string, context: VerifyContext): Promise<AccessToken | null> {
    const issuer = namedIssuer(token);
    const answers = this.#tokens.map((provider) => ({ provider, owned: owns(provider, token, issuer) }));
    const wanted = answers.some(({ owned }) => owned === true) ? true : undefined;
    const asked = answers.filter(({ owned }) => owned === wanted);
    return firstYes(asked, ({ provider }) => provider.verifyToken(token, context));
  }
}

/** The first verdict that is a yes. A no is one only when everybody could judge. */
async function firstYes<T>(
  asked: readonly T[],
  ask: (one: T) => Promise<AccessToken | null>,
): Promise<AccessToken | null> {
  let problem: { readonly error: unknown } | undefined;
  for (const one of asked) {
    try {
      const verdict = await ask(one);
      if (verdict !== null && verdict !== undefined) return verdict;
    } catch (error) {
      problem ??= { error };
    }
  }
  if (problem !== undefined) throw problem.error;
  return null;
}

// One class may have both methods.
function takesTokens(provider: Given): provider is BearerAuthProvider {
  return typeof (provider as Partial<BearerAuthProvider> | undefined)?.verifyToken === "function";
}

function takesPasswords(provider: Given): provider is BasicAuthProvider {
  return typeof (provider as Partial<BasicAuthProvider> | undefined)?.verifyPassword === "function";
}

// A provider may come from an older copy of this package.
function owns(provider: Partial<BearerAuthProvider>, token: string, issuer: string | undefined): boolean | undefined {
  return provider.owns?.(token, issuer);
}

function mergedMetadata(providers: readonly BearerAuthProvider[]): ResourceMetadataOptions | undefined {
  const all = providers.flatMap(({ metadata }) => metadata?.options ?? []);
  const [first] = all;
  if (first === undefined) return undefined;
  if (all.some(({ resource }) => resource !== first.resource)) {
    throw new SallyportError("config_invalid", "anyOf: the providers publish metadata of different resources.");
  }
  return {
    ...Object.assign({}, ...all.toReversed()),
    authorizationServers: all.flatMap(({ authorizationServers }) => authorizationServers),
    scopesSupported: all.flatMap(({ scopesSupported = [] }) => scopesSupported),
  };
}
