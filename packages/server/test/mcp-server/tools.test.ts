/**
 * What tools return, what clients see when they fail, and what is refused when they are declared.
 */
import { inputRequired } from "@modelcontextprotocol/server";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { AuthenticationError, getAccessToken, MCPServer, requireAuth, type ToolOutput } from "../../src/index.ts";
import { callTool, eras, listTools, post, rpc, textOf } from "../messages.ts";
import { SelfDescribingAuth } from "../servers.ts";

const url = "http://127.0.0.1/mcp";
const info = { name: "tools", version: "1.0.0" };
const auth = new SelfDescribingAuth();

describe.each(eras)("results for %s clients", (era) => {
  const call = async (output: () => ToolOutput | Promise<ToolOutput>): Promise<Record<string, unknown> | undefined> => {
    const server = new MCPServer(info).tool({ name: "t", description: "" }, output);
    return (await rpc(await server.fetch(post(url, callTool(era, "t"))))).result;
  };

  it("a string is text", async () => {
    expect(await call(() => "hi")).toMatchObject({ content: [{ type: "text", text: "hi" }] });
    expect(await call(async () => "")).toMatchObject({ content: [{ type: "text", text: "" }] });
  });

  it("an object is structured, with its JSON as text", async () => {
    const result = await call(() => ({ sum: 3, when: new Date(0), content: "text" }));
    const structured = { sum: 3, when: "1970-01-01T00:00:00.000Z", content: "text" };
    expect(result).toMatchObject({ structuredContent: structured });
    expect(result?.["content"]).toEqual([{ type: "text", text: JSON.stringify(structured) }]);
  });

  it("a list is text alone, since structured content is an object", async () => {
    const result = await call(() => [1, 2]);
    expect(result?.["content"]).toEqual([{ type: "text", text: "[1,2]" }]);
    expect(result).not.toHaveProperty("structuredContent");
  });

  it("a result in MCP's form is passed on", async () => {
    const own = { isError: true, content: [{ type: "text" as const, text: "No such city" }] };
    expect(await call(() => own)).toMatchObject(own);
  });

  it("nothing is an empty result", async () => {
    expect((await call(() => undefined))?.["content"]).toEqual([]);
  });

  it("what has no JSON form is a failure, not a crash", async () => {
    const circle: Record<string, unknown> = {};
    circle["self"] = circle;
    expect(await call(() => circle)).toMatchObject({ isError: true });
    expect(await call(() => ({ toJSON: () => undefined }))).toMatchObject({ isError: true });
    expect(await call(() => ({ big: 1n }))).toMatchObject({ isError: true });
  });
});

it("a tool may ask for input (2026-07-28)", async () => {
  const requestedSchema = { type: "object" as const, properties: { city: { type: "string" as const } } };
  const server = new MCPServer(info).tool({ name: "t", description: "" }, () =>
    inputRequired({ inputRequests: { city: inputRequired.elicit({ message: "Which city?", requestedSchema }) } }),
  );
  const message = callTool("2026", "t");
  const body = message.body.replace('clientCapabilities":{}', 'clientCapabilities":{"elicitation":{"form":{}}}');
  const { result } = await rpc(await server.fetch(post(url, { ...message, body })));
  expect(result).toMatchObject({ inputRequests: { city: { method: "elicitation/create" } } });
});

describe.each(eras)("failures, %s clients", (era) => {
  const secret = "sk-live-1234";
  const fail = async (error: unknown): Promise<{ text: string; errors: unknown[] }> => {
    const errors: unknown[] = [];
    const server = new MCPServer({ ...info, auth, onError: (each) => errors.push(each) }).tool(
      { name: "t", description: "" },
      () => {
        throw error;
      },
    );
    const response = await server.fetch(post(url, callTool(era, "t"), "ada"));
    return { text: await response.text(), errors };
  };

  it("neither message nor stack reach the client; the operator gets the error itself", async () => {
    const error = new Error(`cannot connect with ${secret}`, { cause: secret });
    const { text, errors } = await fail(error);
    expect(text).toContain("The tool t failed");
    expect(text).toContain('"isError":true');
    expect(text).not.toMatch(/sk-live|cannot connect|\.ts/);
    expect(errors).toEqual([error]);
  });

  it("whatever is thrown", async () => {
    for (const thrown of [secret, undefined, null, { message: secret }]) {
      const { text, errors } = await fail(thrown);
      expect(text).not.toContain(secret);
      expect(errors).toEqual([thrown]);
    }
  });

  it("another service's refusal is not the caller's", async () => {
    const { SallyportError } = await import("@sallyport/auth-core");
    const { text, errors } = await fail(new SallyportError("unauthorized", "The upstream API refused the credential."));
    expect(text).toContain("The tool t failed");
    expect(errors).toHaveLength(1);
  });

  it("a handler may say that the caller is not welcome any more", async () => {
    const server = new MCPServer({ ...info, auth }).tool({ name: "t", description: "" }, () => {
      throw new AuthenticationError("Suspended");
    });
    const response = await server.fetch(post(url, callTool(era, "t"), "ada"));
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ error: "invalid_token" });
  });

  it("a server without auth has no challenge to send", async () => {
    const server = new MCPServer(info).tool({ name: "t", description: "" }, () => requireAuth().subject);
    const response = await server.fetch(post(url, callTool(era, "t")));
    expect(response.status).toBe(200);
    expect(await textOf(response)).toContain("no verified token");
  });

  it("wrong arguments are answered by the SDK and never reach the handler", async () => {
    let ran = false;
    const server = new MCPServer(info).tool({ name: "t", description: "", input: z.object({ n: z.number() }) }, () => {
      ran = true;
      return "";
    });
    expect(await textOf(await server.fetch(post(url, callTool(era, "t", { n: "1" }))))).toContain("Invalid arguments");
    expect(ran).toBe(false);
  });
});

describe("declaring", () => {
  const invalid = expect.objectContaining({ code: "config_invalid" });

  it("refuses a name twice, and names that are none", () => {
    const server = new MCPServer(info).tool({ name: "t", description: "" }, () => "");
    for (const name of ["t", "", "a b", "a/b", "é", "x".repeat(129), "constructor", "__proto__", 1 as never]) {
      expect(() => server.tool({ name, description: "" }, () => "")).toThrow(invalid);
    }
  });

  it("refuses a server without a name, and options that cannot work", () => {
    expect(() => new MCPServer({ name: "", version: "1" })).toThrow(invalid);
    expect(() => new MCPServer({ name: "x" } as never)).toThrow(invalid);
    expect(() => new MCPServer({ ...info, auth: {} as never })).toThrow(invalid);
    expect(() => new MCPServer({ ...info, auth, verifyTimeoutMs: 0 })).toThrow(invalid);
    expect(() => new MCPServer({ ...info, maxBodyBytes: Number.NaN })).toThrow(invalid);
  });

  it("lists what was declared", async () => {
    const server = new MCPServer({ ...info, title: "Tools", instructions: "Use them." }).tool(
      {
        name: "add",
        title: "Add",
        description: "Add two numbers",
        input: z.object({ a: z.number(), b: z.number() }),
        output: z.object({ sum: z.number() }),
        annotations: { readOnlyHint: true },
      },
      ({ a, b }) => ({ sum: a + b }),
    );
    const { result } = await rpc(await server.fetch(post(url, listTools("2026"))));
    expect(result?.["tools"]).toEqual([
      expect.objectContaining({
        name: "add",
        title: "Add",
        description: "Add two numbers",
        annotations: { readOnlyHint: true },
        inputSchema: expect.objectContaining({ required: ["a", "b"] }),
        outputSchema: expect.objectContaining({ required: ["sum"] }),
      }),
    ]);
  });

  it("takes tools while it serves", async () => {
    const server = new MCPServer(info);
    const { error } = await rpc(await server.fetch(post(url, callTool("2026", "late"))));
    expect(error?.code).toBe(-32602);
    server.tool({ name: "late", description: "" }, () => "here");
    expect(await textOf(await server.fetch(post(url, callTool("2026", "late"))))).toBe("here");
  });
});

it("a handler gets the token in its context and no header to leak", async () => {
  let header: string | null | undefined;
  const server = new MCPServer({ ...info, auth }).tool({ name: "t", description: "" }, (_, context) => {
    header = context.http?.req?.headers.get("authorization");
    return { own: getAccessToken()?.token, sdk: context.http?.authInfo };
  });
  const { result } = await rpc(await server.fetch(post(url, callTool("2026", "t"), "ada.read")));
  expect(header).toBeNull();
  expect(result?.["structuredContent"]).toEqual({
    own: "ada.read",
    sdk: { token: "ada.read", clientId: "ada", scopes: ["read"], extra: { claims: { sub: "ada" }, subject: "ada" } },
  });
});
