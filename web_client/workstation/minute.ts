// The last minute of readability, one level a second.

import { signal, type ReadonlySignal } from "@preact/signals";
import type { VisibilityLevel } from "../shared/protocol.d.ts";

const SECONDS = 60;

export class Minute {
  readonly #levels = signal<readonly VisibilityLevel[]>([]);

  get levels(): ReadonlySignal<readonly VisibilityLevel[]> {
    return this.#levels;
  }

  add(level: VisibilityLevel): void {
    this.#levels.value = [...this.#levels.value, level].slice(-SECONDS);
  }

  clear(): void {
    this.#levels.value = [];
  }
}

/** Percentages of the measured seconds; zero each when nothing was measured. */
export function shares(levels: readonly VisibilityLevel[]): { good: number; fair: number; poor: number } {
  const measured = levels.filter((level) => level !== "off");
  const share = (wanted: VisibilityLevel): number =>
    measured.length === 0 ? 0 : Math.round((100 * measured.filter((level) => level === wanted).length) / measured.length);
  return { good: share("good"), fair: share("fair"), poor: share("poor") };
}
