import { expect, test } from "vitest";
import { Redactor } from "../src/redactor.ts";

test("a secret is masked wherever it stands, also encoded and without its scheme", () => {
  const redactor = new Redactor();
  redactor.add('Bearer to"ken+/=');
  const text = 'a Bearer to"ken+/= b to"ken+/= c "to\\"ken+/=" d';
  redactor.add('to"ken+/=');
  expect(redactor.redact(`${text} ?k=to%22ken%2B%2F%3D`)).toBe('a •••• b •••• c "••••" d ?k=••••');
});

test("a secret that contains another one is masked as a whole", () => {
  const redactor = new Redactor();
  redactor.add("secret");
  redactor.add("secret-and-more");
  expect(redactor.redact("secret-and-more, secret")).toBe("••••, ••••");
});

test("a text as short as a word is left alone", () => {
  const redactor = new Redactor();
  redactor.add("a");
  redactor.add("");
  expect(redactor.redact("a banana")).toBe("a banana");
});
