import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { ConfigError } from "@sallyport/auth-core";
import { type TemporaryFolder, temporaryFolder } from "@sallyport/testkit";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { loadConfigFile, readConfigFile } from "../src/config-file.ts";

let folder: TemporaryFolder;
let file: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  file = join(folder.path, "mcp.json");
});
afterEach(() => folder.remove());

const config = { mcpServers: { api: { url: "http://127.0.0.1:8000/mcp", authToken: "t-1" } } };
const parsed = expect.objectContaining({ kind: "http", auth: { type: "bearer", token: "t-1" } });

async function failure(path: string | URL = file, options = {}): Promise<ConfigError> {
  const error: unknown = await readConfigFile(path, options).catch((error: unknown) => error);
  if (!(error instanceof ConfigError)) throw error;
  return error;
}

test("reads a file by absolute path, path relative to the working directory, and URL", async () => {
  await writeFile(file, JSON.stringify(config));
  for (const path of [file, relative(process.cwd(), file), pathToFileURL(file)]) {
    expect((await readConfigFile(path)).mcpServers).toEqual({ api: parsed });
  }
});

test("accepts a byte order mark, comments and trailing commas", async () => {
  await writeFile(file, `\uFEFF// my servers\n${JSON.stringify(config).slice(0, -1)}, /* end */ }`);
  expect((await readConfigFile(file)).mcpServers).toEqual({ api: parsed });
});

describe("variables", () => {
  const withVariable = JSON.stringify(config).replace("t-1", `\${API_TOKEN}`);

  test("are expanded from env, and from an env file beside the config file", async () => {
    await folder.write("nested/mcp.json", withVariable);
    await folder.write("nested/.env", "API_TOKEN=t-1");
    const path = join(folder.path, "nested/mcp.json");
    expect((await readConfigFile(path, { env: { API_TOKEN: "t-1" } })).mcpServers).toEqual({ api: parsed });
    expect((await readConfigFile(path, { env: {}, envFile: ".env" })).mcpServers).toEqual({ api: parsed });
  });

  test("come with the file, its text and its folder, for reading what else it names", async () => {
    await folder.write("nested/mcp.json", withVariable);
    await folder.write("nested/.env", "API_TOKEN=t-1\nOTHER=from-file");
    const path = join(folder.path, "nested/mcp.json");
    const env = { API_TOKEN: undefined, OTHER: "from-environment" };
    const loaded = loadConfigFile(relative(process.cwd(), path), { env, envFile: ".env" });
    expect(loaded).toMatchObject({ file: path, text: withVariable, baseDir: join(folder.path, "nested") });
    // A variable that is there and undefined is not set.
    expect({ ...loaded.env }).toEqual({ API_TOKEN: "t-1", OTHER: "from-environment" });
    expect(loaded.config.mcpServers).toEqual({ api: parsed });
  });

  // anthropics/claude-code#6204: a variable that is not set was sent as it stood.
  test("that are not set are errors naming server, field and variable", async () => {
    await writeFile(file, withVariable);
    const { code, message } = await failure(file, { env: {} });
    expect(code).toBe("config_env_missing");
    expect(message).toContain("mcpServers.api.authToken");
    expect(message).toContain("API_TOKEN");
  });

  test("from a missing env file are an error with its absolute path", async () => {
    await writeFile(file, withVariable);
    const { code, message } = await failure(file, { envFile: "secrets/.env" });
    expect(code).toBe("config_file_unreadable");
    expect(message).toContain(join(folder.path, "secrets/.env"));
  });
});

describe("a file that cannot be read says which, why, and what to do", () => {
  const next = "Pass the path of a readable JSON file with `mcpServers`.";

  test("missing", async () => {
    const error = await failure(relative(process.cwd(), file));
    expect(error.message).toBe(`Cannot read the config file ${file}: it does not exist. ${next}`);
    expect(error.problems).toEqual([{ code: "config_file_unreadable", path: "", message: error.message }]);
    expect(error.cause).toBeInstanceOf(Error);
  });

  test("a folder", async () => {
    await mkdir(file);
    expect((await failure()).message).toBe(`Cannot read the config file ${file}: it is a folder. ${next}`);
  });

  test("below a file", async () => {
    await writeFile(file, "{}");
    expect((await failure(join(file, "x.json"))).message).toContain("a part of the path is not a folder");
  });

  test("a link to itself", async () => {
    await symlink(file, file);
    expect((await failure()).message).toContain("a symbolic link that leads back to itself");
  });

  test.skipIf(process.getuid?.() === 0)("not permitted", async () => {
    await writeFile(file, "{}");
    await chmod(file, 0);
    expect((await failure()).message).toContain(`${file}: permission denied`);
  });

  test("a device without end", async () => {
    expect((await failure("/dev/zero")).message).toContain("it is not a regular file");
  });

  test("larger than 1 MiB", async () => {
    await writeFile(file, `${JSON.stringify(config)}${" ".repeat(1024 * 1024)}`);
    expect((await failure()).message).toContain(`${file}: it is larger than 1024 KiB`);
  });

  test("UTF-16, as some editors save it", async () => {
    await writeFile(file, `\uFEFF${JSON.stringify(config)}`, "utf16le");
    expect((await failure()).message).toContain(`${file}: it is UTF-16 text; save it as UTF-8`);
  });

  test("not text", async () => {
    await writeFile(file, Buffer.from([0x7b, 0xc3, 0x28]));
    expect((await failure()).message).toContain(`${file}: it is not UTF-8 text`);
  });
});

test("broken JSON is an error with file, line and column", async () => {
  await writeFile(file, '{\n  "mcpServers": {\n    "api": oops\n  }\n}');
  const { code, message } = await failure();
  expect(code).toBe("config_invalid");
  expect(message).toContain(file);
  expect(message).toMatch(/\b3\b.*\b12\b/);
});

test("all problems come at once, with paths and without values", async () => {
  const url = "http://127.0.0.1:8000/mcp";
  const broken = { a: { url, authTokn: "s3cr3t", heders: {} }, b: { url, command: "x" }, c: { url: "ftp://s3cr3t@x" } };
  await writeFile(file, JSON.stringify({ mcpServers: broken }));
  const { problems, message } = await failure();
  expect(problems.map(({ path }) => path)).toEqual([
    "mcpServers.a.authTokn",
    "mcpServers.a.heders",
    "mcpServers.b",
    "mcpServers.c.url",
  ]);
  expect(message).toContain("did you mean authToken?");
  expect(message).not.toContain("s3cr3t");
});
