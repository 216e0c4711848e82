// From getStats to words: the frame rate decides what is said, because signing needs it most. Pure but for `sample`.

export type Level = "good" | "warn" | "critical";

/** Received video over the last period; `fps` null while there is no picture. */
export interface Received {
  readonly fps: number | null;
  readonly width: number;
  readonly height: number;
  readonly freezes: number;
}

export const NOTHING_RECEIVED: Received = { fps: null, width: 0, height: 0, freezes: 0 };
const GOOD_FPS = 20; // EN 301 549 §6.5.3: shall 20, should 30
const CRITICAL_FPS = 12; // RFC 7742

export function levelOf(fps: number | null): Level | null {
  if (fps === null) return null;
  if (fps < CRITICAL_FPS) return "critical";
  return fps < GOOD_FPS ? "warn" : "good";
}

/** The word changes after two samples in a row on the other side, not with each of them. */
export class Steady {
  #shown: Level | null = null;
  #wished: Level | null = null;
  #count = 0;

  next(level: Level | null): Level | null {
    if (level === this.#shown) this.#count = 0;
    else if (level === this.#wished) this.#count += 1;
    else this.#count = 1;
    this.#wished = level;
    if (this.#count >= 2 || this.#shown === null) {
      this.#shown = level;
      this.#count = 0;
    }
    return this.#shown;
  }
}

export async function sample(peer: RTCPeerConnection): Promise<Received> {
  const report = await peer.getStats();
  for (const entry of report.values() as Iterable<Record<string, unknown>>) {
    if (entry["type"] !== "inbound-rtp" || entry["kind"] !== "video" || !entry["framesDecoded"]) continue;
    return {
      fps: typeof entry["framesPerSecond"] === "number" ? entry["framesPerSecond"] : 0,
      width: Number(entry["frameWidth"] ?? 0),
      height: Number(entry["frameHeight"] ?? 0),
      freezes: Number(entry["freezeCount"] ?? 0),
    };
  }
  return NOTHING_RECEIVED;
}
