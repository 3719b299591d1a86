import type { AuthEvent } from "@sallyport/auth-core";
import { describe, expect, it } from "vitest";
import { appendEntry, describeEvent, type LogEntry } from "../../src/browser/log.ts";

describe("appendEntry", () => {
  it("keeps the newest hundred, numbered on", () => {
    let log: readonly LogEntry[] = [];
    for (let count = 1; count <= 130; count++) log = appendEntry(log, { level: "info", message: `entry ${count}` });
    expect(log).toHaveLength(100);
    expect(log[0]).toMatchObject({ id: 31, message: "entry 31" });
    expect(log.at(-1)).toMatchObject({ id: 130, message: "entry 130", time: expect.any(Number) });
  });

  it("leaves the log it was given as it is", () => {
    const before = appendEntry([], { level: "info", message: "first" });
    appendEntry(before, { level: "info", message: "second" });
    expect(before).toHaveLength(1);
    expect(Object.isFrozen(before)).toBe(true);
  });
});

describe("describeEvent", () => {
  const url = "https://api.example.com/mcp";
  const events: [event: AuthEvent, level: string, message: string][] = [
    [
      { type: "request", attempt: 1, method: "POST", url, credentials: { authorization: "Bearer ••••" } },
      "info",
      `POST ${url} with authorization: Bearer ••••`,
    ],
    [{ type: "request", attempt: 1, method: "POST", url, credentials: {} }, "info", `POST ${url} without a credential`],
    [{ type: "response", attempt: 1, status: 200, url, milliseconds: 12.4 }, "info", `200 from ${url} in 12 ms`],
    [{ type: "response", attempt: 1, status: 403, url, milliseconds: 3 }, "warn", `403 from ${url} in 3 ms`],
    [
      { type: "redirect", status: 307, from: url, to: "https://evil.example", followed: false },
      "warn",
      `Redirect from ${url} to https://evil.example refused: it leaves the server the credentials belong to`,
    ],
    [
      { type: "redirect", status: 307, from: url, to: `${url}/`, followed: true },
      "warn",
      `Redirect from ${url} to ${url}/ followed`,
    ],
    [{ type: "discovery", url, result: "used", status: 200 }, "info", `Metadata at ${url} used`],
    [{ type: "discovery", url, result: "refused", reason: "private" }, "warn", `Metadata at ${url} refused: private`],
    [{ type: "registration", issuer: url, clientId: "c-1" }, "info", `Registered at ${url} as c-1`],
    [
      { type: "authorization", step: "asked", issuer: url, url: `${url}/authorize` },
      "info",
      `Asked somebody to sign in at ${url}/authorize`,
    ],
    [{ type: "authorization", step: "answered", issuer: url }, "info", `Somebody has answered at ${url}`],
    [
      { type: "token", grant: "refresh_token", issuer: url, scope: "read", refreshable: true },
      "info",
      `Token from ${url} by refresh_token, scope read`,
    ],
    [{ type: "signed_out", issuer: url, revoked: true }, "info", `Signed out at ${url}, tokens revoked`],
    [{ type: "oauth_failed", code: "discovery_failed", message: "No metadata." }, "error", "No metadata."],
  ];
  it.each(events)("%j", (event, level, message) => {
    expect(describeEvent(event)).toEqual({ level, message, event });
  });
});
