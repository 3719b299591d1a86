/** Where a host is, in every spelling that an attacker has for it: SSR-03, RFC 6890. */
import { BlockList } from "node:net";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type AddressClass, addressClass } from "../../src/http/addresses.ts";

/** As a URL's parser hands it on, which is how it is used. */
const classOf = (host: string) => addressClass(new URL(`https://${host}/`).hostname);

describe("an IPv4 address", () => {
  it.each([
    ["127.0.0.1", "loopback"],
    ["127.255.255.254", "loopback"],
    ["10.0.0.1", "private"],
    ["172.16.0.1", "private"],
    ["172.31.255.255", "private"],
    ["172.32.0.1", "public"],
    ["172.15.255.255", "public"],
    ["192.168.1.1", "private"],
    ["100.64.0.1", "private"],
    ["100.127.255.255", "private"],
    ["100.128.0.1", "public"],
    ["169.254.169.254", "link-local"],
    ["169.254.170.2", "link-local"],
    ["0.0.0.0", "reserved"],
    ["0.1.2.3", "reserved"],
    ["192.0.0.192", "reserved"],
    ["192.0.2.1", "reserved"],
    ["192.88.99.1", "reserved"],
    ["198.18.0.1", "reserved"],
    ["198.19.255.255", "reserved"],
    ["198.51.100.1", "reserved"],
    ["203.0.113.1", "reserved"],
    ["224.0.0.1", "reserved"],
    ["255.255.255.255", "reserved"],
    ["93.184.216.34", "public"],
    ["8.8.8.8", "public"],
  ])("%s is %s", (host, expected) => {
    expect(classOf(host)).toBe(expected);
  });

  it.each([
    ["octal", "0177.0.0.1", "loopback"],
    ["octal", "0251.0376.0251.0376", "link-local"],
    ["hexadecimal", "0xa9.0xfe.0xa9.0xfe", "link-local"],
    ["one hexadecimal number", "0xa9fea9fe", "link-local"],
    ["one decimal number", "2852039166", "link-local"],
    ["one octal number", "025177524776", "link-local"],
    ["short", "127.1", "loopback"],
    ["short", "10.1", "private"],
    ["mixed", "0xa9.254.0251.254", "link-local"],
    ["with a dot at the end", "169.254.169.254.", "link-local"],
    ["in wide digits", "１６９.２５４.１６９.２５４", "link-local"],
    ["in circled digits", "①②⑦.⓪.⓪.①", "loopback"],
    ["with ideographic full stops", "127。0。0。1", "loopback"],
    ["percent-encoded", "%31%36%39.254.169.254", "link-local"],
  ])("in another spelling, %s: %s is %s", (_spelling, host, expected) => {
    expect(classOf(host)).toBe(expected);
  });
});

describe("an IPv6 address", () => {
  it.each([
    ["[::1]", "loopback"],
    ["[0:0:0:0:0:0:0:1]", "loopback"],
    ["[::]", "reserved"],
    ["[fc00::1]", "private"],
    ["[fdff:ffff::1]", "private"],
    ["[fe80::1]", "link-local"],
    ["[febf::1]", "link-local"],
    ["[fec0::1]", "private"],
    ["[ff02::1]", "reserved"],
    ["[2001:db8::1]", "reserved"],
    ["[3fff::1]", "reserved"],
    ["[2001::1]", "reserved"],
    ["[2001:1::1]", "reserved"],
    ["[100::1]", "reserved"],
    ["[5f00::1]", "reserved"],
    ["[2606:2800:220:1:248:1893:25c8:1946]", "public"],
    ["[2001:4860:4860::8888]", "public"],
  ])("%s is %s", (host, expected) => {
    expect(classOf(host)).toBe(expected);
  });

  it.each([
    ["mapped", "[::ffff:169.254.169.254]", "link-local"],
    ["mapped, in hexadecimal", "[::ffff:a9fe:a9fe]", "link-local"],
    ["mapped, at length", "[0:0:0:0:0:ffff:127.0.0.1]", "loopback"],
    ["mapped", "[::ffff:8.8.8.8]", "public"],
    ["compatible", "[::169.254.169.254]", "link-local"],
    ["translated", "[::ffff:0:169.254.169.254]", "reserved"],
    ["of NAT64", "[64:ff9b::169.254.169.254]", "link-local"],
    ["of NAT64", "[64:ff9b::10.0.0.1]", "private"],
    ["of NAT64", "[64:ff9b::8.8.8.8]", "public"],
    ["of 6to4", "[2002:a9fe:a9fe::1]", "link-local"],
    ["of 6to4", "[2002:c0a8:101::1]", "private"],
  ])("that holds an IPv4 address, %s: %s is %s", (_kind, host, expected) => {
    expect(classOf(host)).toBe(expected);
  });

  it("of somebody's own NAT64 leads where nobody here knows (RFC 8215)", () => {
    // Its last four bytes look public; by RFC 6052 §2.2 the address in it is 169.254.169.254.
    expect(classOf("[64:ff9b:1:a9fe:a9:fe00:808:808]")).toBe("reserved");
    expect(classOf("[64:ff9b:1::8.8.8.8]")).toBe("reserved");
  });

  it("that only leads here by way of a gateway is not this machine: http would be read on the way", () => {
    for (const host of ["[64:ff9b::127.0.0.1]", "[2002:7f00:1::1]", "[::127.0.0.1]"]) {
      expect(classOf(host)).toBe("reserved");
    }
    expect(classOf("[::ffff:127.0.0.1]")).toBe("loopback");
  });

  it("with a zone, or none at all, is no public one", () => {
    expect(addressClass("fe80::1%eth0")).toBe("link-local");
    for (const text of [":", ":::", "1:2", "1::2::3", "::g", "::1.2.3.256", "1:2:3:4:5:6:7:8:9", "::12345"]) {
      expect(addressClass(text)).toBe("reserved");
    }
  });
});

describe("the metadata service of a cloud", () => {
  it.each([
    ["Amazon, Azure, Google", "169.254.169.254"],
    ["Amazon's, for containers", "169.254.170.2"],
    ["Amazon, IPv6", "[fd00:ec2::254]"],
    ["Alibaba", "100.100.100.200"],
    ["Azure's wire server", "168.63.129.16"],
  ])("of %s is never asked, whatever else is inside", (_cloud, host) => {
    expect(classOf(host)).toBe("link-local");
  });

  it("of Google by its name", () => {
    expect(classOf("metadata.google.internal")).toBe("link-local");
    expect(classOf("METADATA.Google.Internal.")).toBe("link-local");
  });
});

describe("a name", () => {
  it.each([
    ["localhost", "loopback"],
    ["LOCALHOST", "loopback"],
    ["localhost.", "loopback"],
    ["evil.localhost", "loopback"],
    ["printer.local", "private"],
    ["vault.internal", "private"],
    ["nas.lan", "private"],
    ["wiki.corp", "private"],
    ["router.home.arpa", "private"],
    ["router.home", "private"],
    ["db.localdomain", "private"],
    ["portal.intranet", "private"],
    ["kubernetes", "private"],
    ["kubernetes.", "private"],
    ["example.com", "name"],
    ["localhost.example.com", "name"],
    ["internal.example.com", "name"],
    ["notlocal.example", "name"],
    ["169.254.169.254.nip.io", "name"],
    ["xn--80ak6aa92e.com", "name"],
  ])("%s is %s", (host, expected) => {
    expect(classOf(host)).toBe(expected);
  });

  it("may end in any number of dots", () => {
    expect(addressClass("vault.internal..")).toBe("private");
    expect(addressClass("localhost..")).toBe("loopback");
  });
});

it("of a host longer than any name is read in one pass, and is no public one", () => {
  const endless = `a${".".repeat(900_000)}b`;
  expect(classOf(endless)).toBe("reserved");
  expect(classOf(`${"a".repeat(240)}.example`)).toBe("name");
});

describe("for every address", () => {
  const byte = fc.nat({ max: 255 });
  const v4 = fc.tuple(byte, byte, byte, byte);
  const dotted = (bytes: readonly number[]) => bytes.join(".");
  const number = (bytes: readonly number[]) => bytes.reduce((sum, each) => sum * 256 + each, 0);

  it("every spelling of IPv4 is in the same class", () => {
    fc.assert(
      fc.property(v4, (bytes) => {
        const expected = classOf(dotted(bytes));
        const octal = bytes.map((each) => `0${each.toString(8)}`).join(".");
        const hex = bytes.map((each) => `0x${each.toString(16)}`).join(".");
        for (const spelling of [octal, hex, String(number(bytes)), `0x${number(bytes).toString(16)}`]) {
          expect(classOf(spelling)).toBe(expected);
        }
        expect(classOf(`[::ffff:${dotted(bytes)}]`)).toBe(expected);
      }),
    );
  });

  it("no IPv6 address that leads to an IPv4 one is more public than that", () => {
    fc.assert(
      fc.property(v4, (bytes) => {
        const [a, b, c, d] = bytes.map((each) => each.toString(16).padStart(2, "0"));
        const inside = classOf(dotted(bytes));
        for (const host of [`[64:ff9b::${dotted(bytes)}]`, `[2002:${a}${b}:${c}${d}::1]`, `[::${dotted(bytes)}]`]) {
          const outside = classOf(host);
          if (inside !== "public") expect(outside).not.toBe("public");
          if (inside === "link-local" && bytes[0] !== 0) expect(outside).toBe("link-local");
        }
      }),
    );
  });

  it("IPv6 is read in its short and its long form alike", () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 0xffff }), { minLength: 8, maxLength: 8 }), (groups) => {
        const long = groups.map((group) => group.toString(16).padStart(4, "0")).join(":");
        expect(classOf(`[${long}]`)).toBe(addressClass(long.toUpperCase()));
      }),
    );
  });

  const likeAddresses = fc.string({ unit: fc.constantFrom(..."0123456789abcdefx:.[]%-") });
  it("what is no address never throws", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), likeAddresses), (text) => {
        expect(typeof addressClass(text)).toBe("string");
      }),
    );
  });
});

/** Judged against Node's own reading of addresses and the registries of IANA; the first list that holds one decides. */
describe("the ranges", () => {
  const listOf = (...ranges: readonly string[]): BlockList => {
    const list = new BlockList();
    for (const range of ranges) {
      const [address = "", prefix] = range.split("/");
      list.addSubnet(address, Number(prefix), address.includes(":") ? "ipv6" : "ipv4");
    }
    return list;
  };
  const ipv4: readonly (readonly [AddressClass, BlockList])[] = [
    ["link-local", listOf("169.254.0.0/16", "100.100.100.200/32", "168.63.129.16/32")],
    ["loopback", listOf("127.0.0.0/8")],
    ["private", listOf("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")],
    ["reserved", listOf("0.0.0.0/8", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15")],
    ["reserved", listOf("198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3")],
    ["public", listOf("0.0.0.0/0")],
  ];
  const ipv6: readonly (readonly [AddressClass, BlockList])[] = [
    ["link-local", listOf("fe80::/10", "fd00:ec2::254/128")],
    ["loopback", listOf("::1/128")],
    ["private", listOf("fc00::/7", "fec0::/10")],
    ["reserved", listOf("2001::/23", "2001:db8::/32", "3fff::/20")],
    ["public", listOf("2000::/3")],
    ["reserved", listOf("::/0")],
  ];
  // Half of the addresses are near the edges of what is special: elsewhere chance finds nothing.
  const near = (max: number, ...edges: readonly number[]) => fc.oneof(fc.nat({ max }), fc.constantFrom(...edges));

  it("of IPv4 are those of RFC 6890", () => {
    const bytes = fc.tuple(
      near(255, 0, 9, 10, 11, 100, 126, 127, 128, 168, 169, 172, 192, 198, 203, 223, 224, 255),
      near(255, 0, 15, 16, 17, 18, 19, 20, 31, 32, 51, 63, 64, 88, 100, 127, 128, 168, 253, 254, 255),
      near(255, 0, 1, 2, 3, 98, 99, 100, 113, 129),
      near(255, 0, 1, 16, 200, 255),
    );
    fc.assert(
      fc.property(bytes, (parts) => {
        const address = parts.join(".");
        expect(addressClass(address)).toBe(ipv4.find(([, list]) => list.check(address))?.[0]);
      }),
      { numRuns: 3000 },
    );
  });

  it("of IPv6 are those of RFC 4291 and the registry", () => {
    const group = near(0xffff, 0, 1);
    const groups = fc.tuple(
      near(
        0xffff,
        0x1fff,
        0x2000,
        0x2001,
        0x3fff,
        0x4000,
        0xfbff,
        0xfc00,
        0xfd00,
        0xfe7f,
        0xfe80,
        0xfebf,
        0xfec0,
        0xff00,
      ),
      near(0xffff, 0, 0x1ff, 0x200, 0xdb7, 0xdb8, 0xdb9, 0xec2, 0xfff, 0x1000),
      ...[group, group, group, group, group],
      near(0xffff, 0, 1, 0x254),
    );
    const leadsToIpv4 = listOf("::/96", "::ffff:0:0/96", "64:ff9b::/96", "2002::/16");
    fc.assert(
      fc.property(groups, (parts) => {
        const address = parts.map((part) => part.toString(16)).join(":");
        fc.pre(!leadsToIpv4.check(address, "ipv6"));
        expect(addressClass(address)).toBe(ipv6.find(([, list]) => list.check(address, "ipv6"))?.[0]);
      }),
      { numRuns: 3000 },
    );
  });
});
