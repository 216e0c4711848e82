// A picture that is too dark, made lighter at the camera where the browser lets a page do it: automatic exposure, more
// exposure, more brightness, at last fewer pictures a second, which lets the shutter stay open longer; never below 20. One
// remedy after the other, each taken back when it did not help. Pure; times in milliseconds of one clock.

import type { VisibilityMessage } from "./protocol.d.ts";

export const LEAST_FPS = 20; // EN 301 549 §6.5.3
const SLOWER_FPS = 24; // a quarter more light, and a margin: what arrives at less than 20 is hard to read too

const SETTLE_MS = 5_000; // the camera, and the 3 s after which advice changes
const LIGHTER = 1.1; // share of the light before
const MORE_EV = 1; // of exposure, in one step
const MORE_BRIGHTNESS = 0.25; // of the camera's range

export interface Span {
  readonly min: number;
  readonly max: number;
}

/** What a track says of its camera, as far as it matters here (Media Capture, Image Capture). */
export interface Abilities {
  readonly exposureMode?: readonly string[];
  readonly exposureCompensation?: Span;
  readonly brightness?: Span;
  readonly frameRate?: { readonly min?: number; readonly max?: number };
}

export interface Settings {
  readonly exposureMode?: string;
  readonly exposureCompensation?: number;
  readonly brightness?: number;
  readonly frameRate?: number;
}

/** One thing to try. `frameRate` belongs to the usual constraints; the others cannot be mixed with those (Chromium). */
export interface Remedy {
  readonly setting: keyof Settings;
  readonly to: string | number;
  readonly back: string | number;
}

function raised(setting: "exposureCompensation" | "brightness", span: Span | undefined, now: number | undefined, step: number): Remedy[] {
  if (span === undefined || now === undefined || now + step / 10 >= span.max) return [];
  return [{ setting, to: Math.min(span.max, now + step), back: now }];
}

/** In the order in which they are tried. */
export function remediesFor(can: Abilities, now: Settings): readonly Remedy[] {
  const { exposureMode, brightness } = can;
  const isManual = now.exposureMode !== undefined && now.exposureMode !== "continuous" && (exposureMode?.includes("continuous") ?? false);
  const isFast = (now.frameRate ?? 0) > SLOWER_FPS && (can.frameRate?.min ?? 0) <= SLOWER_FPS;
  return [
    ...(isManual ? [{ setting: "exposureMode", to: "continuous", back: now.exposureMode ?? "manual" } as const] : []),
    ...raised("exposureCompensation", can.exposureCompensation, now.exposureCompensation, MORE_EV),
    ...raised("brightness", brightness, now.brightness, brightness === undefined ? 0 : (brightness.max - brightness.min) * MORE_BRIGHTNESS),
    ...(isFast ? [{ setting: "frameRate", to: SLOWER_FPS, back: now.frameRate ?? 30 } as const] : []),
  ];
}

/** `again`: as it was before. */
export interface Step {
  readonly remedy: Remedy;
  readonly does: "try" | "again";
}

type Reading = Pick<VisibilityMessage, "level" | "advice" | "measures">;
const LIGHTS = ["luma", "face_luma"] as const;

/** Of one camera: which remedies were tried, and which stay. */
export class DarkCourse {
  readonly #left: Remedy[];
  readonly #kept: Remedy[] = [];
  #trying: { readonly remedy: Remedy; readonly since: number; readonly before: Reading } | null = null;

  constructor(remedies: readonly Remedy[]) {
    this.#left = [...remedies];
  }

  /** What to do after this reading of the own picture, if anything. */
  next(reading: Reading, now: number): Step | null {
    const trying = this.#trying;
    if (trying !== null) {
      if (now - trying.since < SETTLE_MS) return null;
      this.#trying = null;
      if (!helped(trying.before, reading)) return { remedy: trying.remedy, does: "again" };
      this.#kept.push(trying.remedy);
    }
    if (reading.advice === "too_bright") return this.#takeBack();
    const remedy = reading.advice === "too_dark" ? this.#left.shift() : undefined;
    if (remedy === undefined) return null;
    this.#trying = { remedy, since: now, before: reading };
    return { remedy, does: "try" };
  }

  /** The camera refused it: nothing has changed. */
  refused(): void {
    this.#trying = null;
  }

  /** The light came back. */
  #takeBack(): Step | null {
    const remedy = this.#kept.pop();
    return remedy === undefined ? null : { remedy, does: "again" };
  }
}

function helped(before: Reading, after: Reading): boolean {
  if (after.advice === "good") return true;
  return LIGHTS.some((light) => {
    const [was, is] = [before.measures[light], after.measures[light]];
    return typeof was === "number" && typeof is === "number" && is > was * LIGHTER;
  });
}
