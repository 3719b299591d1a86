/**
 * The examples of docs/custom-auth.md, as they stand there, against a real server. That they compile is for docs.test.ts.
 */
import { createHmac } from "node:crypto";
import * as core from "@sallyport/auth-core";
import { listen, type RecordedRequest } from "@sallyport/testkit";
import ts from "typescript";
import { expect, onTestFinished, test } from "vitest";
import { blocks } from "./markdown.ts";

type Constructor = new (...given: readonly unknown[]) => core.Auth;

const classes = new Map<string, string>();
for (const { language, text } of blocks("docs/custom-auth.md")) {
  const name = /^export class (\w+)/m.exec(text)?.[1];
  if (language === "ts" && name !== undefined) classes.set(name, text);
}

interface Example {
  readonly name: string;
  readonly given: () => readonly unknown[];
  /** Whether the server lets a request in. */
  readonly accepts: (request: RecordedRequest) => boolean;
  readonly requests: number;
}

const examples: readonly Example[] = [
  {
    name: "HeaderKeyAuth",
    given: () => ["k-1"],
    accepts: ({ headers }) => headers["x-service-key"] === "k-1",
    requests: 1,
  },
  {
    name: "QueryKeyAuth",
    given: () => ["k 1&"],
    accepts: ({ url }) => new URL(url, "http://server").searchParams.get("key") === "k 1&",
    requests: 1,
  },
  {
    name: "HmacAuth",
    given: () => ["s-1"],
    accepts: ({ method, url, headers, body }) =>
      headers["x-signature"] ===
      createHmac("sha256", "s-1").update([method, url, headers["x-timestamp"], body].join("\n")).digest("hex"),
    requests: 1,
  },
  {
    name: "AccountAuth",
    given: () => {
      const keys = ["old", "new"];
      return ["ana", async () => keys.shift()];
    },
    accepts: ({ headers }) => headers["x-account"] === "ana" && headers["x-account-key"] === "new",
    requests: 2,
  },
  {
    name: "PoliteBasicAuth",
    given: () => ["ana", "pä"],
    accepts: ({ headers }) => headers.authorization === `Basic ${Buffer.from("ana:pä").toString("base64")}`,
    requests: 2,
  },
];

test("the page has these examples", () => {
  expect([...classes.keys()]).toEqual(examples.map(({ name }) => name));
});

test.each(examples)("$name gets in, body and all", async ({ name, given, accepts, requests }) => {
  const server = await listen((request, response) => {
    const status = accepts(request) ? 200 : 401;
    response.writeHead(status, status === 401 ? { "www-authenticate": 'Basic realm="r"' } : {}).end(request.body);
  });
  onTestFinished(() => server.close());
  const Scheme = load(name);
  const fetch = core.createAuthFetch(new Scheme(...given()));
  const response = await fetch(`${server.url}/mcp?a=%20b`, { method: "POST", body: "bödy" });
  expect([response.status, await response.text()]).toEqual([200, "bödy"]);
  expect(server.requests).toHaveLength(requests);
});

/** Runs an example as a module that may import auth-core. */
function load(name: string): Constructor {
  const options = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.CommonJS };
  const { outputText } = ts.transpileModule(classes.get(name) ?? "", { compilerOptions: options });
  const exports: Record<string, Constructor> = {};
  new Function("exports", "require", outputText)(exports, () => core);
  return exports[name] ?? expect.unreachable(`${name} is not exported`);
}
