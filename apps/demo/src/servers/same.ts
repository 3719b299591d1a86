import { timingSafeEqual } from "node:crypto";

/** Whether a credential is the expected one, compared in constant time. */
export function same(given: string | string[] | null | undefined, expected: string): boolean {
  const [a, b] = [Buffer.from(String(given ?? "")), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
