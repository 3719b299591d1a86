/**
 * Password hashes: scrypt (RFC 7914), written with their parameters in the PHC string format,
 * `$scrypt$ln=15,r=8,p=3$<salt>$<hash>`, so that old ones stay good when the parameters change.
 */
import { SallyportError } from "@sallyport/auth-core";

/** A stored hash, taken apart. */
export interface PasswordHash {
  /** Binary logarithm of N. */
  readonly ln: number;
  readonly r: number;
  readonly p: number;
  readonly salt: Uint8Array;
  readonly hash: Uint8Array;
}

// OWASP's second choice for 2024, of equal strength to N = 2^17, p = 1, with 32 MiB in place of 128.
const parameters = { ln: 15, r: 8, p: 3 } as const;
const saltLength = 16;
const hashLength = 32;

/** Most memory that one hash may need, in bytes. */
const maxMemory = 256 * 1024 * 1024;

/**
 * Hash a password for `basicProvider`. Takes about a quarter of a second and 32 MiB, so that guessing takes as much.
 *
 * @param password - compared in Unicode normalization form C, as RFC 7617 §2.1 wants it sent.
 * @returns a text that holds everything that is needed to check the password: algorithm, parameters, salt and hash.
 * @throws SallyportError (`config_invalid`) when the password is empty, or has a character that no client could send.
 *
 * @example
 * ```ts
 * import { hashPassword } from "@sallyport/server";
 *
 * declare const password: string;
 *
 * console.log(await hashPassword(password)); // $scrypt$ln=15,r=8,p=3$…
 * ```
 */
export async function hashPassword(password: string): Promise<string> {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: RFC 7617 §2 forbids them.
  if (password === "" || /[\x00-\x1f\x7f]/.test(password)) {
    throw new SallyportError(
      "config_invalid",
      "hashPassword: a password is not empty and has no line breaks or other control characters.",
    );
  }
  const salt = crypto.getRandomValues(new Uint8Array(saltLength));
  const hash = await scrypt(password, { ...parameters, salt, hash: new Uint8Array(hashLength) });
  const { ln, r, p } = parameters;
  return `$scrypt$ln=${ln},r=${r},p=${p}$${base64(salt)}$${base64(hash)}`;
}

/**
 * Read a stored hash.
 *
 * @param name - whose it is, for the message; the hash itself is not shown.
 * @throws SallyportError (`config_invalid`) when it is none, is too weak to be meant, or would take too much memory.
 */
export function parseHash(text: string, name: string): PasswordHash {
  const [, ln, r, p, salt = "", hash = ""] =
    /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([\w+/-]{11,86})\$([\w+/-]{22,86})$/.exec(text) ?? [];
  const parsed = { ln: Number(ln), r: Number(r), p: Number(p), salt: bytes(salt), hash: bytes(hash) };
  const sound = parsed.ln >= 10 && parsed.r >= 1 && parsed.p >= 1 && memoryOf(parsed) <= maxMemory;
  if (sound && parsed.salt !== undefined && parsed.hash !== undefined) return parsed as PasswordHash;
  throw new SallyportError(
    "config_invalid",
    `${name}: is not a password hash, such as $scrypt$ln=15,r=8,p=3$…$…. Make one with hashPassword.`,
  );
}

/** A hash that no password has, and that takes as long to find out as another one does. */
export function unknownHash(like: Pick<PasswordHash, "ln" | "r" | "p"> = parameters): PasswordHash {
  const { ln, r, p } = like;
  return { ln, r, p, salt: crypto.getRandomValues(new Uint8Array(saltLength)), hash: new Uint8Array(hashLength) };
}

/** Whether a password has this hash, compared in constant time. */
export async function matchesHash(password: string, stored: PasswordHash): Promise<boolean> {
  const { timingSafeEqual } = await import("node:crypto");
  return timingSafeEqual(await scrypt(password, stored), stored.hash);
}

async function scrypt(password: string, stored: PasswordHash): Promise<Uint8Array> {
  // Loaded with the first password: what a server without passwords runs on may not have it.
  const { scrypt } = await import("node:crypto");
  const { ln, r, p, salt, hash } = stored;
  const options = { N: 2 ** ln, r, p, maxmem: 2 * memoryOf(stored) };
  return new Promise((resolve, reject) => {
    scrypt(password.normalize("NFC"), salt, hash.length, options, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}

function memoryOf({ ln, r, p }: Pick<PasswordHash, "ln" | "r" | "p">): number {
  return 128 * r * (2 ** ln + p);
}

function base64(data: Uint8Array): string {
  return btoa(String.fromCharCode(...data)).replaceAll("=", "");
}

function bytes(text: string): Uint8Array | undefined {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}
