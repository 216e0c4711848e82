// What rings, felt and told outside the page: vibration again and again, a notification while the page is out of sight.

import { notify, vibrate } from "./attention.ts";

const VIBRATION_MS = [600, 400, 600];
const AGAIN_MS = 4_000;

export class Ring {
  #timer: ReturnType<typeof setInterval> | undefined;
  #notification: Promise<() => void> | null = null;

  get isOn(): boolean {
    return this.#timer !== undefined;
  }

  start(title: string, body: string): void {
    if (this.isOn) return;
    vibrate(VIBRATION_MS);
    this.#timer = setInterval(() => vibrate(VIBRATION_MS), AGAIN_MS);
    this.#notification = notify(title, body);
  }

  stop(): void {
    if (!this.isOn) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    vibrate([]);
    void this.#notification?.then((close) => close());
    this.#notification = null;
  }
}
