// A call's frame rate over time, as its record keeps it: at most forty points, null where no picture was sent. Pure.

import { levelOf } from "../shared/media_stats.ts";

export const FULL_FPS = 30;

export interface Point {
  readonly x: number;
  readonly rate: number;
}

/** Share of the measured stretches that were fluid all along, 0..1; null: nothing was measured. */
export function fluidShare(rates: readonly (number | null)[]): number | null {
  const measured = rates.filter((rate) => rate !== null);
  if (measured.length === 0) return null;
  return measured.filter((rate) => levelOf(rate) === "good").length / measured.length;
}

/** Lines to draw: a time without picture is a gap. One point alone is drawn as wide as its step. */
export function segments(rates: readonly (number | null)[], width: number): readonly (readonly Point[])[] {
  const step = width / Math.max(1, rates.length);
  const found: Point[][] = [];
  rates.forEach((rate, index) => {
    if (rate === null) return;
    const isNew = index === 0 || rates[index - 1] === null;
    if (isNew) found.push([{ x: round(index * step), rate }]);
    found.at(-1)?.push({ x: round((index + 1) * step), rate });
  });
  return found;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
