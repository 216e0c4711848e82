// Carries out what `dark_picture.ts` decides, on the track of the own camera, without a word: the advice stays until
// the picture is lighter.

import type { ReadonlySignal } from "@preact/signals";
import { DarkCourse, LEAST_FPS, remediesFor, type Abilities, type Remedy, type Settings } from "./dark_picture.ts";
import type { VisibilityMessage } from "./protocol.d.ts";

export class DarkCamera {
  readonly #video: ReadonlySignal<MediaStreamTrack | null>;
  #track: MediaStreamTrack | null = null;
  #course = new DarkCourse([]);

  constructor(video: ReadonlySignal<MediaStreamTrack | null>) {
    this.#video = video;
  }

  /** How the own picture is read now. */
  async came(reading: VisibilityMessage): Promise<void> {
    const track = this.#video.value;
    if (track === null) return;
    if (track !== this.#track) {
      this.#track = track;
      this.#course = new DarkCourse(remediesFor(track.getCapabilities?.() as Abilities ?? {}, track.getSettings() as Settings));
    }
    const course = this.#course;
    const step = course.next(reading, performance.now());
    if (step === null) return;
    try {
      await track.applyConstraints(constraintsFor(track, step.remedy, step.does === "try"));
    } catch {
      course.refused();
    }
  }
}

/** The frame rate keeps its floor; what the track was opened with stays as it was. */
function constraintsFor(track: MediaStreamTrack, { setting, to, back }: Remedy, isTried: boolean): MediaTrackConstraints {
  const value = isTried ? to : back;
  if (setting !== "frameRate") return { advanced: [{ [setting]: value }] };
  return { ...track.getConstraints(), frameRate: { min: LEAST_FPS, ideal: Number(value), max: Number(value) } };
}
