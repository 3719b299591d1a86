/**
 * The pages of the authorization server: sign in, consent, and what the device flow shows. Plain forms, as a person would
 * fill them in.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { testPassword } from "./browser.ts";
import type { Interaction, Provider, ProviderContext } from "./oidc-provider.ts";

/** Path below the issuer at which a person is asked. */
export const interactionPath = "/interaction";

/** Answer a request to {@link interactionPath}: show what is asked next, or take the answer. */
export async function answerInteraction(
  provider: Provider,
  request: IncomingMessage,
  response: ServerResponse,
  params: Readonly<Record<string, string>>,
): Promise<void> {
  const interaction = await provider.interactionDetails(request, response);
  if (request.method !== "POST") {
    const client = await provider.Client.find(String(interaction.params["client_id"]));
    const page = interaction.prompt.name === "login" ? loginForm : consentForm(interaction, client?.clientName);
    response.writeHead(200, { "content-type": "text/html; charset=utf-8", "cache-control": "no-store" });
    response.end(layout(page));
    return;
  }
  const finish = (result: object, mergeWithLastSubmission: boolean) =>
    provider.interactionFinished(request, response, result, { mergeWithLastSubmission });
  if (params["decision"] === "deny") {
    await finish({ error: "access_denied", error_description: "The person refused" }, false);
  } else if (interaction.prompt.name === "login") {
    if (params["password"] !== testPassword) throw new Error("the form was sent without the password");
    await finish({ login: { accountId: params["account"] } }, false);
  } else {
    await finish({ consent: { grantId: await allow(provider, interaction) } }, true);
  }
}

/** Grant all that is asked for. */
async function allow(provider: Provider, { prompt, grantId, session, params }: Interaction): Promise<string> {
  const accountId = session?.accountId ?? "";
  const known = grantId === undefined ? undefined : await provider.Grant.find(grantId);
  const grant = known ?? new provider.Grant({ accountId, clientId: String(params["client_id"]) });
  const { missingOIDCScope, missingOIDCClaims, missingResourceScopes = {} } = prompt.details;
  if (missingOIDCScope !== undefined) grant.addOIDCScope(missingOIDCScope.join(" "));
  if (missingOIDCClaims !== undefined) grant.addOIDCClaims(missingOIDCClaims);
  for (const [resource, scopes] of Object.entries(missingResourceScopes))
    grant.addResourceScope(resource, scopes.join(" "));
  return grant.save();
}

/** Where a user code is typed. */
export function userCodePage(context: ProviderContext, form: string, _out: unknown, error: unknown): void {
  show(context, `<h1>Enter the code</h1>${problem(error)}${form}${button("op.deviceInputForm")}`);
}

/** Where a person compares the code with that of the device. */
export function confirmPage(
  context: ProviderContext,
  form: string,
  _client: unknown,
  _device: unknown,
  userCode: string,
): void {
  const abort = '<button form="op.deviceConfirmForm" name="abort" value="yes">It is not mine</button>';
  show(context, `<h1>${escapeHtml(userCode)}</h1>${form}${button("op.deviceConfirmForm")}${abort}`);
}

/** The end of the device flow. */
export function deviceDonePage(context: ProviderContext): void {
  show(context, "<h1>Signed in</h1>");
}

/** An error for which there is nobody to redirect to. */
export function errorPage(context: ProviderContext, out: Readonly<Record<string, unknown>>): void {
  show(context, `<h1>Error</h1><p>${escapeHtml(`${out["error"]}: ${out["error_description"]}`)}</p>`);
}

const loginForm = `<h1>Sign in</h1><form method="post">
<input type="text" name="account" placeholder="any name">
<input type="password" name="password" placeholder="${testPassword}">
<button name="decision" value="allow">Sign in</button>
<button name="decision" value="deny">Cancel</button>
</form>`;

function consentForm({ prompt: { details }, params }: Interaction, name: string | undefined): string {
  const resources = Object.entries(details.missingResourceScopes ?? {});
  const wanted = resources.flatMap(([resource, scopes]) =>
    scopes.map((scope) => `<li>${escapeHtml(scope)} at ${escapeHtml(resource)}`),
  );
  return `<h1>Allow ${escapeHtml(name ?? String(params["client_id"]))}?</h1><ul>${wanted.join("")}</ul><form method="post">
<button name="decision" value="allow">Allow</button>
<button name="decision" value="deny">Refuse</button>
</form>`;
}

function problem(error: unknown): string {
  return error === undefined ? "" : "<p>This code is not known.</p>";
}

function button(form: string): string {
  return `<button form="${form}">Continue</button>`;
}

function show(context: ProviderContext, content: string): void {
  context.type = "html";
  context.body = layout(content);
}

function layout(content: string): string {
  return `<!doctype html><html lang="en"><title>Test authorization server</title><body>${content}</body></html>`;
}

function escapeHtml(text: string): string {
  const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}
