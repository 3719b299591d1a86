/**
 * What kind of place a host name is, as far as it shows: SSR-03, RFC 6890. Takes the `hostname` of a parsed URL, which
 * writes IPv4 in one form however it was spelled (octal, hexadecimal, one number).
 */

/**
 * Where a host is. `name`: a name that tells nothing; its addresses have to be looked up. `link-local` are also the
 * metadata services of clouds, which hand a machine's own credentials to whoever asks from it.
 */
export type AddressClass = "public" | "loopback" | "private" | "link-local" | "reserved" | "name";

/** The class of a host. */
export function addressClass(hostname: string): AddressClass {
  // No name is longer (RFC 1035 §3.1), and a stranger's may be as long as a document.
  if (hostname.length > 255) return "reserved";
  const host = hostname
    .toLowerCase()
    .replace(/\.+$/, "")
    .replace(/^\[|\]$/g, "");
  if (metadataServices.has(host)) return "link-local";
  const v4 = readIpv4(host);
  if (v4 !== undefined) return classOfIpv4(v4);
  if (host.includes(":")) return classOfIpv6(host);
  return classOfName(host);
}

/** Whether a host is a name, whose addresses can be looked up, and not an address itself. */
export function isName(hostname: string): boolean {
  return readIpv4(hostname) === undefined && !hostname.includes(":");
}

// Those that are not where a class would show it: Alibaba, Amazon, Azure, Google.
const metadataServices: ReadonlySet<string> = new Set([
  "100.100.100.200",
  "168.63.129.16",
  "fd00:ec2::254",
  "metadata.google.internal",
]);

function classOfName(name: string): AddressClass {
  if (name === "localhost" || name.endsWith(".localhost")) return "loopback";
  // Names that only resolve inside somebody's network (RFC 6762, RFC 8375 and custom).
  const inside = /(?:^|\.)(?:local|internal|intranet|lan|corp|home|home\.arpa|localdomain)$/;
  return inside.test(name) || !name.includes(".") ? "private" : "name";
}

function readIpv4(text: string): readonly number[] | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  const bytes = match?.slice(1).map(Number);
  return bytes?.every((byte) => byte < 256) ? bytes : undefined;
}

function classOfIpv4([a = 0, b = 0, c = 0]: readonly number[]): AddressClass {
  if (a === 127) return "loopback";
  if (a === 10 || (a === 172 && b >= 16 && b < 32) || (a === 192 && b === 168)) return "private";
  // Shared address space of providers, RFC 6598.
  if (a === 100 && b >= 64 && b < 128) return "private";
  if (a === 169 && b === 254) return "link-local";
  const documentation =
    (a === 192 && b === 0 && c === 2) || (a === 198 && b === 51 && c === 100) || (a === 203 && b === 0 && c === 113);
  const special =
    a === 0 ||
    a >= 224 ||
    (a === 192 && b === 0 && c === 0) ||
    (a === 192 && b === 88 && c === 99) ||
    (a === 198 && (b === 18 || b === 19));
  return special || documentation ? "reserved" : "public";
}

function classOfIpv6(text: string): AddressClass {
  const groups = readIpv6(text);
  if (groups === undefined) return "reserved";
  const inside = embeddedIpv4(groups);
  if (inside !== undefined) {
    const kind = classOfIpv4(inside);
    // Only the mapped form is this machine; the others go out to a gateway.
    return kind === "loopback" && groups[5] !== 0xffff ? "reserved" : kind;
  }
  const [first = 0, second = 0] = groups;
  if (groups.every((group, index) => group === (index === 7 ? 1 : 0))) return "loopback";
  if ((first & 0xfe00) === 0xfc00 || (first & 0xffc0) === 0xfec0) return "private";
  if ((first & 0xffc0) === 0xfe80) return "link-local";
  // Global unicast, RFC 4291 §2.4; of it 2001::/23 is for protocols (Teredo leads to an IPv4 address), and the other two
  // are for documentation (RFC 3849, RFC 9637).
  const special = first === 0x2001 ? second < 0x200 || second === 0xdb8 : first === 0x3fff && second < 0x1000;
  return (first & 0xe000) === 0x2000 && !special ? "public" : "reserved";
}

/** The IPv4 address that an IPv6 one leads to: mapped, compatible, NAT64 (RFC 6052), 6to4 (RFC 3056). */
function embeddedIpv4(groups: readonly number[]): readonly number[] | undefined {
  const at = (index: number): readonly number[] => {
    const [high = 0, low = 0] = groups.slice(index, index + 2);
    return [high >> 8, high & 0xff, low >> 8, low & 0xff];
  };
  const begins = (...start: number[]): boolean => start.every((group, index) => groups[index] === group);
  if (begins(0x64, 0xff9b, 0, 0, 0, 0)) return at(6);
  if (begins(0x2002)) return at(1);
  if (!begins(0, 0, 0, 0, 0)) return undefined;
  const [, , , , , sixth = 0, seventh = 0, eighth = 0] = groups;
  if (sixth === 0xffff) return at(6);
  // `::` and `::1` are no IPv4 addresses.
  return sixth === 0 && (seventh !== 0 || eighth > 1) ? at(6) : undefined;
}

function readIpv6(text: string): number[] | undefined {
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  const v4 = dotted?.[2] === undefined ? undefined : readIpv4(dotted[2]);
  const [a = 0, b = 0, c = 0, d = 0] = v4 ?? [];
  const plain = v4 === undefined ? text : `${dotted?.[1]}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  const [head = "", tail, ...more] = plain.replace(/%.*$/, "").split("::");
  if (more.length > 0) return undefined;
  const read = (part: string): number[] =>
    part === ""
      ? []
      : part.split(":").map((group) => (/^[0-9a-f]{1,4}$/.test(group) ? Number.parseInt(group, 16) : Number.NaN));
  const [front, back] = [read(head), tail === undefined ? [] : read(tail)];
  const missing = 8 - front.length - back.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = [...front, ...new Array<number>(missing).fill(0), ...back];
  return groups.some(Number.isNaN) ? undefined : groups;
}
