/**
 * Scopes of tools: judged before the handler runs, from the body that will be run, and answered so that a client can step
 * up (CHL-09, CHL-11, CHL-12, CHL-14, HDR-05; modelcontextprotocol/typescript-sdk#1582).
 */
import { describe, expect, it } from "vitest";
import { createAuthGate, MCPServer, type MCPServerOptions, requireScopes, staticTokens } from "../../src/index.ts";
import { callTool, eras, listTools, type Message, post, rpc, textOf } from "../messages.ts";
import { mailServer, SelfDescribingAuth } from "../servers.ts";

const url = "http://127.0.0.1/mcp";

describe.each(eras)("a tool with scopes, %s clients", (era) => {
  it("runs when the token has them all", async () => {
    const allowed = mailServer({ auth: staticTokens({ t: { scopes: ["mail.read", "mail.send"] } }) });
    const sent = await allowed.fetch(post(url, callTool(era, "send", { to: "bob" }), "t"));
    expect(await textOf(sent)).toBe("Sent to bob");
    expect(allowed.ran).toEqual(["send"]);
  });

  it("answers 403 with every scope of the operation, also those the token has", async () => {
    const server = mailServer({ auth: staticTokens({ t: { scopes: ["mail.read"] } }) });
    const response = await server.fetch(post(url, callTool(era, "send", { to: "bob" }), "t"));
    expect(response.status).toBe(403);
    expect(response.headers.get("www-authenticate")).toBe(
      'Bearer realm="mcp", error="insufficient_scope", scope="mail.read mail.send"',
    );
    expect(await response.json()).toEqual({
      error: "insufficient_scope",
      error_description: "Requires scope: mail.read mail.send",
      scope: "mail.read mail.send",
    });
    expect(server.ran).toEqual([]);
  });

  it("names the scopes of every request with them", async () => {
    const auth = staticTokens(
      { t: { scopes: ["base"] } },
      { scopes: ["base"], resourceMetadata: "https://m.example/prm" },
    );
    const response = await mailServer({ auth }).fetch(post(url, callTool(era, "read"), "t"));
    expect(response.headers.get("www-authenticate")).toBe(
      'Bearer error="insufficient_scope", scope="base mail.read", resource_metadata="https://m.example/prm"',
    );
  });

  it("does not keep anyone from seeing that the tool exists", async () => {
    const response = await mailServer().fetch(post(url, listTools(era), "ada"));
    const { result } = await rpc(response);
    const names = ["whoami", "read", "send", "purge"];
    expect(result?.["tools"]).toEqual(names.map((name) => expect.objectContaining({ name })));
  });

  it("holds when a handler asks for a scope itself", async () => {
    const server = mailServer({ auth: staticTokens({ t: { scopes: ["mail.read"] } }) });
    const response = await server.fetch(post(url, callTool(era, "purge"), "t"));
    expect(server.ran).toEqual(["purge"]);
    expect(response.status).toBe(403);
    expect(response.headers.get("www-authenticate")).toBe(
      'Bearer realm="mcp", error="insufficient_scope", scope="mail.read mail.purge"',
    );
  });

  it("is an error result when a handler asks after its answer has begun", async () => {
    const server = mailServer({ auth: staticTokens({ t: { scopes: [] } }) });
    let begun = (): void => {};
    const answering = new Promise<void>((resolve) => {
      begun = resolve;
    });
    server.tool({ name: "late", description: "Reports progress, then asks" }, async (_, context) => {
      const progressToken = "p";
      await context.mcpReq.notify({ method: "notifications/progress", params: { progressToken, progress: 1 } });
      await answering;
      requireScopes("mail.purge");
      return "never";
    });
    const response = await server.fetch(post(url, callTool(era, "late"), "t"));
    expect(response.status).toBe(200);
    begun();
    const text = await response.text();
    expect(text).toContain("mail.purge");
    expect(text).toContain('"isError":true');
  });

  it("does not trust the Mcp-Name header", async () => {
    const server = mailServer();
    const message = callTool(era, "read");
    const disguised: Message = { ...message, headers: { ...message.headers, "Mcp-Name": "whoami" } };
    const response = await server.fetch(post(url, disguised, "ada"));
    expect(response.status).toBe(403);
    expect(server.ran).toEqual([]);
  });

  it("does not refuse by the Mcp-Name header either", async () => {
    const server = mailServer();
    const message = callTool(era, "whoami");
    const disguised: Message = { ...message, headers: { ...message.headers, "Mcp-Name": "read" } };
    const response = await server.fetch(post(url, disguised, "ada"));
    // The SDK checks headers against the body where the era has them (HDR-02).
    expect(response.status).toBe(era === "2026" ? 400 : 200);
  });

  it("lets a broader scope do (CHL-14)", async () => {
    const options: Partial<MCPServerOptions> = {
      scopeImplies: { admin: ["mail.send"], "mail.send": ["mail.read"], "mail.read": ["mail.send"] },
      auth: staticTokens({ t: { scopes: ["admin", "admin"], subject: "root" } }),
    };
    const server = mailServer(options);
    expect(await textOf(await server.fetch(post(url, callTool(era, "send", { to: "bob" }), "t")))).toBe("Sent to bob");
    const refused = await server.fetch(post(url, callTool(era, "purge"), "t"));
    expect(refused.headers.get("www-authenticate")).toContain('scope="mail.read mail.purge"');
  });
});

describe("a batch of the 2025 era", () => {
  const batch = (...names: string[]): Message => {
    const { headers } = callTool("2025", "");
    const calls = names.map((name, id) => ({
      jsonrpc: "2.0",
      id,
      method: "tools/call",
      params: { name, arguments: {} },
    }));
    return { headers, body: JSON.stringify(calls) };
  };

  it("needs the scopes of all its calls, in one challenge", async () => {
    const server = mailServer();
    const response = await server.fetch(post(url, batch("whoami", "read", "send"), "ada"));
    expect(response.status).toBe(403);
    expect(response.headers.get("www-authenticate")).toContain('scope="mail.read mail.send"');
    expect(server.ran).toEqual([]);
  });

  it("runs when the token has them", async () => {
    const server = mailServer({ auth: staticTokens({ t: { scopes: ["mail.read"] } }) });
    const response = await server.fetch(post(url, batch("whoami", "read"), "t"));
    expect(response.status).toBe(200);
    expect(await response.text()).toContain("mails");
    expect(server.ran).toEqual(["read"]);
  });
});

describe("bodies that are no proper call", () => {
  it.each([
    ["not JSON", "{"],
    ["nothing", ""],
    ["null", "null"],
    ["a number", "1"],
    ["an empty batch", "[]"],
    ["a batch of nonsense", "[null,1,[]]"],
    ["a call without parameters", '{"jsonrpc":"2.0","id":1,"method":"tools/call"}'],
    ["a call of null", '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":null}'],
    ["a name that is a list", '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":["read"]}}'],
    ["a name twice", '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"whoami","name":"read"}}'],
    ["a name of the prototype", '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"__proto__"}}'],
  ])("%s: answered, and no tool runs", async (_, body) => {
    const server = mailServer();
    const { headers } = callTool("2025", "");
    const response = await server.fetch(post(url, { headers, body }, "ada"));
    expect(response.status).toBeLessThan(500);
    expect(server.ran).toEqual([]);
  });

  // A call that the scope check cannot read must not be one that the SDK can: `TextDecoder` drops a mark, `JSON.parse` does not.
  it.each([1, 2, 3])("a call after %i byte order marks: no tool runs, whoever reads the body", async (marks) => {
    const server = mailServer();
    const { headers, body } = callTool("2025", "read");
    const message = { headers, body: "\ufeff".repeat(marks) + body };
    const own = await server.listen(0);
    try {
      const answers = [await server.fetch(post(url, message, "ada")), await fetch(post(own.url, message, "ada"))];
      // The fetch side drops one mark while it decodes: then it is a call like any other.
      expect(answers.map(({ status }) => status)).toEqual([marks === 1 ? 403 : 400, 400]);
      expect(server.ran).toEqual([]);
    } finally {
      await own.close();
    }
  });

  it("a body that is not declared as JSON is not read", async () => {
    const request = new Request(url, {
      method: "POST",
      headers: { Authorization: "Bearer ada" },
      body: callTool("2025", "read").body,
    });
    expect((await mailServer().fetch(request)).status).toBe(415);
    expect(request.bodyUsed).toBe(false);
  });
});

it("a handler that asks for what is no scope has failed, and says so to the operator only", async () => {
  const errors: unknown[] = [];
  const server = mailServer({ onError: (error) => errors.push(error) });
  server.tool({ name: "odd", description: "" }, () => requireScopes('mail"\r\nX: y').subject);
  const response = await server.fetch(post(url, callTool("2026", "odd"), "ada"));
  expect(response.status).toBe(200);
  expect(await textOf(response)).toContain("The tool odd failed");
  expect(errors).toEqual([expect.objectContaining({ code: "config_invalid" })]);
});

it("a body that breaks off is an answer and not a rejection", async () => {
  const body = new ReadableStream({ pull: (controller) => controller.error(new Error("cable cut")) });
  const { headers } = callTool("2026", "whoami");
  const init = { method: "POST", headers: { ...headers, Authorization: "Bearer ada" }, body, duplex: "half" };
  expect((await mailServer().fetch(new Request(url, init as RequestInit))).status).toBe(500);
});

it("scopes that could not be sent, or not be enforced, are refused at start-up (B50-07, CHL-08)", () => {
  const invalid = expect.objectContaining({ code: "config_invalid" });
  for (const scope of ["", "two words", 'quo"te', "back\\slash", "caf\xe9", "offline_access"]) {
    expect(() => new SelfDescribingAuth({ scopes: [scope] })).toThrow(invalid);
    expect(() => mailServer().tool({ name: "t", description: "", scopes: [scope] }, () => "")).toThrow(invalid);
    expect(() => createAuthGate(new SelfDescribingAuth(), { scopeImplies: { a: [scope] } })).toThrow(invalid);
  }
  const open = new MCPServer({ name: "open", version: "1.0.0" });
  expect(() => open.tool({ name: "t", description: "", scopes: ["mail.read"] }, () => "")).toThrow(invalid);
});
