/** Which URLs of strangers are used: SSR-02, URL-01, URL-02, URL-04. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isSallyportError } from "../../src/errors.ts";
import { checkUrl } from "../../src/http/secure-url.ts";
import { failureOf } from "../support/failure.ts";

const check = (url: string | URL, allowInsecure = false) => checkUrl(url, "The URL", { allowInsecure });

describe("checkUrl", () => {
  it.each([
    "https://as.example",
    "HTTPS://AS.example:8443/authorize?a=b&c=%20d#e",
    "https://as.example/a;b=c/(d)/~e/@f/$g*h+i,j!",
    "https://xn--80ak6aa92e.example/",
    "https://10.0.0.1/",
    "http://localhost:8080/authorize",
    "http://app.localhost/",
    "http://127.0.0.1/",
    "http://127.255.0.1:1/",
    "http://[::1]:8080/",
    "http://[::ffff:127.0.0.1]/",
  ])("takes %s", (url) => {
    expect(check(url).href).toBe(new URL(url).href);
    expect(check(new URL(url)).href).toBe(new URL(url).href);
  });

  it.each([
    ["javascript:alert(1)", "another scheme"],
    ["javascript://as.example/%0aalert(1)", "another scheme"],
    ["JavaScript:alert(1)", "another scheme"],
    ["data:text/html,<script>alert(1)</script>", "another scheme"],
    ["vbscript:msgbox(1)", "another scheme"],
    ["file:///etc/passwd", "another scheme"],
    ["blob:https://as.example/1", "another scheme"],
    ["ms-msdt:/id", "another scheme"],
    ["ws://127.0.0.1/", "another scheme"],
    ["ftp://as.example/", "another scheme"],
    ["//as.example/", "is no URL"],
    ["/authorize", "is no URL"],
    ["https://", "is no URL"],
    ["https:// as.example/", "is no URL"],
    ["", "is no URL"],
    ["http://as.example/", "plain http"],
    ["http://localhost.example/", "plain http"],
    ["http://127.0.0.1.example/", "plain http"],
    ["http://10.0.0.1/", "plain http"],
    ["http://0.0.0.0/", "plain http"],
    ["http://[::]/", "plain http"],
    ["https://user:password@as.example/", "user name"],
    ["https://user@as.example/", "user name"],
    ["https://as.example:443@evil.example/", "user name"],
    ["https://as.example/ --flag", "characters"],
    ["https://as.example/\nx", "characters"],
    ["https://as.example/\u0000", "characters"],
    [" https://as.example/", "characters"],
    ["https:\\\\as.example\\x", "characters"],
    ["https://as.example/`id`", "characters"],
    ["https://as.example/|id", "characters"],
    ["https://as.example/'x'", "characters"],
    ['https://as.example/"x"', "characters"],
    ["https://as.example/<x>", "characters"],
    ["https://as.example/^x", "characters"],
    ["https://as.example/{x}", "characters"],
    ["https://аs.example/", "characters"],
    ["https://as.example/\u202egnp.exe", "characters"],
    [`https://as.example/${"a".repeat(8000)}`, "longer than"],
  ])("refuses %j: %s", async (url, reason) => {
    const failure = await failureOf(() => check(url));
    expect(failure.code).toBe("insecure_url");
    expect(failure.message).toMatch(/^The URL ".* It is not used\.$/);
    expect(failure.message).toContain(reason);
  });

  it("takes plain http anywhere on demand, and nothing else more", () => {
    expect(check("http://as.example/", true).href).toBe("http://as.example/");
    for (const url of [
      "ftp://as.example/",
      "javascript:alert(1)",
      "http://u:p@as.example/",
      "http://as.example/`id`",
    ]) {
      expect(() => check(url, true)).toThrow();
    }
  });

  it.each([
    "https://as.example/x?key=s3cr3t&y= z",
    "https://user:s3cr3t@as.example/",
    "https://user:s3cr3t@as exa mple/",
    `https://user:${"s3cr3t".repeat(20)}@as exa mple/`,
    "http://user:s3cr3t@[/x@y",
    "http://as.example/x#s3cr3t",
  ])("shows nothing secret of %s", async (url) => {
    expect((await failureOf(() => check(url))).message).not.toContain("s3cr3t");
  });

  it.each([`x:${"/".repeat(900_000)}`, `//${"@".repeat(900_000)}`, `https://a${".".repeat(900_000)}b/`])(
    "judges what has no end in one pass, and quotes little of it",
    async (url) => {
      expect((await failureOf(() => check(url))).message.length).toBeLessThan(400);
    },
  );

  it("takes only https, or http on this machine, whatever it is given, and fails with nothing but its own error", () => {
    const like = fc.string({
      unit: fc.constantFrom(
        "https:",
        "http:",
        "//",
        "/",
        "a.b",
        "127.1",
        "localhost",
        "@",
        ":1",
        "?",
        "#",
        "[::1]",
        " ",
        "\\",
        "%2f",
      ),
    });
    fc.assert(
      fc.property(fc.oneof(fc.webUrl(), like, fc.string()), (text) => {
        try {
          const url = check(text);
          expect(url.protocol === "https:" || /^(?:127\..*|(?:.*\.)?localhost\.*|\[::1\])$/.test(url.hostname)).toBe(
            true,
          );
          expect(url.username + url.password).toBe("");
          expect(text).not.toMatch(/[\p{Cc}\s\\]/u);
        } catch (error) {
          if (!isSallyportError(error)) throw error;
          expect(error.code).toBe("insecure_url");
        }
      }),
      { numRuns: 500 },
    );
  });
});
