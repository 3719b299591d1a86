/** What holds for every configuration, tried on thousands: the parser's promises about errors, spellings, variables and secrets. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is how variables are written.
import { inspect } from "node:util";
import { ConfigError, parseConfig, parseConfigText, parseServerConfig } from "@sallyport/auth-core";
import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { authTypes, requiredFields } from "./auth-types.ts";
import { inSnakeCase, url } from "./helpers.ts";

// Thousands of runs, on machines that do other things too.
vi.setConfig({ testTimeout: 60_000 });

const keys = [
  ...[
    "mcpServers",
    "url",
    "command",
    "args",
    "env",
    "cwd",
    "type",
    "transport",
    "headers",
    "auth",
    "authToken",
    "tls",
    "cert",
    "ca",
    "passphrase",
    "servername",
    "proxy",
    "disabled",
  ],
  ...[
    "file",
    "kty",
    "__proto__",
    "constructor",
    "authTokn",
    "Authorization",
    "authorization",
    "X-API-Key",
    "Cookie",
    "$schema",
    "",
    "a b",
  ],
  ...Object.values(authTypes).flatMap((fields) => Object.keys(fields)),
].flatMap((key) => [key, ...Object.keys(inSnakeCase({ [key]: 1 }) as object)]);

const words = [
  ...Object.keys(authTypes),
  ...[
    "http",
    "sse",
    "stdio",
    "header",
    "query",
    "cookie",
    "ES256",
    "jwt_bearer",
    "enterprise",
    "private_key_jwt",
    url,
    "",
    "\n",
    "\0",
    "é",
    "${A}",
  ],
];

/** JSON of any shape, made of the keys and words of a configuration so that it comes near to one. */
const nearConfig = (text: fc.Arbitrary<string>): fc.Arbitrary<unknown> =>
  fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 5, depthSize: "small" },
      { arbitrary: text, weight: 4 },
      { arbitrary: fc.constantFrom(null, true, false, 0, 8080, -1, 1.5), weight: 1 },
      { arbitrary: fc.array(tie("value"), { maxLength: 3 }), weight: 1 },
      { arbitrary: tie("object"), weight: 4 },
    ),
    object: fc.dictionary(fc.constantFrom(...keys), tie("value"), { maxKeys: 6 }),
  }))["object"] as fc.Arbitrary<unknown>;

const asServer = fc.record({ url: fc.constant(url) });
const inputs = (text: fc.Arbitrary<string>): fc.Arbitrary<unknown> => {
  const near = nearConfig(text);
  const entry = fc.tuple(asServer, near).map(([server, rest]) => ({ ...(rest as object), ...server }));
  const auth = fc.tuple(asServer, near).map(([server, auth]) => ({ ...server, auth }));
  return fc.oneof(
    near,
    entry.map((server) => ({ mcpServers: { server } })),
    auth.map((server) => ({ mcpServers: { server } })),
    fc.array(fc.oneof(entry, auth), { maxLength: 3 }).map((servers) => ({ mcpServers: { ...servers } })),
  );
};

/** The error of a run, `undefined` when there is none. Anything but a ConfigError goes on. */
function failure(run: () => unknown): ConfigError | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
}

test("parsing never fails with anything but a ConfigError", () => {
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), inputs(fc.constantFrom(...words))), fc.boolean(), (input, expand) => {
      for (const run of [parseConfig, parseServerConfig]) {
        const error = failure(() => run(input, { expand }));
        if (error === undefined) continue;
        expect(error.problems.length).toBeGreaterThan(0);
        for (const problem of error.problems) expect(problem.message).not.toBe("");
      }
    }),
    { numRuns: 700 },
  );
});

test("a text and the value it stands for are judged alike", () => {
  fc.assert(
    fc.property(inputs(fc.constantFrom(...words)), (input) => {
      const text = JSON.stringify(input);
      const fromText = failure(() => parseConfigText(text));
      const fromValue = failure(() => parseConfig(JSON.parse(text)));
      expect(fromText?.problems).toEqual(fromValue?.problems);
    }),
    { numRuns: 500 },
  );
});

test("no error shows a secret, wherever it stands", () => {
  const marker = "hunter2";
  const secrets = fc.constantFrom(
    ...[
      marker,
      `Bearer ${marker}`,
      `bearer  ${marker}`,
      `${marker}\n`,
      `\0${marker}`,
      ` ${marker}`,
      `${marker}é`,
      `https://${marker}@a.example`,
    ],
    ...[
      `https://a.example/#${marker}`,
      `https://a.example/?key=${marker}`,
      `ftp://${marker}`,
      `\${1:-${marker}}`,
      `\${MISSING:-${marker}} `,
    ],
    ...[
      `\${${marker.slice(0, 3)}:?${marker}}`,
      `$\${A:-${marker}}`,
      "${SECRET}",
      "Bearer ${SECRET}",
      "${SECRET}\n",
      "https://${SECRET}@a.example",
    ],
  );
  const env = { SECRET: marker };
  fc.assert(
    fc.property(
      inputs(fc.oneof({ arbitrary: secrets, weight: 3 }, fc.constantFrom(...words))),
      fc.boolean(),
      (input, expand) => {
        for (const run of [
          () => parseConfig(input, { expand, env }),
          () => parseServerConfig(input, { expand, env }),
          () => parseConfigText(JSON.stringify(input), { expand, env }),
          () => parseConfigText(JSON.stringify(input).slice(0, -1), { expand, env }),
          () => parseConfigText(JSON.stringify(input).replace(":", ""), { expand, env }),
        ]) {
          const error = failure(run);
          if (error === undefined) continue;
          const shown = [
            error.message,
            error.stack,
            JSON.stringify(error),
            JSON.stringify(error.problems),
            inspect(error, { depth: 9 }),
          ];
          expect(shown.join("\n")).not.toContain(marker);
        }
      },
    ),
    { numRuns: 1500 },
  );
});

/** Entries that use the table of `auth.type` as it is meant: any of the fields, each with a valid value. */
const meant: fc.Arbitrary<Record<string, unknown>> = fc.constantFrom(...Object.keys(authTypes)).chain((type) => {
  const fields = Object.entries(authTypes[type] ?? {});
  const optional = fc.subarray(fields.filter(([, field]) => field.required !== true));
  return optional.map((chosen) => {
    const values = chosen.map(([name, { valid, needs = {} }]) => ({ ...needs, [name]: valid }));
    return Object.assign({ type, ...requiredFields(type) }, ...values);
  });
});

test("camelCase and snake_case mean the same, also mixed", () => {
  const entry = fc.record(
    {
      url: fc.constant(url),
      auth: meant,
      authToken: fc.constant("t"),
      headers: fc.constant({ "X-Other": "1" }),
      disabledTools: fc.constant([]),
    },
    { requiredKeys: ["url"] },
  );
  fc.assert(
    fc.property(entry, fc.infiniteStream(fc.boolean()), (server, coin) => {
      const mixed = (camel: object): object =>
        Object.fromEntries(
          Object.entries(camel).map(([key, value]) => {
            const [other] = Object.entries(inSnakeCase({ [key]: value }) as object);
            return coin.next().value === true && other !== undefined ? other : [key, value];
          }),
        );
      const spellings = [
        server,
        inSnakeCase(server),
        mixed({ ...server, ...(server.auth ? { auth: mixed(server.auth) } : {}) }),
      ];
      const [camel, ...others] = spellings.map((spelling) => {
        const error = failure(() => parseServerConfig(spelling));
        const codes = error?.problems.map(({ code, path }) => `${code} ${JSON.stringify(inSnakeCase({ [path]: 1 }))}`);
        return codes ?? parseServerConfig(spelling);
      });
      for (const other of others) expect(other).toEqual(camel);
    }),
    { numRuns: 700 },
  );
});

test("expansion leaves no variable behind", () => {
  const piece = fc.oneof(
    fc.constantFrom("${A}", "${env:A}", "${B:-d}", "${C:-}", "${A:-${B}}", "${", "$", "{", "}", "$${A}", ":-", "a"),
    fc.string({ maxLength: 3 }),
  );
  const text = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(""));
  // A value that holds `${` is kept as it is: it is the secret itself.
  const env = fc.dictionary(
    fc.constantFrom("A", "B"),
    fc.string().filter((value) => !value.includes("$") && !value.includes("{")),
  );
  fc.assert(
    fc.property(fc.array(text), fc.dictionary(fc.constantFrom("K", "L"), text), env, (args, variables, values) => {
      const entry = { command: "node", args, env: variables };
      let server: unknown;
      const error = failure(() => {
        server = parseServerConfig(entry, { expand: true, env: values });
      });
      if (error === undefined) expect(JSON.stringify(server)).not.toContain("${");
    }),
    { numRuns: 700 },
  );
});
