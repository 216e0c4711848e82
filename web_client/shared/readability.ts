// How the pictures of a call can be read: the own one, told to whoever is seen; the signer's, told to the agent; and
// what the agent asked for. Pure but for the signals.

import { signal, type ReadonlySignal } from "@preact/signals";
import type { AdviceCode, CameraAsked, VisibilityLevel, VisibilityMessage } from "./protocol.d.ts";

const BETTER_MS = 3_000;
const GOOD_ALREADY_MS = 15_000; // asked for of a picture that the service finds good: read, then gone
/** Nothing is wrong, or nothing is measured. */
const NO_ADVICE: ReadonlySet<Advice> = new Set<Advice>(["good", "no_video", "not_measured", "models_missing", "switched_off"]);
/** Nobody mends these by moving the camera. */
const NOT_THE_CAMERAS: ReadonlySet<Advice> = new Set<Advice>(["low_resolution", "low_frame_rate", "frozen", "idle"]);

type Advice = VisibilityMessage["advice"];
type Reading = Pick<VisibilityMessage, "level" | "advice">;

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

/** After this reading, whose advice takes the place of an older one; null: the picture is better, nothing is asked for any more. */
export function stillAsked(asked: Asked, reading: Reading, now: number): Asked | null {
  const { level } = reading;
  if (level !== "good") return { advice: askable(reading) ?? asked.advice, goodSince: null, wasBad: asked.wasBad || level !== "off" };
  const goodSince = asked.goodSince ?? now;
  return now - goodSince >= (asked.wasBad ? BETTER_MS : GOOD_ALREADY_MS) ? null : { ...asked, goodSince };
}

/** What is to be mended about the picture: neither praise nor why nothing is measured. */
export function adviceIn(reading: Reading | null): AdviceCode | null {
  return reading === null || NO_ADVICE.has(reading.advice) ? null : (reading.advice as AdviceCode);
}

/** What can be asked for by name: it gets better when the camera, the light or the person moves. */
export function askable(reading: Reading | null): AdviceCode | null {
  const advice = adviceIn(reading);
  return advice === null || NOT_THE_CAMERAS.has(advice) ? null : advice;
}

/** The large panel says it already; the small words beside it would say it again, or praise what it asks to be mended. */
export function isSaidLarge(asked: Asked | null, own: Reading | null): boolean {
  const advice = adviceIn(own);
  return asked !== null && (advice === null || advice === asked.advice);
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
    if (isOwn && this.#asked.value !== null) this.#asked.value = stillAsked(this.#asked.value, reading, performance.now());
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
