/** The browser is opened by a program and its arguments: URL-01, URL-02, URL-03, AUT-07. */
import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { isSallyportError, type SallyportError } from "@sallyport/auth-core";
import { type TemporaryFolder, temporaryFolder } from "@sallyport/testkit";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type OpenBrowserOptions, openBrowser, openers, requireOpenable } from "../../src/interaction/browser.ts";
import { isAlive } from "../support/processes.ts";

const url = new URL("https://as.example/authorize?a=1&b=$(touch x)&c=`id`;ls|cat&d='%22\"");

describe("which programs", () => {
  const file = "url.dll,FileProtocolHandler";
  test.each([
    ["darwin", {}, [["/usr/bin/open"]]],
    ["linux", {}, [["xdg-open"]]],
    ["freebsd", {}, [["xdg-open"]]],
    ["linux", { WSL_DISTRO_NAME: "Ubuntu" }, [["wslview"], ["rundll32.exe", file], ["xdg-open"]]],
    ["win32", { SystemRoot: "D:\\Windows" }, [["D:\\Windows\\System32\\rundll32.exe", file]]],
    ["win32", {}, [["C:\\Windows\\System32\\rundll32.exe", file]]],
    ["linux", { BROWSER: "firefox" }, [["firefox"], ["xdg-open"]]],
    ["darwin", { BROWSER: " chrome  --new-window %s " }, [["chrome", "--new-window", "%s"], ["/usr/bin/open"]]],
    ["linux", { BROWSER: "" }, [["xdg-open"]]],
    ["linux", { BROWSER: "none" }, []],
  ] as const)("on %s with %j", (platform, env, expected) => {
    expect(openers(platform, env)).toEqual(expected);
  });
});

describe.skipIf(process.platform === "win32")("with a program on PATH", () => {
  let folder: TemporaryFolder;
  let pids: number[];
  beforeEach(async () => {
    folder = await temporaryFolder();
    pids = [];
  });
  afterEach(async () => {
    for (const pid of pids) if (isAlive(pid)) process.kill(pid);
    await folder.remove();
  });

  const environment = (more: OpenBrowserOptions["env"] = {}): OpenBrowserOptions => ({
    platform: "linux",
    env: { PATH: `${folder.path}:/usr/bin:/bin`, ...more },
  });
  /** A program that writes its arguments to a file, one on a line, and then does what `rest` says. */
  const program = (name: string, rest = ""): Promise<string> =>
    folder.write(name, `#!/bin/sh\nprintf '%s\\n' "$@" > "${folder.path}/${name}.args"\n${rest}\n`, 0o755);
  const argumentsOf = async (name: string): Promise<string[]> =>
    (await readFile(join(folder.path, `${name}.args`), "utf8")).trimEnd().split("\n");

  test("hands over the URL as one argument that no shell reads", async () => {
    await program("xdg-open");
    await openBrowser(url, environment());
    expect(await argumentsOf("xdg-open")).toEqual([url.href]);
  });

  test("takes BROWSER as a program and its arguments", async () => {
    await Promise.all([program("xdg-open", "exit 9"), program("my-browser")]);
    await openBrowser(url, environment({ BROWSER: "my-browser --private $HOME;id" }));
    expect(await argumentsOf("my-browser")).toEqual(["--private", "$HOME;id", url.href]);
    await openBrowser(url, environment({ BROWSER: "my-browser --app=%s --new" }));
    expect(await argumentsOf("my-browser")).toEqual([`--app=${url.href}`, "--new"]);
  });

  test("goes on to the next program when one is missing or fails", async () => {
    await program("xdg-open");
    await openBrowser(url, environment({ BROWSER: "no-such-browser" }));
    expect(await argumentsOf("xdg-open")).toEqual([url.href]);

    await Promise.all([program("wslview", "exit 1"), program("rundll32.exe")]);
    await openBrowser(url, environment({ WSL_INTEROP: "/run/WSL/1" }));
    expect(await argumentsOf("wslview")).toEqual([url.href]);
    expect(await argumentsOf("rundll32.exe")).toEqual(["url.dll,FileProtocolHandler", url.href]);
  });

  test("does not wait for a browser that stays in the foreground, in a process group of its own", async () => {
    const file = join(folder.path, "pid");
    await program("xdg-open", `echo $$ > "${file}.new"; mv "${file}.new" "${file}"; exec sleep 60`);
    await openBrowser(url, { ...environment(), graceMs: 1 });
    await expect.poll(() => readFile(file, "utf8").catch(() => ""), { timeout: 20_000 }).not.toBe("");
    const pid = Number(await readFile(file, "utf8"));
    pids.push(pid);
    expect(Number(execFileSync("ps", ["-o", "pgid=", "-p", String(pid)], { encoding: "utf8" }))).toBe(pid);
  });

  test("says what was tried when nothing opens", async () => {
    await program("xdg-open", "exit 3");
    await folder.write("plain", "no program", 0o644);
    const error = await failure(openBrowser(url, environment({ BROWSER: `${folder.path}/plain` })));
    expect(error.code).toBe("authorization_required");
    expect(error.message).toContain("plain may not be executed; xdg-open ended with exit code 3");
    expect(error.message).not.toContain("as.example");
    expect((await failure(openBrowser(url, environment({ BROWSER: "none" })))).message).toContain("BROWSER is none");
    await folder.write("xdg-open", "#!/bin/sh\nkill -9 $$\n", 0o755);
    expect((await failure(openBrowser(url, environment()))).message).toContain("xdg-open ended with SIGKILL");
    const lost = await failure(openBrowser(url, { platform: "linux", env: { PATH: folder.path, WSL_INTEROP: "1" } }));
    expect(lost.message).toContain("wslview was not found; rundll32.exe was not found");
  });

  test.each([
    "javascript:alert(1)",
    "data:text/html,x",
    "file:///etc/passwd",
    "vbscript:x",
    "ms-settings:privacy",
    "http://as.example/authorize",
    "http://127.0.0.1.as.example/",
    "https://user:secret@as.example/",
    "https://user@as.example/",
  ])("never opens %s", async (text) => {
    await program("xdg-open");
    const error = await failure(openBrowser(new URL(text), environment()));
    expect(error.code).toBe("insecure_url");
    expect(error.message).not.toContain("secret");
    await expect(argumentsOf("xdg-open")).rejects.toThrow("ENOENT");
  });
});

test.each(["https://as.example/a", "http://127.0.0.1:9000/a", "http://[::1]/a", "http://localhost:9000/a"])(
  "%s may be opened",
  (text) => expect(requireOpenable(new URL(text)).href).toBe(text),
);

async function failure(run: Promise<unknown>): Promise<SallyportError> {
  const error: unknown = await run.catch((error: unknown) => error);
  return isSallyportError(error) ? error : expect.unreachable(String(error));
}
