// The person's own camera and microphone: asked for once, kept between calls, remembered by device.

import { signal } from "@preact/signals";
import { readPreference, writePreference } from "./preferences.ts";

export type CameraProblem = "denied" | "none" | "busy" | "insecure" | "lost" | "failed";

/** Fluid before sharp: the frame rate has a floor, the picture has none (EN 301 549 §6.5.3). */
const VIDEO: MediaTrackConstraints = {
  width: { ideal: 1280 },
  height: { ideal: 720 },
  frameRate: { ideal: 30, min: 20 },
};
const AUDIO: MediaTrackConstraints = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

export function problemOf(error: unknown): CameraProblem {
  const name = error instanceof Error ? error.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") return "denied";
  if (name === "NotFoundError" || name === "OverconstrainedError") return "none";
  if (name === "NotReadableError" || name === "AbortError") return "busy";
  return name === "InsecureError" ? "insecure" : "failed";
}

function devices(): MediaDevices {
  if (globalThis.navigator?.mediaDevices === undefined) {
    throw Object.assign(new Error("no mediaDevices: not a secure context"), { name: "InsecureError" });
  }
  return navigator.mediaDevices;
}

/** Tries what was asked, then without the floor on the frame rate, then any device of the kind. */
async function openFirst(attempts: readonly MediaStreamConstraints[]): Promise<MediaStreamTrack> {
  let last: unknown;
  for (const constraints of attempts) {
    try {
      const [track] = (await devices().getUserMedia(constraints)).getTracks();
      if (track !== undefined) return track;
    } catch (error) {
      last = error;
      if (problemOf(error) !== "none") throw error;
    }
  }
  throw last ?? Object.assign(new Error("no device"), { name: "NotFoundError" });
}

export class LocalMedia {
  readonly video = signal<MediaStreamTrack | null>(null);
  readonly audio = signal<MediaStreamTrack | null>(null);
  readonly videoProblem = signal<CameraProblem | null>(null);
  readonly audioProblem = signal<CameraProblem | null>(null);
  readonly cameras = signal<readonly MediaDeviceInfo[]>([]);
  readonly microphones = signal<readonly MediaDeviceInfo[]>([]);
  /** One at a time per kind: a second click waits for the first prompt. */
  #opening: { video?: Promise<boolean> | undefined; audio?: Promise<boolean> | undefined } = {};

  constructor() {
    globalThis.navigator?.mediaDevices?.addEventListener?.("devicechange", () => void this.refreshDevices());
  }

  openCamera(deviceId?: string): Promise<boolean> {
    if (deviceId !== undefined) writePreference("camera", deviceId);
    else if (this.video.value !== null) return Promise.resolve(true);
    this.#opening.video ??= this.#open("video").finally(() => (this.#opening.video = undefined));
    return this.#opening.video;
  }

  openMicrophone(deviceId?: string): Promise<boolean> {
    if (deviceId !== undefined) writePreference("microphone", deviceId);
    else if (this.audio.value !== null) return Promise.resolve(true);
    this.#opening.audio ??= this.#open("audio").finally(() => (this.#opening.audio = undefined));
    return this.#opening.audio;
  }

  closeMicrophone(): void {
    this.audio.value?.stop();
    this.audio.value = null;
  }

  close(): void {
    this.video.value?.stop();
    this.video.value = null;
    this.closeMicrophone();
  }

  async refreshDevices(): Promise<void> {
    const all = (await navigator.mediaDevices?.enumerateDevices?.()) ?? [];
    this.cameras.value = all.filter((device) => device.kind === "videoinput" && device.deviceId !== "");
    this.microphones.value = all.filter((device) => device.kind === "audioinput" && device.deviceId !== "");
  }

  async #open(kind: "video" | "audio"): Promise<boolean> {
    const problem = kind === "video" ? this.videoProblem : this.audioProblem;
    const current = kind === "video" ? this.video : this.audio;
    try {
      const track = await openFirst(kind === "video" ? cameraAttempts() : microphoneAttempts());
      if (kind === "video") track.contentHint = "motion";
      track.addEventListener("ended", () => {
        if (current.value !== track) return;
        current.value = null;
        problem.value = "lost";
      });
      current.value?.stop();
      current.value = track;
      problem.value = null;
      await this.refreshDevices();
      return true;
    } catch (error) {
      problem.value = problemOf(error);
      return false;
    }
  }
}

function cameraAttempts(): MediaStreamConstraints[] {
  const kept = readPreference("camera");
  const wished = kept === null ? [] : [{ video: { ...VIDEO, deviceId: { exact: kept } } }];
  return [...wished, { video: VIDEO }, { video: { ...VIDEO, frameRate: { ideal: 30 } } }, { video: true }];
}

function microphoneAttempts(): MediaStreamConstraints[] {
  const kept = readPreference("microphone");
  const wished = kept === null ? [] : [{ audio: { ...AUDIO, deviceId: { exact: kept } } }];
  return [...wished, { audio: AUDIO }, { audio: true }];
}

/** The permission is already given: the page may open the camera without asking a surprising question. */
export async function cameraIsGranted(): Promise<boolean> {
  try {
    const status = await navigator.permissions.query({ name: "camera" as PermissionName });
    return status.state === "granted";
  } catch {
    return false; // Firefox knows no such permission name
  }
}
