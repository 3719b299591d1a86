/** Which proxy a URL goes through: the entry's own, else what the environment says, read as curl reads it. */
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { proxyRoute } from "../../src/network/proxy-route.ts";

const through = (url: string, env: Record<string, string>): string | undefined =>
  proxyRoute(new URL(url), undefined, env)?.url;
const target = "https://api.example.com/mcp";

describe("variables", () => {
  test.each([
    [target, { HTTPS_PROXY: "http://p:1" }, "http://p:1"],
    [target, { https_proxy: "http://p:1" }, "http://p:1"],
    [target, { https_proxy: "http://lower:1", HTTPS_PROXY: "http://upper:1" }, "http://lower:1"],
    [target, { https_proxy: "", HTTPS_PROXY: "http://upper:1" }, undefined],
    [target, { HTTPS_PROXY: "p:3128" }, "http://p:3128"],
    [target, { HTTPS_PROXY: "p" }, "http://p"],
    [target, { HTTPS_PROXY: "https://p" }, "https://p"],
    [target, { HTTP_PROXY: "http://p:1" }, undefined],
    ["http://api.example.com/", { HTTP_PROXY: "http://p:1", HTTPS_PROXY: "http://q:1" }, "http://p:1"],
    ["http://api.example.com/", { HTTPS_PROXY: "http://q:1" }, undefined],
    [target, {}, undefined],
  ])("%s with %j goes through %s", (url, env, proxy) => {
    expect(through(url, env as Record<string, string>)).toBe(proxy);
  });

  test("in a CGI program HTTP_PROXY is somebody's request header (CVE-2016-5385)", () => {
    const env = { HTTP_PROXY: "http://evil:1", REQUEST_METHOD: "GET" };
    expect(through("http://api.example.com/", env)).toBeUndefined();
    expect(through("http://api.example.com/", { ...env, http_proxy: "http://p:1" })).toBe("http://p:1");
  });

  test.each(["localhost", "a.localhost", "127.0.0.1", "127.9.9.9", "[::1]", "LOCALHOST."])(
    "never apply to %s",
    (host) => {
      expect(through(`https://${host}:8000/mcp`, { HTTPS_PROXY: "http://p:1" })).toBeUndefined();
    },
  );

  test("user name and password are taken out of the address, and not shown", () => {
    const route = proxyRoute(new URL(target), undefined, { HTTPS_PROXY: "http://us%40er:hunt%3Aer2%@p:1" });
    expect(route).toMatchObject({ url: "http://p:1", username: "us@er", from: "HTTPS_PROXY" });
    expect(inspect(route, { depth: null, showHidden: true }) + JSON.stringify(route)).not.toContain("hunt");
    const { password } = route ?? {};
    expect(typeof password === "function" && password()).toBe("hunt%3Aer2%");
  });

  test.each(["socks5://p:1", "http://", "http://a b", "ftp://p"])("%s is refused without showing it", (value) => {
    expect(() => through(target, { HTTPS_PROXY: value })).toThrow(
      expect.objectContaining({ code: "config_invalid", message: expect.not.stringContaining(value) }),
    );
  });
});

describe("NO_PROXY", () => {
  const hosts: readonly (readonly [list: string, url: string, exempt: boolean])[] = [
    ["*", target, true],
    ["api.example.com", target, true],
    ["API.Example.COM", target, true],
    ["example.com", target, true],
    [".example.com", target, true],
    ["*.example.com", target, true],
    [".example.com", "https://example.com/", true],
    ["example.com", "https://badexample.com/", false],
    ["example.com", "https://example.com.evil.net/", false],
    ["example.com.", target, true],
    ["other.net, example.com", target, true],
    ["other.net example.com", target, true],
    ["other.net", target, false],
    ["", target, false],
    [",,", target, false],
    [".", target, false],
    ["example.com:443", target, true],
    ["example.com:8443", target, false],
    ["example.com:8443", "https://example.com:8443/", true],
    ["10.1.2.3", "https://10.1.2.3/", true],
    ["0.1.2.3", "https://10.1.2.3/", false],
    ["2.3", "https://10.1.2.3/", false],
    ["10.0.0.0/8", "https://10.1.2.3/", true],
    ["10.0.0.0/16", "https://10.1.2.3/", false],
    ["10.0.0.0/99", "https://10.1.2.3/", false],
    ["10.0.0.0/", "https://10.1.2.3/", false],
    ["10.0.0.0/8", "https://ten.example.com/", false],
    ["fd00::/8", "https://[fd12::1]/", true],
    ["fd12:0::1", "https://[fd12::1]/", true],
    ["[fd12::1]", "https://[fd12::1]/", true],
    ["[fd12::1]:443", "https://[fd12::1]/", true],
    ["[fd12::1]:8443", "https://[fd12::1]/", false],
    ["fd12::2", "https://[fd12::1]/", false],
  ];
  test.each(hosts)("%j exempts %s: %s", (list, url, exempt) => {
    for (const name of ["NO_PROXY", "no_proxy"]) {
      expect(through(url, { HTTPS_PROXY: "http://p:1", [name]: list })).toBe(exempt ? undefined : "http://p:1");
    }
  });

  test("takes linear time however it is written", () => {
    const list = `${"a".repeat(200_000)}:`.repeat(5);
    expect(through(target, { HTTPS_PROXY: "http://p:1", NO_PROXY: list })).toBe("http://p:1");
  });
});

describe("the entry's own setting", () => {
  const env = { HTTPS_PROXY: "http://env:1", NO_PROXY: "*" };
  test("wins over every variable, and reaches the machine itself", () => {
    const setting = { url: "http://own:1", username: "u", password: { env: "P" } };
    for (const url of [target, "https://127.0.0.1/"]) {
      expect(proxyRoute(new URL(url), setting, env)).toEqual({ ...setting, from: "`proxy`" });
    }
    expect(proxyRoute(new URL(target), false, { HTTPS_PROXY: "http://env:1" })).toBeUndefined();
  });
});
