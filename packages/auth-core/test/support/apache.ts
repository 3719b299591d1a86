/**
 * An Apache httpd for the time of a test file: on 127.0.0.1 and a free port, with a configuration, users and a folder of
 * its own, as a reverse proxy that authenticates. `npm test` installs it where it may.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, existsSync } from "node:fs";
import { createServer } from "node:net";
import { temporaryFolder } from "@sallyport/testkit";

const program = process.env["SALLYPORT_APACHE"];
const modules = "/usr/lib/apache2/modules";

/** Whether there is an Apache to test against. */
export const hasApache: boolean = program !== undefined && existsSync(modules);

/** A user of the test server. */
export interface ApacheUser {
  readonly name: string;
  readonly password: string;
}

/** One place of the server; what is authenticated is forwarded to the backend. */
export interface ApachePlace {
  readonly path: string;
  readonly type: "Basic" | "Digest";
  readonly realm: string;
  /** Answers itself, with a page at `page`. */
  readonly local?: boolean;
  /** More directives, such as `AuthDigestNonceLifetime 1`. */
  readonly directives?: readonly string[];
}

export interface Apache {
  readonly url: string;
  close(): Promise<void>;
}

/** Start an Apache that lets `users` through to `backend`, which gets the path without that of the place. */
export async function startApache(
  backend: string,
  places: readonly ApachePlace[],
  users: readonly ApacheUser[],
): Promise<Apache> {
  const folder = await temporaryFolder();
  // Started by root, Apache serves as another user.
  chmodSync(folder.path, 0o755);
  const digests = users.flatMap(({ name, password }) =>
    places.map(({ realm }) => `${name}:${realm}:${hash("md5", `${name}:${realm}:${password}`, "hex")}`),
  );
  await folder.write("digest", `${[...new Set(digests)].join("\n")}\n`);
  await folder.write(
    "basic",
    users.map(({ name, password }) => `${name}:{SHA}${hash("sha1", password, "base64")}\n`).join(""),
  );

  for (const { path, local } of places) if (local) await folder.write(`pages${path}/page`, "a page");

  // Apache takes no port 0: another process may take the one that was free a moment ago.
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    const file = await folder.write("httpd.conf", configuration(folder.path, port, backend, places));
    const child = spawn(program ?? "", ["-f", file, "-D", "FOREGROUND"], { stdio: ["ignore", "ignore", "pipe"] });
    let output = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
    const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
    const kill = (): void => void child.kill("SIGKILL");
    process.once("exit", kill);
    if (await answers(child, port)) {
      return {
        url: `http://127.0.0.1:${port}`,
        async close() {
          child.kill("SIGTERM");
          await ended;
          process.off("exit", kill);
          await folder.remove();
        },
      };
    }
    process.off("exit", kill);
    if (attempt < 5) continue;
    await folder.remove();
    throw new Error(`Apache did not start. ${output}`);
  }
}

const names = [
  "mpm_event",
  "authn_core",
  "authn_file",
  "authz_core",
  "authz_user",
  "auth_basic",
  "auth_digest",
  "proxy",
  "proxy_http",
];

function configuration(folder: string, port: number, backend: string, places: readonly ApachePlace[]): string {
  const quoted = (text: string): string => `"${text.replaceAll(/["\\]/g, "\\$&")}"`;
  return [
    `ServerRoot ${folder}`,
    `DefaultRuntimeDir ${folder}`,
    `PidFile ${folder}/pid`,
    `ErrorLog ${folder}/error.log`,
    `DocumentRoot ${folder}/pages`,
    "ServerName 127.0.0.1",
    `Listen 127.0.0.1:${port}`,
    ...names.map((name) => `LoadModule ${name}_module ${modules}/mod_${name}.so`),
    "User www-data",
    "Group www-data",
    "StartServers 1",
    "ThreadsPerChild 8",
    "MaxRequestWorkers 16",
    "AllowEncodedSlashes NoDecode",
    ...places.flatMap(({ path, type, realm, local, directives = [] }) => [
      `<Location ${path}>`,
      ...(local ? [] : [`ProxyPass ${backend} nocanon`]),
      `AuthType ${type}`,
      `AuthName ${quoted(realm)}`,
      `Auth${type}Provider file`,
      `AuthUserFile ${folder}/${type.toLowerCase()}`,
      "Require valid-user",
      ...directives,
      "</Location>",
    ]),
    "",
  ].join("\n");
}

function hash(algorithm: string, text: string, encoding: "hex" | "base64"): string {
  return createHash(algorithm).update(text).digest(encoding);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

/** Wait for its first answer; `false` when the program ends before. */
function answers(child: ChildProcess, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    child.once("close", () => resolve(false)).once("error", () => resolve(false));
    const attempt = async (): Promise<void> => {
      try {
        await fetch(`http://127.0.0.1:${port}/`);
        resolve(true);
      } catch {
        if (child.exitCode === null) setTimeout(attempt, 20);
      }
    };
    void attempt();
  });
}
