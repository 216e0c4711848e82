// Measures a call every two seconds and keeps its words steady.

import { effect, signal, type ReadonlySignal } from "@preact/signals";
import type { CallMedia } from "./media.ts";
import { Meter, NOTHING_RECEIVED, Steady, SteadyRate, type Entries, type Level, type Received } from "./media_stats.ts";
import type { LegStats, Party } from "./protocol.d.ts";
import { judge, nextLeg, type Leg, type LineState, type Quality } from "./quality.ts";

type Role = Party;
type Network = Partial<Record<Role, LegStats>>;

const STATS_MS = 2_000;
const SETTLE_MS = 5_000; // a picture that was stopped is small and slow at first
const LINE_SAMPLES = 3; // a connection that has just begun looks narrow for some seconds

/** What is said does not change with every sample; new for each peer connection. */
class Memory {
  readonly meter = new Meter();
  readonly own = new SteadyRate();
  readonly other = new SteadyRate();
  readonly ownLine = new Steady<LineState>(LINE_SAMPLES, false);
  readonly otherLine = new Steady<LineState>(LINE_SAMPLES, false);
}

export class QualityWatch {
  readonly received = signal<Received>(NOTHING_RECEIVED);
  readonly receivedLevel = signal<Level | null>(null);
  readonly quality = signal<Quality | null>(null);
  readonly #role: () => Role;
  readonly #media: CallMedia;
  readonly #network: ReadonlySignal<Network>;
  readonly #legs: Partial<Record<Role, Leg>> = {};
  #peer: RTCPeerConnection | null = null;
  #memory = new Memory();
  #quietUntil = 0; // as performance.now()

  /**
   * @param role which leg this page is; it may differ from call to call.
   * @param isPaused the pictures stop for a while: none is judged, nor just after.
   */
  constructor(role: () => Role, media: CallMedia, network: ReadonlySignal<Network>, isPaused: ReadonlySignal<boolean>) {
    this.#role = role;
    this.#media = media;
    this.#network = network;
    effect(() => {
      const wasPaused = this.#quietUntil === Infinity;
      if (isPaused.value) this.#quietUntil = Infinity;
      else if (wasPaused) this.#quietUntil = performance.now() + SETTLE_MS;
      if (isPaused.value) this.#forget();
    });
    setInterval(() => void this.#measure(), STATS_MS);
  }

  async #measure(): Promise<void> {
    const { peer } = this.#media;
    if (peer !== this.#peer) {
      this.#peer = peer;
      this.#memory = new Memory();
    }
    if (peer === null || this.#media.link.value !== "connected" || this.#isQuiet) return this.#forget();
    const report = await peer.getStats();
    if (peer !== this.#peer || this.#isQuiet) return;
    const { meter, own, other, ownLine, otherLine } = this.#memory;
    const sample = meter.next(report.values() as Entries, performance.now());
    const mine = this.#role();
    const theirs: Role = mine === "signer" ? "agent" : "signer";
    const found = judge(sample, this.#leg(mine), this.#leg(theirs), this.#media.asked.value);
    const received = other.next(sample.received.fps);
    this.received.value = { ...sample.received, fps: received.fps };
    this.receivedLevel.value = received.level;
    this.quality.value = {
      ...found,
      own: { ...found.own, ...own.next(found.own.fps) },
      other: { ...found.other, ...received },
      ownLine: { ...found.ownLine, state: ownLine.next(found.ownLine.state) },
      otherLine: { ...found.otherLine, state: otherLine.next(found.otherLine.state) },
    };
  }

  get #isQuiet(): boolean {
    return performance.now() < this.#quietUntil;
  }

  /** The service's figures come at their own times: only new ones are compared with those before. */
  #leg(role: Role): Leg | undefined {
    const stats = this.#network.value[role];
    const known = this.#legs[role];
    if (stats === undefined) delete this.#legs[role];
    else if (known?.stats !== stats) this.#legs[role] = nextLeg(known, stats);
    return this.#legs[role];
  }

  #forget(): void {
    this.received.value = NOTHING_RECEIVED;
    this.receivedLevel.value = null;
    this.quality.value = null;
    this.#memory = new Memory();
  }
}
