/**
 * A thousand callers at once, each with a token of its own: nobody ever sees another's. Over real HTTP, in both eras,
 * through awaits, timers, streams and callbacks.
 */
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { getAccessToken, type Listening, MCPServer } from "../../src/index.ts";
import { callTool, eras, post, textOf } from "../messages.ts";
import { SelfDescribingAuth } from "../servers.ts";

let listening: Listening;
beforeAll(async () => {
  class Slow extends SelfDescribingAuth {
    override async verifyToken(token: string) {
      await pause();
      return super.verifyToken(token);
    }
  }
  const server = new MCPServer({ name: "identity", version: "1.0.0", auth: new Slow() });
  server.tool({ name: "me", description: "", input: z.object({ steps: z.number() }) }, async ({ steps }, context) => {
    const seen = new Set([getAccessToken()?.subject, context.http?.authInfo?.clientId]);
    for (let step = 0; step < steps; step += 1) {
      await pause();
      seen.add(getAccessToken()?.subject);
    }
    await new Promise<void>((resolve) =>
      setTimeout(() => {
        seen.add(getAccessToken()?.subject);
        queueMicrotask(() => {
          seen.add(getAccessToken()?.subject);
          resolve();
        });
      }, 1),
    );
    for await (const _ of Readable.from(["a", "b"])) seen.add(getAccessToken()?.subject);
    return [...seen].join(",");
  });
  listening = await server.listen(0);
});
afterAll(() => listening.close());

const pause = (): Promise<void> =>
  new Promise((resolve) => (Math.random() < 0.5 ? setImmediate(resolve) : setTimeout(resolve, Math.random() * 3)));

describe.each(eras)("%s clients", (era) => {
  it("a thousand concurrent calls never mix", async () => {
    const callers = Array.from({ length: 1_000 }, (_, index) => `user-${index}`);
    const waiting = [...callers];
    const answers = new Map<string, string>();
    const worker = async (): Promise<void> => {
      for (let caller = waiting.pop(); caller !== undefined; caller = waiting.pop()) {
        const request = post(listening.url, callTool(era, "me", { steps: Math.ceil(Math.random() * 4) }), caller);
        answers.set(caller, await textOf(await fetch(request)));
      }
    };
    await Promise.all(Array.from({ length: 100 }, worker));
    expect(answers.size).toBe(1_000);
    expect([...answers].filter(([caller, answer]) => answer !== caller)).toEqual([]);
  }, 60_000);
});

it("there is no token outside of a request", () => {
  expect(getAccessToken()).toBeUndefined();
});
