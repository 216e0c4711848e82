// From getStats to figures: what this page receives and sends over the last period. Pure.

export type Level = "good" | "warn" | "critical";
/** Entries of an RTCStatsReport. */
export type Entries = Iterable<Readonly<Record<string, unknown>>>;

/** One direction of the picture; null: not known, or no picture. */
export interface Flow {
  readonly fps: number | null;
  readonly width: number;
  readonly height: number;
  readonly bps: number | null;
  /** 0..1 */
  readonly loss: number | null;
  readonly codec: string | null;
}

export interface Received extends Flow {
  /** Since the peer connection began. */
  readonly freezes: number;
  /** Seconds a picture waits here before it is shown. */
  readonly bufferS: number | null;
}

export interface Sample {
  readonly received: Received;
  /** `isNarrowed`: the browser itself sends less than the camera gives. */
  readonly sent: Flow & { readonly isNarrowed: boolean };
  /** To the service and back, seconds. */
  readonly roundTripS: number | null;
  readonly availableBps: number | null;
  /** Through a TURN server. */
  readonly isRelayed: boolean | null;
}

const NO_FLOW: Flow = { fps: null, width: 0, height: 0, bps: null, loss: null, codec: null };
export const NOTHING_RECEIVED: Received = { ...NO_FLOW, freezes: 0, bufferS: null };
const SECOND_MID = "2"; // fixed by the service's offer
const GOOD_FPS = 20; // EN 301 549 §6.5.3: shall 20, should 30
const CRITICAL_FPS = 12; // RFC 7742
const BEGINNING_SAMPLES = 2; // every connection begins slowly: nothing is said of it before

export function levelOf(fps: number | null): Level | null {
  if (fps === null) return null;
  if (fps < CRITICAL_FPS) return "critical";
  return fps < GOOD_FPS ? "warn" : "good";
}

/** A word changes after `needed` samples in a row that say another, not with each of them. */
export class Steady<T> {
  readonly #needed: number;
  readonly #showsFirst: boolean;
  #shown: T | null = null;
  #wished: T | null = null;
  #count = 0;

  /** @param showsFirst the first sample is shown at once. */
  constructor(needed = 2, showsFirst = true) {
    this.#needed = needed;
    this.#showsFirst = showsFirst;
  }

  next(value: T | null): T | null {
    if (value === this.#shown) this.#count = 0;
    else if (value === this.#wished) this.#count += 1;
    else this.#count = 1;
    this.#wished = value;
    if (this.#count >= this.#needed || (this.#shown === null && this.#showsFirst)) this.set(value);
    return this.#shown;
  }

  set(value: T | null): void {
    this.#shown = value;
    this.#count = 0;
  }
}

/** The word for a frame rate and its number, changing together; that a picture stands still is said at once. */
export class SteadyRate {
  readonly #level = new Steady<Level>();
  #fps: number | null = null;
  #beginnings = 0;

  next(fps: number | null): { readonly level: Level | null; readonly fps: number | null } {
    const level = levelOf(fps);
    if (fps !== null && this.#beginnings < BEGINNING_SAMPLES) {
      this.#beginnings = level === "good" ? BEGINNING_SAMPLES : this.#beginnings + 1;
      if (level !== "good") return { level: null, fps: null };
    }
    if (fps === 0) this.#level.set(level);
    const shown = this.#level.next(level);
    if (shown === level) this.#fps = fps;
    return { level: shown, fps: this.#fps };
  }
}

type Entry = Readonly<Record<string, unknown>>;

/** What is measured is the person the page is there for; a second picture (MID 2) may be thinned on purpose. */
function isFirstPicture(entry: Entry): boolean {
  return entry["type"] === "inbound-rtp" && entry["kind"] === "video" && entry["mid"] !== SECOND_MID;
}

function number(entry: Entry | undefined, name: string): number | null {
  const value = entry?.[name];
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

/** Share of what was expected since the last count; null: nothing was, or the count began anew. */
export function lostShare(lost: number, received: number): number | null {
  const expected = Math.max(0, lost) + received;
  return received < 0 || expected <= 0 ? null : Math.max(0, lost) / expected;
}

/** Counts of one peer connection, sample by sample. */
export class Meter {
  #before = new Map<string, number>();
  #now = new Map<string, number>();
  #atMs = 0;
  #periodS = 0;

  /** @param atMs any clock that does not go back. */
  next(entries: Entries, atMs: number): Sample {
    const all = [...entries];
    const byId = new Map(all.map((entry) => [entry["id"], entry]));
    const video = (type: string): Entry | undefined =>
      all.find((entry) => entry["type"] === type && entry["kind"] === "video");
    this.#periodS = this.#atMs === 0 ? 0 : (atMs - this.#atMs) / 1000;
    this.#atMs = atMs;
    this.#now = new Map();
    const pair = selectedPair(all, byId);
    const inbound = all.find(isFirstPicture);
    const outbound = video("outbound-rtp");
    const sample: Sample = {
      received: this.#received(inbound, byId),
      sent: {
        ...flow(outbound, byId),
        bps: this.#rate("sent", number(outbound, "bytesSent")),
        loss: number(video("remote-inbound-rtp"), "fractionLost"),
        isNarrowed: isNarrowed(outbound, byId),
      },
      roundTripS: number(pair, "currentRoundTripTime"),
      availableBps: number(pair, "availableOutgoingBitrate"),
      isRelayed: pair === undefined ? null : isRelayed(pair, byId),
    };
    this.#before = this.#now;
    return sample;
  }

  #received(inbound: Entry | undefined, byId: Map<unknown, Entry>): Received {
    if (!inbound?.["framesDecoded"]) return NOTHING_RECEIVED;
    const lost = this.#since("lost", number(inbound, "packetsLost"));
    const packets = this.#since("packets", number(inbound, "packetsReceived"));
    const waited = this.#since("waited", number(inbound, "jitterBufferDelay"));
    const shown = this.#since("shown", number(inbound, "jitterBufferEmittedCount"));
    return {
      ...flow(inbound, byId),
      fps: number(inbound, "framesPerSecond") ?? 0,
      bps: this.#rate("received", number(inbound, "bytesReceived")),
      loss: lost === null || packets === null ? null : lostShare(lost, packets),
      freezes: number(inbound, "freezeCount") ?? 0,
      bufferS: waited === null || !shown ? null : waited / shown,
    };
  }

  #since(name: string, count: number | null): number | null {
    if (count === null) return null;
    this.#now.set(name, count);
    const before = this.#before.get(name);
    return before === undefined ? null : count - before;
  }

  #rate(name: string, bytes: number | null): number | null {
    const since = this.#since(name, bytes);
    return since === null || since < 0 || this.#periodS <= 0 ? null : (since * 8) / this.#periodS;
  }
}

function flow(entry: Entry | undefined, byId: Map<unknown, Entry>): Flow {
  if (entry === undefined) return NO_FLOW;
  const mime = byId.get(entry["codecId"])?.["mimeType"];
  return {
    ...NO_FLOW,
    fps: number(entry, "framesPerSecond"),
    width: number(entry, "frameWidth") ?? 0,
    height: number(entry, "frameHeight") ?? 0,
    codec: typeof mime === "string" ? mime.replace("video/", "") : null,
  };
}

/** Smaller than the camera's picture, and not because the device is slow. */
function isNarrowed(outbound: Entry | undefined, byId: Map<unknown, Entry>): boolean {
  const camera = number(byId.get(outbound?.["mediaSourceId"]), "width");
  const width = number(outbound, "frameWidth");
  return outbound?.["qualityLimitationReason"] === "bandwidth" && camera !== null && width !== null && width < camera;
}

function selectedPair(all: readonly Entry[], byId: Map<unknown, Entry>): Entry | undefined {
  const transport = all.find((entry) => entry["type"] === "transport");
  const selected = byId.get(transport?.["selectedCandidatePairId"]);
  const isUsed = (entry: Entry): boolean =>
    entry["type"] === "candidate-pair" && entry["nominated"] === true && entry["state"] === "succeeded";
  return selected ?? all.find(isUsed);
}

function isRelayed(pair: Entry, byId: Map<unknown, Entry>): boolean {
  const ends = [byId.get(pair["localCandidateId"]), byId.get(pair["remoteCandidateId"])];
  return ends.some((candidate) => candidate?.["candidateType"] === "relay");
}
