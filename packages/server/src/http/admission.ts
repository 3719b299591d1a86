/**
 * Everything that is decided about a request before its body is read: who may talk to the server at all, who may enter,
 * and where to. Deny by default: whatever is not exactly an excluded path goes through the gate, however it is written.
 */
import { SallyportError } from "@sallyport/auth-core";
import { type Answer, jsonAnswer, jsonRpcAnswer } from "../gate/answers.ts";
import type { RequestHead } from "../gate/extract.ts";
import type { Gate } from "../gate/gate.ts";
import type { AccessToken } from "../token/access-token.ts";
import { type CorsHeaders, createOriginPolicy, type OriginOptions, type OriginPolicy } from "./origin.ts";

/** Where the endpoint is, and what is open. */
export interface AdmissionOptions extends OriginOptions {
  /** Path of the MCP endpoint. Default `/mcp`; the same with a slash at the end reaches it too. */
  readonly path?: string;
  /**
   * Paths that are answered without a token, for `GET` and `HEAD` and only when written exactly so.
   * Default `/docs`, `/inspector`, `/health`, `/openmcp.json`.
   */
  readonly exclude?: readonly string[];
}

/** A final answer, or the way in to the MCP endpoint. `cors` belongs on whatever is answered then. */
export type Admission =
  | { readonly answer: Answer }
  | { readonly token: AccessToken | undefined; readonly cors: CorsHeaders };

/** Where a request came in. */
export interface Arrival {
  /** What the request calls the server, with its port; `undefined` when it does not say. */
  readonly host: string | undefined;
  readonly loopback: boolean;
}

export class AdmissionDesk {
  readonly #gate: Gate | undefined;
  readonly #origins: OriginPolicy;
  readonly #excluded: ReadonlySet<string>;
  /** Path of the MCP endpoint. */
  readonly path: string;

  /** @throws SallyportError (`config_invalid`) when a path is not one, or the endpoint itself is excluded. */
  constructor(gate: Gate | undefined, options: AdmissionOptions) {
    const { path = "/mcp", exclude = ["/docs", "/inspector", "/health", "/openmcp.json"] } = options;
    this.#gate = gate;
    this.#origins = createOriginPolicy(options);
    this.path = path === "/" ? path : checkPath(path, "path");
    this.#excluded = new Set(exclude.map((entry) => checkPath(entry, "exclude")));
    if (this.#excluded.has(path)) {
      throw new SallyportError(
        "config_invalid",
        `exclude: ${path} is the MCP endpoint. To serve it openly, leave out \`auth\`.`,
      );
    }
  }

  async admit(head: RequestHead, { host, loopback }: Arrival): Promise<Admission> {
    // Readable for every page, and before anybody knows who is asking (PRM-06).
    const published = this.#gate?.publish(head);
    if (published !== undefined) return { answer: await published };
    const origin = this.#origins.check(head, host, loopback);
    if ("answer" in origin) return origin;
    const entry = await this.#enter(head);
    if (!("answer" in entry)) return { token: entry.token, cors: origin.headers };
    return { answer: { ...entry.answer, headers: { ...entry.answer.headers, ...origin.headers } } };
  }

  async #enter(head: RequestHead): Promise<{ answer: Answer } | { token: AccessToken | undefined }> {
    const path = head.target.split("?", 1)[0] ?? "";
    if (this.#excluded.has(path) && (head.method === "GET" || head.method === "HEAD")) {
      return { answer: path === "/health" ? jsonAnswer(200, { status: "ok" }) : notFound };
    }
    const entry = await this.#gate?.admit(head);
    if (entry !== undefined && "answer" in entry) return entry;
    if (path !== this.path && (this.path === "/" || path !== `${this.path}/`)) return { answer: notFound };
    if (!["POST", "GET", "DELETE"].includes(head.method)) {
      return { answer: jsonRpcAnswer(405, "Method not allowed.", { Allow: "POST" }) };
    }
    return { token: entry?.token };
  }
}

const notFound: Answer = jsonAnswer(404, { error: "not_found", error_description: "There is nothing at this path" });

// Only what a URL parser and a router would both leave as it is.
function checkPath(path: string, option: string): string {
  if (!/^(\/[\w~!$&'()*+,=:@.-]+)+$/.test(path) || /\/\.\.?(\/|$)/.test(path)) {
    throw new SallyportError(
      "config_invalid",
      `${option}: write a path such as "/mcp": it starts with a slash, does not end with one, and has nothing encoded in it.`,
    );
  }
  return path;
}
