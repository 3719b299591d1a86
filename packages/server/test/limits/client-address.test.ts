/**
 * Whose address a request has, and what of it is counted.
 */
import { describe, expect, it } from "vitest";
import { addressBehindProxies } from "../../src/index.ts";
import { connectionAddress, networkOf } from "../../src/limits/client-address.ts";

const head = (...forwarded: string[]) => ({
  method: "POST",
  target: "/mcp",
  headers: ["Host", "a", ...forwarded.flatMap((value) => ["X-Forwarded-For", value])],
  remoteAddress: "10.0.0.1",
});

describe("the address of a client", () => {
  it("is that of the connection, whatever the client writes", () => {
    expect(connectionAddress(head("192.0.2.7"))).toBe("10.0.0.1");
  });

  it.each([
    [1, ["203.0.113.9"], "203.0.113.9"],
    [1, ["6.6.6.6, 203.0.113.9"], "203.0.113.9"],
    [1, ["6.6.6.6", "203.0.113.9"], "203.0.113.9"],
    [2, ["6.6.6.6, 203.0.113.9, 10.9.9.9"], "203.0.113.9"],
    [2, ["6.6.6.6", "203.0.113.9,10.9.9.9"], "203.0.113.9"],
    [1, ["203.0.113.9:4711"], "203.0.113.9"],
    [1, ["[2001:db8::1]:4711"], "2001:db8::1"],
    [1, ["2001:db8::1"], "2001:db8::1"],
    // Fewer entries than proxies: it did not come through them.
    [2, ["6.6.6.6"], "10.0.0.1"],
    [1, [], "10.0.0.1"],
    [1, ["6.6.6.6,"], "10.0.0.1"],
  ])("behind %d proxies is what the outermost saw: %j", (proxies, forwarded, address) => {
    expect(addressBehindProxies(proxies)(head(...forwarded))).toBe(address);
  });

  it("needs a number of proxies that can be", () => {
    for (const proxies of [0, -1, 1.5, 11, Number.NaN, "1" as never]) {
      expect(() => addressBehindProxies(proxies)).toThrow(expect.objectContaining({ code: "config_invalid" }));
    }
  });
});

describe("what is counted", () => {
  it.each([
    ["192.0.2.7", "192.0.2.7"],
    ["::ffff:192.0.2.7", "192.0.2.7"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"],
    ["2001:0db8:0001:0002::1", "2001:db8:1:2::/64"],
    ["2001:db8::1", "2001:db8:0:0::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
    ["::", "0:0:0:0::/64"],
    ["worker-7", "worker-7"],
    ["not:an:address", "not:an:address"],
    ["]:x", "]:x"],
  ])("of %s is %s", (address, network) => {
    expect(networkOf(address)).toBe(network);
  });

  it("is short, whatever stands in the header", () => {
    expect(networkOf("a".repeat(10_000))).toHaveLength(64);
  });
});
