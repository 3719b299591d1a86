/** Users whose hashes take little time, made without the code under test. */
import { randomBytes, scryptSync } from "node:crypto";
import type { BasicUser } from "../../src/index.ts";

export function user(password: string, more: Omit<BasicUser, "passwordHash"> = {}): BasicUser {
  const salt = randomBytes(16);
  const unpadded = (bytes: Buffer): string => bytes.toString("base64").replaceAll("=", "");
  const hash = scryptSync(password.normalize("NFC"), salt, 32, { N: 2 ** 10, r: 8, p: 1 });
  return { ...more, passwordHash: `$scrypt$ln=10,r=8,p=1$${unpadded(salt)}$${unpadded(hash)}` };
}
