// Media that stands still although the connection counts as up: ICE itself needs many seconds to notice. Pure.

const STILL_MS = 2_000;
const DOUBTED_MS = 1_500; // after waking: the service reports every second

/** Fed with {@link progress} about once a second. */
export class Standstill {
  #progress = 0;
  #movedAt: number | null = null; // null: no media has come yet, so none is missed
  #limitMs = STILL_MS;

  /** @returns whether what had been moving stands still now. */
  next(progress: number, now: number): boolean {
    if (progress !== this.#progress) {
      this.#progress = progress;
      this.#movedAt = now;
      this.#limitMs = STILL_MS;
    }
    return this.isStill(now);
  }

  isStill(now: number): boolean {
    return this.#movedAt !== null && now - this.#movedAt >= this.#limitMs;
  }

  /** The machine woke: the time it slept does not count, but now something has to move soon. */
  doubt(now: number): void {
    if (this.#movedAt === null) return;
    this.#movedAt = now;
    this.#limitMs = DOUBTED_MS;
  }
}

/** A number that changes with every packet of media and every report on ours. */
export function progress(entries: Iterable<Readonly<Record<string, unknown>>>): number {
  let sum = 0;
  for (const entry of entries) {
    if (entry["type"] === "inbound-rtp") sum += count(entry["bytesReceived"]);
    if (entry["type"] === "remote-inbound-rtp") sum += count(entry["roundTripTimeMeasurements"]);
  }
  return sum;
}

function count(value: unknown): number {
  return typeof value === "number" ? value : 0;
}
