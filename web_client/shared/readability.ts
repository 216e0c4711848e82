// How the pictures of a call can be read: the own one, told to whoever is seen; the signer's, told to the agent; and
// what the agent asked for. Pure but for the signals.

import { signal, type ReadonlySignal } from "@preact/signals";
import type { AdviceCode, CameraAsked, VisibilityLevel, VisibilityMessage } from "./protocol.d.ts";

const BETTER_MS = 3_000;
const GOOD_ALREADY_MS = 15_000; // asked for of a picture that the service finds good: read, then gone

/** What was asked for, and since when the picture is good. Times in milliseconds of one clock. */
export interface Asked {
  readonly advice: AdviceCode | null;
  readonly goodSince: number | null;
  /** It was not good at some time since it was asked for. */
  readonly wasBad: boolean;
}

export function askedFor(advice: AdviceCode | null, level: VisibilityLevel | null, now: number): Asked {
  return { advice, goodSince: level === "good" ? now : null, wasBad: level === "fair" || level === "poor" };
}

/** After this reading; null: the picture is better, nothing is asked for any more. */
export function stillAsked(asked: Asked, level: VisibilityLevel, now: number): Asked | null {
  if (level !== "good") return { ...asked, goodSince: null, wasBad: asked.wasBad || level !== "off" };
  const goodSince = asked.goodSince ?? now;
  return now - goodSince >= (asked.wasBad ? BETTER_MS : GOOD_ALREADY_MS) ? null : { ...asked, goodSince };
}

/** What can be asked for by name: advice about the picture, neither praise nor why nothing is measured. */
export function askable(reading: VisibilityMessage | null): AdviceCode | null {
  const advice = reading?.advice ?? "good";
  const isAdvice = advice !== "good" && advice !== "no_video" && advice !== "not_measured" && advice !== "models_missing" && advice !== "switched_off";
  return isAdvice ? advice : null;
}

export class Readability {
  readonly #own = signal<VisibilityMessage | null>(null);
  readonly #other = signal<VisibilityMessage | null>(null);
  readonly #asked = signal<Asked | null>(null);

  /** The own picture. */
  get own(): ReadonlySignal<VisibilityMessage | null> {
    return this.#own;
  }

  /** The signer's, at a workstation. */
  get other(): ReadonlySignal<VisibilityMessage | null> {
    return this.#other;
  }

  get asked(): ReadonlySignal<Asked | null> {
    return this.#asked;
  }

  came(reading: VisibilityMessage, isOwn: boolean): void {
    (isOwn ? this.#own : this.#other).value = reading;
    if (isOwn && this.#asked.value !== null) this.#asked.value = stillAsked(this.#asked.value, reading.level, performance.now());
  }

  cameraAsked({ advice }: CameraAsked): void {
    this.#asked.value = askedFor(advice, this.#own.value?.level ?? null, performance.now());
  }

  putAway(): void {
    this.#asked.value = null;
  }

  forget(): void {
    this.#own.value = null;
    this.#other.value = null;
    this.#asked.value = null;
  }
}
