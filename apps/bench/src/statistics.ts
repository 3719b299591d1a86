/**
 * Medians and the middle half: figures that one slow run does not move.
 */

/** The middle of a series, and the bounds of its middle half. */
export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.round((sorted.length - 1) * share)] ?? Number.NaN;
  return { median: at(0.5), low: at(0.25), high: at(0.75) };
}

/** Compare two series round by round: what slows a whole round down slows both. */
export function paired(
  values: readonly number[],
  base: readonly number[],
  compare: (value: number, base: number) => number,
): Spread {
  return spreadOf(values.map((value, index) => compare(value, base[index] ?? Number.NaN)));
}
