/** Secrets that are read when needed and again after a refusal: pain 18, anthropics/claude-code#80298. */
import { describe, expect, it, vi } from "vitest";
import { type Reading, Secret } from "../../src/secrets/secret.ts";
import { failureOf } from "../support/failure.ts";

/** A reader whose answers are given one by one. */
function reader(...answers: (string | Error)[]) {
  const read = vi.fn(async () => {
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    if (answer instanceof Error) throw answer;
    return answer ?? "";
  });
  return { read };
}

const textOf = async (reading: Promise<Reading>): Promise<string> => (await reading).reveal();

describe("a text", () => {
  it("is written once and never read again", async () => {
    const write = vi.fn((text: string) => `<${text}>`);
    const secret = new Secret("a", undefined, write);
    const reading = await secret.get();
    expect(await secret.renew(reading)).toBe(reading);
    expect(secret.fixed).toBe(reading);
    expect(reading.reveal()).toBe("<a>");
    expect(write).toHaveBeenCalledOnce();
  });
});

describe("a source", () => {
  it("is read once for all who ask", async () => {
    const { read } = reader("a");
    const secret = new Secret({ env: "A" }, { read });
    expect(await Promise.all([textOf(secret.get()), textOf(secret.get())])).toEqual(["a", "a"]);
    expect(read).toHaveBeenCalledOnce();
    expect(secret.fixed).toBeUndefined();
  });

  it("is read once for all whose reading was refused, and not again for latecomers", async () => {
    const { read } = reader("old", "new");
    const secret = new Secret({ file: "a" }, { read });
    const old = await secret.get();
    const renewed = await Promise.all([secret.renew(old), secret.renew(old), secret.get(), secret.renew(old)]);
    expect(renewed.map((reading) => reading.reveal())).toEqual(["new", "new", "old", "new"]);
    expect(await textOf(secret.renew(old))).toBe("new");
    expect(read).toHaveBeenCalledTimes(2);
  });

  it("that failed is read again by the next request", async () => {
    const { read } = reader(new Error("no such file"), "a");
    const secret = new Secret({ file: "a" }, { read });
    const error = await failureOf(secret.get());
    expect(error).toMatchObject({ code: "credential_source_failed", message: expect.stringContaining("file a") });
    expect(error.cause).toMatchObject({ message: "no such file" });
    expect(await textOf(secret.get())).toBe("a");
  });

  it("keeps the error of a reader that says it all", async () => {
    const told = await failureOf(new Secret({ env: "A" }).get());
    const secret = new Secret({ env: "B" }, reader(told));
    expect(await failureOf(secret.get())).toBe(told);
  });

  it("does not show the arguments of its command", async () => {
    const error = await failureOf(new Secret({ command: ["vault", "--token", "s-marker"] }).get());
    expect(error.message).toContain("command vault");
    expect(error.message).not.toContain("marker");
  });
});

describe("a function", () => {
  it("is not asked for what it said last, unless it has said nothing yet", async () => {
    const texts = ["old", "new", "newer"];
    const secret = new Secret(() => texts.shift() ?? "");
    const old = await secret.get();
    expect(await secret.last()).toBe(old);
    expect(await textOf(secret.renew(old))).toBe("new");
    expect(await textOf(secret.last())).toBe("new");
    expect(await textOf(new Secret(() => "first").last())).toBe("first");
    expect(texts).toEqual(["newer"]);
  });

  it("is asked every time", async () => {
    let count = 0;
    const secret = new Secret(() => `${++count}`);
    const first = await secret.get();
    expect([first.reveal(), await textOf(secret.get()), await textOf(secret.renew(first))]).toEqual(["1", "2", "3"]);
  });
});
