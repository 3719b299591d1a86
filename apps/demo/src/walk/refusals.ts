/** What the gate answers to those it does not let in: each row of the response table, asked for with bare `fetch`. */
import type { Surroundings } from "../surroundings.ts";
import { expectEqual, type Report } from "./report.ts";

interface Refusal {
  readonly title: string;
  readonly headers?: HeadersInit;
  readonly query?: string;
  readonly tool?: string;
  readonly status: number;
  readonly error: string;
}

export async function walkRefusals(report: Report, { urls, people }: Surroundings): Promise<void> {
  const refusals: Refusal[] = [
    { title: "no token", status: 401, error: "unauthorized" },
    { title: "a wrong token", headers: bearer("wrong"), status: 401, error: "invalid_token" },
    { title: "an expired token", headers: bearer(people.expired), status: 401, error: "invalid_token" },
    { title: "a malformed header", headers: { authorization: "Bearer a b" }, status: 401, error: "invalid_token" },
    {
      title: "two Authorization headers",
      headers: [
        ["authorization", `Bearer ${people.alice}`],
        ["authorization", `Bearer ${people.bob}`],
      ],
      status: 400,
      error: "invalid_request",
    },
    { title: "a token in the query", query: `?access_token=${people.alice}`, status: 400, error: "invalid_request" },
    {
      title: "a tool that needs a scope Bob lacks",
      headers: bearer(people.bob),
      tool: "secret_report",
      status: 403,
      error: "insufficient_scope",
    },
  ];

  report.section("What the gate refuses");
  for (const { title, headers, query = "", tool = "whoami", status, error } of refusals) {
    await report.step(title, async (step) => {
      const response = await fetch(`${urls.server}${query}`, {
        method: "POST",
        headers: mcp(headers),
        body: call(tool),
      });
      const body = (await response.json()) as { error: string };
      step.sent(`POST ${new URL(urls.server).pathname}${query === "" ? "" : "?access_token=••••"} tools/call ${tool}`);
      step.back(`${response.status} ${JSON.stringify(body)}`);
      step.back(`WWW-Authenticate: ${response.headers.get("www-authenticate")}`);
      expectEqual(response.status, status, "the status");
      expectEqual(body.error, error, "the error");
    });
  }
}

function bearer(token: string): HeadersInit {
  return { authorization: `Bearer ${token}` };
}

function mcp(credentials: HeadersInit = {}): Headers {
  const headers = new Headers(credentials);
  headers.set("content-type", "application/json");
  headers.set("accept", "application/json, text/event-stream");
  return headers;
}

function call(tool: string): string {
  return JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: tool, arguments: {} } });
}
