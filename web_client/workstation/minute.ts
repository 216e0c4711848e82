// The last minute of readability by the clock, one reading a second while it is measured. Pure but for the signal.

import { signal, type ReadonlySignal } from "@preact/signals";
import type { VisibilityLevel, VisibilityMessage } from "../shared/protocol.d.ts";

export const SECONDS = 60;
const CAUSES = 2; // more are no help at a glance

/** One second. */
export interface Moment extends Pick<VisibilityMessage, "level" | "advice"> {
  /** When it was read, in seconds of the page's clock. */
  readonly at: number;
}

export interface Cause {
  readonly advice: VisibilityMessage["advice"];
  readonly seconds: number;
}

export class Minute {
  readonly #moments = signal<readonly Moment[]>([]);

  get moments(): ReadonlySignal<readonly Moment[]> {
    return this.#moments;
  }

  add({ level, advice, at }: Moment): void {
    this.#moments.value = [...lastMinute(this.#moments.value, at), { level, advice, at }];
  }

  clear(): void {
    this.#moments.value = [];
  }
}

/** Those that are no older than a minute, whether or not others came since. */
export function lastMinute(moments: readonly Moment[], now: number): readonly Moment[] {
  return moments.filter(({ at }) => now - at < SECONDS);
}

/** Percentages of the measured seconds; zero each when nothing was measured. */
export function shares(moments: readonly Moment[]): { good: number; fair: number; poor: number } {
  const measured = moments.filter(({ level }) => level !== "off");
  const share = (wanted: VisibilityLevel): number =>
    measured.length === 0 ? 0 : Math.round((100 * measured.filter(({ level }) => level === wanted).length) / measured.length);
  return { good: share("good"), fair: share("fair"), poor: share("poor") };
}

/** What it was that could not be read, the longest first. */
export function causes(moments: readonly Moment[]): readonly Cause[] {
  const seconds = new Map<VisibilityMessage["advice"], number>();
  for (const { level, advice } of moments) {
    if (level === "fair" || level === "poor") seconds.set(advice, (seconds.get(advice) ?? 0) + 1);
  }
  return [...seconds].map(([advice, count]) => ({ advice, seconds: count })).sort((one, other) => other.seconds - one.seconds).slice(0, CAUSES);
}
