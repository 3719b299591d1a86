/**
 * What authorization servers answer when they refuse, in the one form that RFC 6749 §5.2 has for it.
 */
import { parseObject } from "../../json.ts";
import { mask, Redactor } from "../../redactor.ts";

/** Parameters of messages that are no secrets, and would only be missed in a server's explanation. */
const open: ReadonlySet<string> = new Set([
  "audience",
  "client_assertion_type",
  "client_id",
  "grant_type",
  "redirect_uri",
  "requested_token_type",
  "resource",
  "scope",
  "subject_token_type",
  "token_type_hint",
]);

/**
 * An answer with its error where oauth4webapi looks for it, and without the secrets that were sent: a server may repeat
 * them in its explanation. Anything else is handed back as it came.
 *
 * - An error in the body counts though the status is 200, as some servers have it.
 * - It also counts beside a `WWW-Authenticate` (RFC 6749 §5.2, `invalid_client`), which oauth4webapi reads in its place.
 * - It counts whatever its content type is.
 *
 * @param response - with its body in memory, as the guarded fetch gives it.
 */
export async function readableError(response: Response, sent: RequestInit): Promise<Response> {
  const body = parseObject(await response.clone().text());
  const error = body?.["error"];
  if (body === undefined || typeof error !== "string" || error === "") return withoutSecrets(response, sent);
  if (response.ok && "access_token" in body) return response;
  const headers = new Headers(response.headers);
  headers.set("content-type", "application/json");
  headers.delete("www-authenticate");
  headers.delete("content-length");
  const secrets = secretsOf(sent);
  const members = ["error", "error_description"].flatMap((name) => {
    const value = body[name];
    return typeof value === "string" ? [[name, secrets.redact(value)]] : [];
  });
  const status = response.ok ? 400 : response.status;
  return new Response(JSON.stringify(Object.fromEntries(members)), { status, headers });
}

/** What oauth4webapi reads of an answer without an error in its body: a challenge, which may repeat what was sent as well. */
function withoutSecrets(response: Response, sent: RequestInit): Response {
  const challenge = response.headers.get("www-authenticate");
  if (challenge === null) return response;
  const { status, statusText, body } = response;
  const headers = new Headers(response.headers);
  // A header cannot carry what stands for a secret elsewhere.
  headers.set("www-authenticate", secretsOf(sent).redact(challenge).replaceAll(mask, "****"));
  return new Response(body, { status, statusText, headers });
}

function secretsOf({ body, headers }: RequestInit): Redactor {
  const redactor = new Redactor();
  if (body instanceof URLSearchParams) {
    for (const [name, value] of body) if (!open.has(name)) redactor.add(value);
  }
  const authorization = new Headers(headers).get("authorization");
  if (authorization !== null) {
    redactor.add(authorization);
    redactor.add(basicPassword(authorization));
  }
  const proof = new Headers(headers).get("dpop");
  if (proof !== null) redactor.add(proof);
  return redactor;
}

function basicPassword(authorization: string): string {
  const [, base64 = ""] = /^Basic (\S+)$/.exec(authorization) ?? [];
  return new URLSearchParams(`=${atob(base64).replace(/^[^:]*:/, "")}`).get("") ?? "";
}
