// How the two pictures of a call travel, judged from what this page measures and what the service tells of both sides.
// Pure: words are given to it in `ui/quality_panel.tsx`.

import { lostShare, type Flow, type Level, type Sample } from "./media_stats.ts";
import type { Encoding, LegStats } from "./protocol.d.ts";

export type LineState = "good" | "narrow" | "unsteady";
export type Help = "own_line" | "other_line" | "camera" | "nothing";

export interface Line {
  readonly state: LineState | null;
  /** The worse direction, 0..1. */
  readonly loss: number | null;
  readonly roundTripS: number | null;
}

export interface Picture extends Flow {
  readonly level: Level | null;
  /** Camera to screen, estimated, seconds. */
  readonly delayS: number | null;
  readonly freezes: number;
  /** Made smaller so that it stays fluid. */
  readonly isReduced: boolean;
  /** Lost pieces of it are sent again. */
  readonly isRepaired: boolean;
}

export interface Quality {
  /** As the other side sees it. */
  readonly own: Picture;
  /** As this page shows it. */
  readonly other: Picture;
  readonly ownLine: Line;
  readonly otherLine: Line;
  readonly isRelayed: boolean | null;
}

const NARROW_BPS = 384_000; // signing below it looks poor (PRODUCT, numbers)
const UNSTEADY_LOSS = 0.02;
const UNSTEADY_TRIP_S = 0.4;
const SMALL_PIXELS = 640 * 360;
const REPAIRED_LOSS = 0.005;

/** A leg as the service sees it: its last figures, and what was lost on the way from it since those before. */
export interface Leg {
  readonly stats: LegStats;
  readonly lossFrom: number | null;
}

export function nextLeg(before: Leg | undefined, stats: LegStats): Leg {
  if (before === undefined) return { stats, lossFrom: null };
  const lost = stats.packets_lost - before.stats.packets_lost;
  return { stats, lossFrom: lostShare(lost, stats.packets_received - before.stats.packets_received) };
}

function worst(...values: readonly (number | null | undefined)[]): number | null {
  const known = values.filter((value) => value !== null && value !== undefined);
  return known.length === 0 ? null : Math.max(...known);
}

function least(...values: readonly (number | null | undefined)[]): number | null {
  const known = values.filter((value) => value !== null && value !== undefined);
  return known.length === 0 ? null : Math.min(...known);
}

/**
 * Loss and delay come before width: who loses packets is not helped by a smaller picture alone.
 *
 * @param isReduced a picture of the call is smaller than it could be. What a line carries is estimated from what is sent
 * over it: a low figure says nothing while nothing has to give way.
 */
export function lineState(
  loss: number | null,
  availableBps: number | null,
  roundTripS: number | null,
  isReduced: boolean,
): LineState | null {
  if (loss === null && availableBps === null && roundTripS === null) return null;
  if ((loss ?? 0) >= UNSTEADY_LOSS || (roundTripS ?? 0) >= UNSTEADY_TRIP_S) return "unsteady";
  return isReduced && availableBps !== null && availableBps < NARROW_BPS ? "narrow" : "good";
}

/** Half of each side's round trip, and the time the picture waits before it is shown. */
export function delayOf(one: number | null, other: number | null, bufferS: number | null): number | null {
  if (one === null || other === null) return null;
  return (one + other) / 2 + (bufferS ?? 0);
}

/**
 * @param own this page's leg, `other` the other side's, as the service sees them.
 * @param asked what the service asked of this page's picture.
 */
export function judge(sample: Sample, own: Leg | undefined, other: Leg | undefined, asked: Encoding | null): Quality {
  const ownTrip = sample.roundTripS ?? own?.stats.round_trip_time_s ?? null;
  const otherTrip = other?.stats.round_trip_time_s ?? null;
  const ownLoss = worst(sample.sent.loss, sample.received.loss, own?.lossFrom, own?.stats.fraction_lost);
  const otherLoss = worst(other?.lossFrom, other?.stats.fraction_lost);
  const available = least(sample.availableBps, own?.stats.available_outgoing_bitrate_bps);
  const ownIsReduced = (asked !== null && asked.scale_resolution_down_by > 1) || sample.sent.isNarrowed;
  const otherIsReduced = isSmall(sample.received);
  const isReduced = ownIsReduced || otherIsReduced;
  return {
    own: {
      ...ownFlow(sample, own, other),
      level: null,
      delayS: delayOf(ownTrip, otherTrip, sample.received.bufferS),
      freezes: own?.stats.freeze_count ?? 0,
      isReduced: ownIsReduced,
      isRepaired: (worst(own?.lossFrom, sample.sent.loss, other?.stats.fraction_lost) ?? 0) >= REPAIRED_LOSS,
    },
    other: {
      ...sample.received,
      level: null,
      delayS: delayOf(ownTrip, otherTrip, sample.received.bufferS),
      isReduced: otherIsReduced,
      isRepaired: (worst(other?.lossFrom, sample.received.loss, own?.stats.fraction_lost) ?? 0) >= REPAIRED_LOSS,
    },
    ownLine: { state: lineState(ownLoss, available, ownTrip, isReduced), loss: ownLoss, roundTripS: ownTrip },
    otherLine: {
      state: lineState(otherLoss, other?.stats.available_outgoing_bitrate_bps ?? null, otherTrip, isReduced),
      loss: otherLoss,
      roundTripS: otherTrip,
    },
    isRelayed: sample.isRelayed,
  };
}

/** What goes on from the service to the other side, where it tells; else what arrives there from here. */
function ownFlow(sample: Sample, own: Leg | undefined, other: Leg | undefined): Flow {
  const { sent } = sample;
  if (own === undefined) return sent;
  const passedOn = other?.stats.sent_frames_per_second ?? 0;
  const hasPicture = own.stats.frames_per_second > 0 || own.stats.codec !== null;
  return {
    fps: hasPicture ? passedOn || own.stats.frames_per_second : null,
    width: own.stats.frame_width ?? sent.width,
    height: own.stats.frame_height ?? sent.height,
    bps: own.stats.bitrate_bps || sent.bps,
    loss: worst(own.lossFrom, sent.loss),
    codec: own.stats.codec ?? sent.codec,
  };
}

function isSmall({ width, height }: Flow): boolean {
  return width > 0 && width * height < SMALL_PIXELS;
}

/** What the person can do, if anything: about the own line first, it is the one in reach. */
export function helpFor(quality: Quality): Help {
  const isBad = (line: Line): boolean => line.state !== null && line.state !== "good";
  if (isBad(quality.ownLine)) return "own_line";
  if (isBad(quality.otherLine)) return "other_line";
  return quality.own.level !== null && quality.own.level !== "good" ? "camera" : "nothing";
}
