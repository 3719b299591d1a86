/**
 * A Redis and a PostgreSQL for the time of a test file: on 127.0.0.1 and a free port, with a folder of their own. `npm test`
 * installs them where it may.
 */
import { execFile, spawn } from "node:child_process";
import { chown } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { temporaryFolder } from "@sallyport/testkit";

const redis = process.env["SALLYPORT_REDIS"];
const postgres = process.env["SALLYPORT_POSTGRES"];

/** Whether there is one to test against. */
export const hasRedis: boolean = redis !== undefined;
export const hasPostgres: boolean = postgres !== undefined;

export interface Database {
  readonly url: string;
  /** Safe to call twice. */
  close(): Promise<void>;
}

export async function startRedis(): Promise<Database> {
  const folder = await temporaryFolder();
  const options = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder.path];
  return start("redis", (port) => [redis ?? "", [...options, "--port", String(port)]], {}, folder.remove);
}

export async function startPostgres(): Promise<Database> {
  const folder = await temporaryFolder();
  const user = await postgresUser();
  if (user.uid !== undefined && user.gid !== undefined) await chown(folder.path, user.uid, user.gid);
  const data = join(folder.path, "data");
  const init = ["-D", data, "-A", "trust", "-U", "postgres", "--no-sync", "--no-locale", "-E", "UTF8"];
  await promisify(execFile)(join(postgres ?? "", "initdb"), init, user);
  const settings = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off"].flatMap((each) => [
    "-c",
    each,
  ]);
  const command = (port: number): [string, string[]] => [
    join(postgres ?? "", "postgres"),
    ["-D", data, "-p", String(port), ...settings],
  ];
  const { url, close } = await start("postgres", command, user, folder.remove);
  return { url: url.replace("//", "//postgres@").concat("/postgres"), close };
}

interface User {
  readonly uid?: number;
  readonly gid?: number;
}

// PostgreSQL refuses to run as root.
async function postgresUser(): Promise<User> {
  if (process.getuid?.() !== 0) return {};
  const id = async (flag: string): Promise<number> =>
    Number((await promisify(execFile)("id", [flag, "postgres"])).stdout);
  return { uid: await id("-u"), gid: await id("-g") };
}

async function start(
  scheme: string,
  command: (port: number) => [program: string, args: string[]],
  user: User,
  remove: () => Promise<void>,
): Promise<Database> {
  // Neither takes port 0: another process may take the one that was free a moment ago.
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    const child = spawn(...command(port), { stdio: ["ignore", "pipe", "pipe"], cwd: "/", ...user });
    const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
    const kill = (): void => void child.kill("SIGKILL");
    process.once("exit", kill);
    let output = "";
    const ready = new Promise<boolean>((resolve) => {
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding("utf8").on("data", (text: string) => {
          output += text;
          if (/ready to accept connections/i.test(output)) resolve(true);
        });
      }
      ended.then(() => resolve(false));
    });
    if (await ready) {
      return {
        url: `${scheme}://127.0.0.1:${port}`,
        async close() {
          child.kill("SIGKILL");
          await ended;
          process.off("exit", kill);
          await remove();
        },
      };
    }
    process.off("exit", kill);
    if (attempt < 5) continue;
    await remove();
    throw new Error(`${scheme} did not start. ${output}`);
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
