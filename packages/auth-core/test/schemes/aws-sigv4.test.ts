/** AWS Signature Version 4 against AWS's published vectors, and over HTTP against a verifier of our own. */
import { type AwsGuardOptions, requireAws } from "@sallyport/testkit";
import { AwsV4Signer } from "aws4fetch";
import { describe, expect, it } from "vitest";
import {
  AwsSigV4Auth,
  type AwsSigV4Options,
  createAuth,
  createAuthFetch,
  SallyportError,
  type SecretReader,
  type SecretSource,
} from "../../src/index.ts";
import { failureOf } from "../support/failure.ts";
import { start } from "../support/start.ts";
import { type AwsVector, type AwsVectors, iam, rawPaths, s3, sessionTokens, testSuite } from "./aws-vectors.ts";

const keys = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "s3cr3t/marker" };
const lambda = { region: "eu-central-1", service: "lambda" };

describe("published vectors", () => {
  const all = [testSuite, iam, s3].flatMap((from) =>
    from.vectors.map((vector) => [vector.name, from, vector] as const),
  );

  it.each(all)("%s", async (_, from, vector) => {
    expect(await authorization(from, vector)).toBe(expected(from, vector));
  });

  it.each(sessionTokens)("$name", async (vector) => {
    expect(await authorization(testSuite, vector, vector.sessionToken)).toBe(expected(testSuite, vector));
  });

  it.each(rawPaths)("$name, which fetch cannot send: the library alone", async ({ url, signature }) => {
    const { accessKeyId, secretAccessKey, service, time } = testSuite;
    const datetime = new Date(time).toISOString().replace(/[:-]|\.\d+/g, "");
    const options = { url, accessKeyId, secretAccessKey, service, region: "us-east-1", datetime, singleEncode: true };
    expect(await new AwsV4Signer(options).signature()).toBe(signature);
  });

  /** The header that is sent for a vector. */
  async function authorization(from: AwsVectors, vector: AwsVector, sessionToken?: string): Promise<string | null> {
    const { accessKeyId, secretAccessKey, service, time } = from;
    const auth = new AwsSigV4Auth({
      accessKeyId,
      secretAccessKey,
      sessionToken,
      service,
      region: "us-east-1",
      now: () => time,
    });
    let sent = new Headers();
    const fetch = createAuthFetch(auth, {
      async fetch(_, init) {
        sent = new Headers(init?.headers);
        return new Response();
      },
    });
    const { method = "GET", url, headers = {}, body } = vector;
    // As bytes: a string would bring a content type along.
    await fetch(url, { method, headers, body: body === undefined ? null : new TextEncoder().encode(body) });
    return sent.get("authorization");
  }

  function expected({ accessKeyId, service, time }: AwsVectors, { signedHeaders, signature }: AwsVector): string {
    const day = new Date(time).toISOString().slice(0, 10).replaceAll("-", "");
    return `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${day}/us-east-1/${service}/aws4_request, SignedHeaders=${signedHeaders}, Signature=${signature}`;
  }
});

describe("over HTTP", () => {
  const post = (body: BodyInit): RequestInit => ({ method: "POST", body, duplex: "half" }) as RequestInit;

  it.each<[string, string, RequestInit]>([
    ["a GET", "/mcp", {}],
    ["a text", "/mcp", post('{"jsonrpc":"2.0"}')],
    ["bytes", "/mcp", post(new Uint8Array([0xe2, 0x82, 0xac]))],
    ["a form", "/mcp", post(new URLSearchParams({ a: "ä b", c: "" }))],
    ["a stream", "/mcp", post(new Blob(["one ", "two"]).stream())],
    ["an ARN in the path, encoded twice", "/runtimes/arn%3Aaws%3Abedrock%2Fx/invocations?qualifier=DEFAULT", post("x")],
    [
      "characters that are encoded or not",
      "/a!b'(c)*d+e;f:g@h,i=j~k/%C3%A4?q=%20a%2Bb&r=!'()*&s&t=%C3%A4&Q=1",
      post("x"),
    ],
    ["many slashes", "//a///b//", {}],
  ])("signs what is sent: %s", async (_, target, init) => {
    const server = await guarded();
    const fetch = createAuthFetch(new AwsSigV4Auth({ ...keys, ...lambda }), { headers: { "X-Tenant": "a   b" } });
    const response = await fetch(server.url + target, {
      ...init,
      headers: { "user-agent": "t", "content-type": "text/x" },
    });
    expect([response.status, await response.text()]).toEqual([200, "ok"]);
    expect(server.requests).toHaveLength(1);
    expect(server.requests[0]?.headers.authorization).toContain("SignedHeaders=content-type;host;x-amz-date;x-tenant,");
  });

  it("signs a redirect anew, for the URL it leads to", async () => {
    const guard = requireAws({ ...keys, ...lambda });
    const server = await start(async (request, response) => {
      const refusal = await guard(request.headers, request, response);
      if (refusal !== undefined) response.writeHead(refusal.status).end();
      else if (request.url === "/old") response.writeHead(307, { location: "/new?a=1" }).end();
      else response.end("ok");
    });
    const response = await createAuthFetch(new AwsSigV4Auth({ ...keys, ...lambda }))(`${server.url}/old`, post("b"));
    expect(await response.text()).toBe("ok");
    expect(server.requests.map(({ url, body }) => [url, body])).toEqual([
      ["/old", "b"],
      ["/new?a=1", "b"],
    ]);
  });

  it("leaves a body out that X-Amz-Content-Sha256 says is not signed, and never reads it", async () => {
    const server = await guarded();
    let pulled = 0;
    const stream = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          pulled += 1;
          // Nothing is sent yet when the first chunk is asked for, unless it is by whoever sends.
          if (pulled === 1) controller.enqueue(new TextEncoder().encode("b"));
          else controller.close();
        },
      },
      { highWaterMark: 0 },
    );
    const auth = new AwsSigV4Auth({ ...keys, ...lambda });
    const request = new Request(server.url, { ...post("b"), headers: { "x-amz-content-sha256": "UNSIGNED-PAYLOAD" } });
    const { value } = await auth.authFlow(request).next();
    expect(value instanceof Request && value.bodyUsed).toBe(false);
    const response = await createAuthFetch(auth, { headers: { "X-Amz-Content-Sha256": "UNSIGNED-PAYLOAD" } })(
      server.url,
      post(stream),
    );
    expect(await response.text()).toBe("ok");
  });

  it.each(["Authorization", "X-Amz-Date", "X-Amz-Security-Token"])("does not overwrite a static %s", async (name) => {
    const server = await guarded();
    const auth = new AwsSigV4Auth({ ...keys, ...lambda, sessionToken: "token" });
    const error = await failureOf(createAuthFetch(auth, { headers: { [name]: "mine" } })(server.url));
    expect(error).toMatchObject({ code: "config_conflict", message: expect.stringMatching(new RegExp(name, "i")) });
    expect(server.requests).toEqual([]);
  });
});

describe("credentials", () => {
  const env = { AWS_ACCESS_KEY_ID: keys.accessKeyId, AWS_SECRET_ACCESS_KEY: keys.secretAccessKey };

  it("come from the AWS environment variables when none are given", async () => {
    const server = await guarded();
    const secrets = environment({ ...env, AWS_REGION: lambda.region });
    const auth = createAuth({ type: "awsSigV4", service: "lambda" }, { secrets });
    expect((await createAuthFetch(auth)(server.url)).status).toBe(200);
    expect(server.requests[0]?.headers).not.toHaveProperty("x-amz-security-token");
  });

  it("come with a session token where there is one", async () => {
    const server = await guarded({ sessionToken: "t-1" });
    const secrets = environment({ ...env, AWS_SESSION_TOKEN: "t-1" });
    expect((await createAuthFetch(new AwsSigV4Auth({ ...lambda, secrets }))(server.url)).status).toBe(200);
  });

  it("that are given take no session token from the environment", async () => {
    const server = await guarded();
    const secrets = environment({ AWS_SESSION_TOKEN: "t-1" });
    expect((await createAuthFetch(new AwsSigV4Auth({ ...lambda, ...keys, secrets }))(server.url)).status).toBe(200);
  });

  it("are read again when they have expired, once for all that were refused, with the body sent again", async () => {
    const server = await guarded({ accessKeyId: "ASIANEW", secretAccessKey: "new", sessionToken: "t-2" });
    const variables: Record<string, string> = { ...env, AWS_ACCESS_KEY_ID: "ASIAOLD", AWS_SESSION_TOKEN: "t-1" };
    const secrets = environment(variables);
    const fetch = createAuthFetch(new AwsSigV4Auth({ ...lambda, secrets }));
    expect((await fetch(server.url)).status).toBe(403);
    Object.assign(variables, { AWS_ACCESS_KEY_ID: "ASIANEW", AWS_SECRET_ACCESS_KEY: "new", AWS_SESSION_TOKEN: "t-2" });
    const before = secrets.reads();
    const responses = await Promise.all(
      Array.from({ length: 10 }, (_, n) => fetch(server.url, { method: "POST", body: `b${n}` })),
    );
    expect(responses.map(({ status }) => status)).toEqual(Array(10).fill(200));
    expect(secrets.reads() - before).toBe(3);
  });

  it("that no longer have a session token send none", async () => {
    const server = await guarded();
    let asked = 0;
    const credentials = () => (++asked === 1 ? { ...keys, sessionToken: "expired" } : keys);
    expect((await createAuthFetch(new AwsSigV4Auth({ ...lambda, credentials }))(server.url)).status).toBe(200);
    expect(server.requests.map(({ headers }) => headers["x-amz-security-token"])).toEqual(["expired", undefined]);
  });

  it("that have not changed are not sent again", async () => {
    const server = await guarded({ secretAccessKey: "other" });
    const response = await createAuthFetch(new AwsSigV4Auth({ ...lambda, ...keys }))(server.url);
    expect(await response.json()).toMatchObject({ message: expect.stringContaining("does not match") });
    expect(server.requests).toHaveLength(1);
  });

  it("come from a provider of the AWS SDK, which is asked before each request", async () => {
    const server = await guarded();
    let asked = 0;
    const credentials = async () => {
      asked += 1;
      return { ...keys, expiration: new Date(), accountId: "1" };
    };
    const fetch = createAuthFetch(new AwsSigV4Auth({ ...lambda, credentials }));
    expect([(await fetch(server.url)).status, (await fetch(server.url)).status, asked]).toEqual([200, 200, 2]);
  });

  it.each<[string, Partial<AwsSigV4Options> & Record<string, unknown>, string, RegExp]>([
    ["a key without the other", { accessKeyId: "A" }, "config_invalid", /secretAccessKey.* is missing/],
    ["a token without keys", { sessionToken: "t" }, "config_invalid", /accessKeyId.* is missing/],
    ["keys and a provider", { ...keys, credentials: () => keys }, "config_invalid", /keep one/],
    ["no service", { ...keys, service: "" }, "config_invalid", /service/],
    ["no region's name", { ...keys, region: "Frankfurt" }, "config_invalid", /us-east-1/],
    [
      "swapped keys",
      { accessKeyId: keys.secretAccessKey, secretAccessKey: keys.accessKeyId },
      "credential_source_failed",
      /swapped/,
    ],
    [
      "a key with a line break",
      { ...keys, secretAccessKey: "s3cr3t/marker\n" },
      "credential_source_failed",
      /white space/,
    ],
  ])("are refused at once: %s", async (_, options, code, message) => {
    const error = await failureOf(() => new AwsSigV4Auth({ ...lambda, ...options }));
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(error.message).not.toContain("marker");
  });

  it.each<[string, Partial<AwsSigV4Options>, RegExp]>([
    ["without a reader", {}, /env AWS_ACCESS_KEY_ID.*no reader/],
    ["without the variables", { secrets: environment({}) }, /AWS_ACCESS_KEY_ID/],
    ["of a temporary key without its token", { ...keys, accessKeyId: "ASIA1" }, /sessionToken.*AWS_SESSION_TOKEN/],
    ["of a provider that fails", { credentials: () => Promise.reject(new Error("s3cr3t/marker")) }, /a function/],
    ["of a provider without a key", { credentials: () => ({ accessKeyId: "", secretAccessKey: "" }) }, /no access key/],
    [
      "of a provider that swaps them",
      { credentials: () => ({ accessKeyId: "s3cr3t/marker", secretAccessKey: "a" }) },
      /swapped/,
    ],
  ])("fail before anything is sent: %s", async (_, options, message) => {
    const server = await guarded();
    const error = await failureOf(createAuthFetch(new AwsSigV4Auth({ ...lambda, ...options }))(server.url));
    expect(error).toMatchObject({ code: "credential_source_failed", message: expect.stringMatching(message) });
    expect(error.message).not.toContain("marker");
    expect(server.requests).toEqual([]);
  });

  function environment(variables: Record<string, string>): SecretReader & { reads(): number } {
    let reads = 0;
    return {
      reads: () => reads,
      async read(source: SecretSource) {
        const value = "env" in source ? variables[source.env] : undefined;
        if (value === undefined)
          throw new SallyportError("credential_source_failed", `${JSON.stringify(source)} is not set.`);
        reads += 1;
        return value;
      },
    };
  }
});

describe("a clock that is off", () => {
  const hour = 60 * 60 * 1000;

  it.each([6 * hour, -6 * hour])("by %d ms is corrected by the server's, once for all later requests", async (off) => {
    const server = await guarded({ now: () => Date.now() + off });
    const fetch = createAuthFetch(new AwsSigV4Auth({ ...lambda, ...keys }));
    expect((await fetch(server.url, { method: "POST", body: "b" })).status).toBe(200);
    expect((await fetch(server.url)).status).toBe(200);
    expect(server.requests.map(({ body }) => body)).toEqual(["b", "b", ""]);
  });

  it("by days is an error that says so", async () => {
    const server = await guarded({ now: () => Date.now() + 72 * hour });
    const error = await failureOf(createAuthFetch(new AwsSigV4Auth({ ...lambda, ...keys }))(server.url));
    expect(error).toMatchObject({ code: "unauthorized", message: expect.stringContaining("3 days ahead") });
  });
});

async function guarded(options: Partial<AwsGuardOptions> = {}) {
  const guard = requireAws({ ...keys, ...lambda, ...options });
  return start(async (request, response) => {
    const refusal = await guard(request.headers, request, response);
    if (refusal === undefined) response.end("ok");
    else response.writeHead(refusal.status, { ...refusal.headers }).end(refusal.body);
  });
}
