// The check before a call: the own picture, sound and line through the very path of a call, with nobody else in it.
// The service says for how long; a page without it looks at the light by itself (`light.ts`).

import { signal, type ReadonlySignal } from "@preact/signals";
import type { Answer, Outgoing } from "./connection.ts";
import type { CallMedia } from "./media.ts";
import type { CheckState, VisibilityMessage } from "./protocol.d.ts";

/** `refused`: not possible now, or not any more; the next call works all the same. */
export type CheckPhase = "off" | "starting" | "running" | "refused";

const NAMED_WITHIN_MS = 20_000; // a check that was taken and never named

export interface CheckOptions {
  readonly ask: (message: Outgoing) => Promise<Answer>;
  readonly media: CallMedia;
}

export class CameraCheck {
  readonly #phase = signal<CheckPhase>("off");
  readonly #reading = signal<VisibilityMessage | null>(null);
  readonly #options: CheckOptions;
  #id: string | null = null;
  readonly #over = new Set<string>();
  #unnamed: ReturnType<typeof setTimeout> | undefined;

  constructor(options: CheckOptions) {
    this.#options = options;
  }

  get phase(): ReadonlySignal<CheckPhase> {
    return this.#phase;
  }

  /** Null: nothing was said yet. */
  get reading(): ReadonlySignal<VisibilityMessage | null> {
    return this.#reading;
  }

  get isOn(): boolean {
    return this.#phase.value === "starting" || this.#phase.value === "running";
  }

  async start(): Promise<void> {
    if (this.isOn) return;
    this.#phase.value = "starting";
    clearTimeout(this.#unnamed);
    this.#unnamed = setTimeout(() => this.#refuseUnnamed(), NAMED_WITHIN_MS);
    if ((await this.#options.ask({ type: "check.start" })).type !== "ok") this.#refuseUnnamed();
  }

  /** Asked for by the person, or there is no need for it any more. */
  stop(): void {
    if (!this.isOn) return;
    void this.#options.ask({ type: "check.stop" });
    this.#end("off");
  }

  /** A call begins, whose media may be here already. */
  giveWay(): void {
    if (this.isOn) this.#end("off");
    else this.#phase.value = "off";
  }

  /** A new connection to the service, which forgot the check or will: it begins again. */
  connected(): void {
    if (!this.isOn) return;
    this.#end("off");
    void this.start();
  }

  /** Whether a message is about this check, or about one that is over. */
  knows(id: string): boolean {
    return id === this.#id || this.#over.has(id);
  }

  /** An offer for a check that is over is not answered. */
  isOver(id: string): boolean {
    return this.#over.has(id);
  }

  stateCame(state: CheckState): void {
    if (state.running && this.isOn) {
      this.#id = state.check_id;
      this.#phase.value = "running";
    } else if (!state.running && this.isOn && !this.#over.has(state.check_id)) {
      const isRefused = state.ended === "no_worker" || state.ended === "busy";
      this.#end(isRefused ? "refused" : "off");
    }
  }

  readingCame(reading: VisibilityMessage): void {
    if (reading.call_id === this.#id) this.#reading.value = reading;
  }

  #refuseUnnamed(): void {
    if (this.#phase.value === "starting") this.#end("refused");
  }

  #end(next: CheckPhase): void {
    clearTimeout(this.#unnamed);
    const { media } = this.#options;
    if (this.#id !== null) {
      this.#over.add(this.#id);
      if (media.callId === this.#id) media.close();
    }
    this.#id = null;
    this.#reading.value = null;
    this.#phase.value = next;
  }
}
