/** `tls` and `proxy` of a server: their forms, and what is refused. */
import { parseConfigText, parseServerConfig, type TlsConfig } from "@sallyport/auth-core";
import { describe, expect, test } from "vitest";
import { http, inSnakeCase, problemAt, problems, stdio, url, variable } from "./helpers.ts";

const pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
const parse = (entry: object) => () => parseServerConfig({ url, ...entry });

describe("tls", () => {
  test("text is a path unless it is PEM; sources and functions stay what they are", () => {
    const key = () => "…";
    const tls = { cert: "certs/client.pem", key, ca: pem, passphrase: { env: "PASS" }, servername: "mcp.internal" };
    expect(http({ tls }).tls).toEqual({ ...tls, cert: { file: "certs/client.pem" } } satisfies TlsConfig);
    expect(http({ tls: { ca: `Bag Attributes\n${pem}` } }).tls).toEqual({ ca: `Bag Attributes\n${pem}` });
    expect(http({ tls: { ca: { file: "ca.pem" } } }).tls).toEqual({ ca: { file: "ca.pem" } });
    expect(http({})).not.toHaveProperty("tls");
  });

  test("a passphrase as text is the passphrase itself, not a path", () => {
    expect(http({ tls: { cert: "c", key: "k", passphrase: "p" } }).tls?.passphrase).toBe("p");
  });

  test("variables are filled in before a path is told from PEM", () => {
    const text = JSON.stringify({ mcpServers: { a: { url, tls: { ca: variable("CA") } } } });
    const ca = (value: string) => {
      const server = parseConfigText(text, { expand: true, env: { CA: value } }).mcpServers["a"];
      return server?.kind === "http" ? server.tls?.ca : undefined;
    };
    expect(ca("ca.pem")).toEqual({ file: "ca.pem" });
    expect(ca(pem)).toBe(pem);
  });

  test.each([
    [{ cert: "c" }, "tls.key"],
    [{ key: "k" }, "tls.cert"],
    [{ ca: "a", passphrase: "p" }, "tls.key"],
    [{}, "tls"],
    [{ ca: "" }, "tls.ca"],
    [{ ca: ["a"] }, "tls.ca"],
    [{ ca: "a\0" }, "tls.ca"],
    [{ ca: "a", servername: "127.0.0.1" }, "tls.servername"],
    [{ ca: "a", servername: "https://a" }, "tls.servername"],
    [{ ca: "a", cert_: "b" }, "tls.cert_"],
  ])("refuses %j", (tls, path) => {
    expect(problems(parse({ tls }))).toEqual([`config_invalid ${path}`]);
  });

  test("is for https, and for servers with a url", () => {
    const plain = () => parseServerConfig({ url: "HTTP://api.example.com/mcp", tls: { ca: "a" } });
    expect(problemAt("tls", plain).message).toBe("is for https; the url begins with http://");
    expect(problemAt("tls", () => stdio({ tls: { ca: "a" } })).message).toMatch("it belongs to a server with url");
    expect(problemAt("proxy", () => stdio({ proxy: "http://p" })).message).toMatch("set HTTPS_PROXY in env");
  });

  test.each(["rejectUnauthorized", "reject_unauthorized", "insecure", "insecureSkipVerify"])(
    "no key turns the check of certificates off: %s",
    (key) => {
      expect(problemAt(`tls.${key}`, parse({ tls: { ca: "a", [key]: false } })).message).toMatch(
        /always checked.* ca$/,
      );
    },
  );

  test.each([
    [{ serverName: "a" }, "tls.serverName", "did you mean servername?"],
    [{ keyFile: "a" }, "tls.keyFile", "did you mean key?"],
    [{ pasphrase: "a" }, "tls.pasphrase", "did you mean passphrase?"],
  ])("names the key that was meant: %j", (tls, path, message) => {
    expect(problemAt(path, parse({ tls: { ca: "a", ...tls } })).message).toMatch(message);
  });

  test("keys that stand beside tls are shown their place", () => {
    expect(problemAt("cert", parse({ cert: "c" })).message).toMatch('write "tls": { "cert": …');
    expect(problemAt("rejectUnauthorized", parse({ rejectUnauthorized: false })).message).toMatch("always checked");
  });
});

describe("proxy", () => {
  test("is a URL, a URL with credentials, or none", () => {
    expect(http({ proxy: "http://proxy:3128" }).proxy).toEqual({ url: "http://proxy:3128" });
    const proxy = { url: "https://proxy.example.com/", username: "u", password: { file: "p" } };
    expect(http({ proxy }).proxy).toEqual(proxy);
    expect(http({ proxy: false }).proxy).toBe(false);
    expect(http({})).not.toHaveProperty("proxy");
    expect(http(inSnakeCase({ proxy }) as object).proxy).toEqual(proxy);
  });

  test.each([
    ["proxy:3128", "must begin with http:// or https://"],
    ["socks5://proxy", "SOCKS"],
    ["http://u:hunter2@proxy", "has a user name or password in it"],
    ["http://proxy/path", "a host and a port"],
    ["http://[::1", "is not a valid URL"],
    [true, "must be the URL of a proxy"],
  ])("refuses %j and does not show it", (proxy, message) => {
    const problem = problemAt("proxy", parse({ proxy }));
    expect(problem.message).toMatch(message);
    expect(problem.message).not.toContain("hunter2");
  });

  test("a password needs a user name", () => {
    expect(problems(parse({ proxy: { url: "http://p", password: "x" } }))).toEqual(["config_invalid proxy.username"]);
    expect(problems(parse({ proxy: { url: "http://p", username: "a:b" } }))).toEqual(["config_invalid proxy.username"]);
  });
});
