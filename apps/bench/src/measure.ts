/**
 * Takes turns: in each round every variant runs a few calls, in an order that is drawn anew, so that the noise of the
 * machine hits all alike. The libraries that time functions run one variant to its end before the next.
 */

/** What is measured: one call, from the request to the end of the answer. */
export interface Variant {
  readonly name: string;
  /** @param signal - that of the session, as the transports of the MCP SDKs give it. */
  readonly call: (signal: AbortSignal) => Promise<void>;
}

/** Microseconds of one call, a value for each round. */
export interface Series {
  readonly cpu: number[];
  readonly wall: number[];
}

/** How long to measure. */
export interface Effort {
  readonly milliseconds: number;
  /** Calls of one variant in one round. */
  readonly block: number;
}

/** Measure until the time is over; its first fifth warms up and does not count. At least one round counts. */
export async function measure(
  variants: readonly Variant[],
  { milliseconds, block }: Effort,
): Promise<Map<string, Series>> {
  const start = performance.now();
  await round(variants, block);
  while (performance.now() - start < milliseconds / 5) await round(variants, block);
  const result = new Map(variants.map(({ name }) => [name, { cpu: [], wall: [] } as Series]));
  do {
    for (const [name, { cpu, wall }] of await round(variants, block)) {
      result.get(name)?.cpu.push(cpu);
      result.get(name)?.wall.push(wall);
    }
  } while (performance.now() - start < milliseconds);
  return result;
}

async function round(variants: readonly Variant[], block: number): Promise<Map<string, { cpu: number; wall: number }>> {
  const result = new Map<string, { cpu: number; wall: number }>();
  for (const { name, call } of shuffled(variants)) {
    const { signal } = new AbortController();
    const cpuBefore = process.cpuUsage();
    const before = performance.now();
    for (let count = 0; count < block; count += 1) await call(signal);
    const wall = performance.now() - before;
    const { user, system } = process.cpuUsage(cpuBefore);
    result.set(name, { cpu: (user + system) / block, wall: (wall * 1000) / block });
  }
  return result;
}

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, key: Math.random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);
}
