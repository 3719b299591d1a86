/** Signing in with OAuth, from the first time to signing out: one person, one store, and who is asked what. */
import { join } from "node:path";
import { type Interaction, isSallyportError } from "@sallyport/auth-core";
import { fileStore, MCPClient } from "@sallyport/client-node";
import type { Surroundings } from "../surroundings.ts";
import { person } from "./person.ts";
import { expectEqual, type Report } from "./report.ts";
import { Wire } from "./wire.ts";

const server = "reports";
const asAlice = "alice <alice@example.com>";

interface Visit {
  readonly title: string;
  readonly client: MCPClient;
  readonly use: (client: MCPClient) => Promise<string>;
  /** What is returned, or the code of the error. */
  readonly result: string;
  /**
   * What the authorization server is asked for meanwhile. Registrations are told and not judged: there is another one when
   * the port of the last one is taken.
   */
  readonly asked: string;
}

export async function walkSignIn(report: Report, { folder, urls, issuer }: Surroundings): Promise<void> {
  const wire = new Wire();
  const store = fileStore(join(folder, "credentials"));
  const client = (interaction: Interaction | false): MCPClient =>
    MCPClient.fromDict(
      { mcpServers: { [server]: { url: urls.oauth } } },
      { store, interaction, onEvent: (event) => wire.note(event) },
    );
  const alone = client(false);
  const withAlice = client(person(issuer, "alice"));

  const visits: Visit[] = [
    {
      title: "somebody who says no is not signed in",
      client: client(person(issuer, "alice", "deny")),
      use: (client) => call(client, "whoami"),
      result: "authorization_denied",
      asked: "metadata, authorization",
    },
    {
      title: "the first time Alice is asked, in her browser",
      client: withAlice,
      use: (client) => call(client, "whoami"),
      result: asAlice,
      asked: "metadata, authorization, token",
    },
    {
      title: "later nobody is: the store has the sign-in",
      client: alone,
      use: (client) => call(client, "whoami"),
      result: asAlice,
      asked: "",
    },
    {
      title: "a token that has expired is renewed",
      client: alone,
      use: (client) => {
        issuer.expireAccessTokens();
        return call(client, "whoami");
      },
      result: asAlice,
      asked: "metadata, token",
    },
    {
      title: "a tool that needs another scope asks Alice for that (step-up)",
      client: withAlice,
      use: (client) => call(client, "secret_report"),
      result: "Sales are up.",
      asked: "authorization, token",
    },
    {
      title: "signing out ends the tokens at the authorization server",
      client: withAlice,
      use: (client) => client.signOut(server).then(() => ""),
      result: "",
      asked: "revocation, revocation",
    },
    {
      title: "and here: the next call needs a sign-in, and nobody can be asked",
      client: client(false),
      use: (client) => call(client, "whoami"),
      result: "authorization_required",
      asked: "",
    },
  ];

  report.section("Signing in with OAuth: all that is configured is a URL");
  for (const { title, client, use, result, asked } of visits) {
    await report.step(title, async (step) => {
      const before = issuer.requests.length;
      const outcome = await use(client).catch(codeOf);
      wire.tell(server, step);
      if (outcome !== "") step.back(outcome);
      const requests = issuer.requests.slice(before).flatMap(({ endpoint }) => endpoint ?? []);
      step.back(`asked of the authorization server: ${requests.join(", ") || "nothing"}`);
      expectEqual(outcome, result, "the result");
      const judged = requests.filter((endpoint) => endpoint !== "registration");
      expectEqual(judged.join(", "), asked, "what the authorization server was asked");
      await client.closeAllSessions();
    });
  }
}

async function call(client: MCPClient, tool: string): Promise<string> {
  const session = await client.createSession(server);
  const [content] = (await session.callTool(tool)).content;
  return content?.type === "text" ? content.text : JSON.stringify(content);
}

function codeOf(error: unknown): string {
  if (isSallyportError(error)) return error.code;
  throw error;
}
