/**
 * The correct behaviour of the scripted authorization server: codes with PKCE, access tokens, and refresh tokens that rotate.
 */
import { createHash, randomBytes, randomUUID } from "node:crypto";

/** An answer of an endpoint. */
export interface Outcome {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

type Params = Readonly<Record<string, string>>;

/** What was granted and what became of it. */
export interface Grants {
  /** RFC 7591. */
  register(metadata: Record<string, unknown>): Outcome;
  /** A code for an authorization request, or the name of what is wrong with it. */
  code(params: Params): { readonly code: string } | { readonly error: string };
  /** OAuth 2.1 §3.2. */
  token(params: Params, lifetime: number): Outcome;
  /** RFC 7009. */
  revoke(token: string): void;
  /** Whether an access token is good. */
  good(token: string | undefined): boolean;
  expireAccessTokens(): void;
  /** Forget every client that registered. */
  killClients(): void;
}

/** What came of one consent; all of it dies together. */
interface Family {
  readonly clientId: string;
  readonly scope: string | undefined;
  alive: boolean;
}

export function grants(): Grants {
  const registered = new Set<string>();
  const dead = new Set<string>();
  const codes = new Map<string, { readonly params: Params; readonly family: Family }>();
  const accessTokens = new Map<string, Family>();
  const refreshTokens = new Map<string, { readonly family: Family; used: boolean }>();

  const refused = (error: string, status = 400): Outcome => ({ status, body: { error } });
  const issue = (family: Family, lifetime: number): Outcome => {
    const [access_token, refresh_token] = [`at-${randomUUID()}`, `rt-${randomUUID()}`];
    accessTokens.set(access_token, family);
    refreshTokens.set(refresh_token, { family, used: false });
    const { scope } = family;
    const body = { access_token, token_type: "Bearer", expires_in: lifetime, refresh_token };
    return { status: 200, body: scope === undefined ? body : { ...body, scope } };
  };

  const redeem = (params: Params, lifetime: number): Outcome => {
    const known = codes.get(params["code"] ?? "");
    if (known === undefined) return refused("invalid_grant");
    codes.delete(params["code"] ?? "");
    const challenge = createHash("sha256")
      .update(params["code_verifier"] ?? "")
      .digest("base64url");
    const fits =
      known.params["code_challenge"] === challenge &&
      known.params["redirect_uri"] === params["redirect_uri"] &&
      known.family.clientId === params["client_id"];
    return fits ? issue(known.family, lifetime) : refused("invalid_grant");
  };

  const refresh = (params: Params, lifetime: number): Outcome => {
    const known = refreshTokens.get(params["refresh_token"] ?? "");
    if (known === undefined || !known.family.alive) return refused("invalid_grant");
    if (known.used || known.family.clientId !== params["client_id"]) {
      known.family.alive = false;
      return refused("invalid_grant");
    }
    known.used = true;
    return issue(known.family, lifetime);
  };

  return {
    register(metadata) {
      const client_id = `client-${randomBytes(8).toString("hex")}`;
      registered.add(client_id);
      const body = { token_endpoint_auth_method: "none", ...metadata, client_id, client_id_issued_at: now() };
      return { status: 201, body };
    },
    code(params) {
      if (dead.has(params["client_id"] ?? "")) return { error: "unauthorized_client" };
      if (params["response_type"] !== "code") return { error: "unsupported_response_type" };
      if (params["code_challenge_method"] !== "S256") return { error: "invalid_request" };
      const code = `code-${randomUUID()}`;
      const family = { clientId: params["client_id"] ?? "", scope: params["scope"], alive: true };
      codes.set(code, { params, family });
      return { code };
    },
    token(params, lifetime) {
      if (dead.has(params["client_id"] ?? "")) return refused("invalid_client", 401);
      if (params["grant_type"] === "authorization_code") return redeem(params, lifetime);
      if (params["grant_type"] === "refresh_token") return refresh(params, lifetime);
      return refused("unsupported_grant_type");
    },
    revoke(token) {
      const family = accessTokens.get(token) ?? refreshTokens.get(token)?.family;
      if (family !== undefined) family.alive = false;
    },
    good: (token) => accessTokens.get(token ?? "")?.alive === true,
    expireAccessTokens: () => accessTokens.clear(),
    killClients() {
      for (const id of registered) dead.add(id);
    },
  };
}

function now(): number {
  return Math.floor(Date.now() / 1000);
}
