import assert from "node:assert/strict";
import { test } from "node:test";
import { Meter, Steady, type Sample } from "../shared/media_stats.ts";
import type { LegStats } from "../shared/protocol.d.ts";
import { delayOf, helpFor, judge, lineState, nextLeg, type Leg, type Quality } from "../shared/quality.ts";
import { fluidShare, segments } from "../workstation/trend.ts";

function report(second: number, more: Record<string, unknown> = {}): Record<string, unknown>[] {
  return [
    { id: "T", type: "transport", selectedCandidatePairId: "P" },
    { id: "P", type: "candidate-pair", localCandidateId: "L", remoteCandidateId: "R", currentRoundTripTime: 0.06, availableOutgoingBitrate: 900_000 },
    { id: "L", type: "local-candidate", candidateType: "host" },
    { id: "R", type: "remote-candidate", candidateType: "host" },
    { id: "C", type: "codec", mimeType: "video/VP8" },
    {
      id: "I", type: "inbound-rtp", kind: "video", codecId: "C", framesDecoded: 25 * second, framesPerSecond: 25, frameWidth: 1280, frameHeight: 720,
      bytesReceived: 100_000 * second, packetsReceived: 98 * second, packetsLost: 2 * second, jitterBufferDelay: 2.5 * second, jitterBufferEmittedCount: 25 * second, freezeCount: 1,
      ...more,
    },
    { id: "S", type: "media-source", kind: "video", width: 1280 },
    { id: "O", type: "outbound-rtp", kind: "video", codecId: "C", mediaSourceId: "S", framesPerSecond: 24, frameWidth: 640, frameHeight: 360, bytesSent: 50_000 * second, qualityLimitationReason: "bandwidth" },
    { id: "M", type: "remote-inbound-rtp", kind: "video", fractionLost: 0.01 },
  ];
}

test("counters of the browser become rates over the period", () => {
  const meter = new Meter();
  const first = meter.next(report(1), 1_000);
  assert.deepEqual([first.received.bps, first.received.loss, first.received.bufferS], [null, null, null]);
  const { received, sent, roundTripS, availableBps, isRelayed } = meter.next(report(3), 3_000);
  assert.deepEqual(received, { fps: 25, width: 1280, height: 720, bps: 800_000, loss: 0.02, codec: "VP8", freezes: 1, bufferS: 0.1 });
  assert.deepEqual(sent, { fps: 24, width: 640, height: 360, bps: 400_000, loss: 0.01, codec: "VP8", isNarrowed: true });
  assert.deepEqual([roundTripS, availableBps, isRelayed], [0.06, 900_000, false]);
});

test("a connection through TURN is known by either end, and a page without figures says nothing", () => {
  const through = report(1).map((entry) => (entry["id"] === "L" ? { ...entry, candidateType: "relay" } : entry));
  assert.equal(new Meter().next(through, 1_000).isRelayed, true);
  const nothing = new Meter().next([], 1_000);
  assert.deepEqual([nothing.isRelayed, nothing.received.fps, nothing.sent.fps, nothing.roundTripS], [null, null, null, null]);
});

test("without TURN's transport entry the pair in use is found by itself", () => {
  const plain = report(1)
    .filter((entry) => entry["id"] !== "T")
    .map((entry) => (entry["id"] === "P" ? { ...entry, nominated: true, state: "succeeded" } : entry));
  assert.equal(new Meter().next(plain, 1_000).roundTripS, 0.06);
});

const STATS: LegStats = {
  frames_per_second: 24, bitrate_bps: 1_200_000, packets_received: 1000, packets_lost: 0, jitter_s: 0.01, audio_level: null,
  frame_width: 1280, frame_height: 720, freeze_count: 0, total_freezes_duration_s: 0, nack_count: 0, pli_count: 0, codec: "VP8",
  fraction_lost: 0, round_trip_time_s: 0.08, sent_frames_per_second: 24, sent_bitrate_bps: 1_100_000, sent_second_frames_per_second: 0,
  available_outgoing_bitrate_bps: 2_000_000, packets_sent: 900, retransmitted_packets_sent: 0,
};

function leg(more: Partial<LegStats> = {}, lossFrom: number | null = 0): Leg {
  return { stats: { ...STATS, ...more }, lossFrom };
}

function sampled(): Sample {
  const meter = new Meter();
  meter.next(report(1), 1_000);
  const plain = report(3).map((entry) => (entry["id"] === "O" ? { ...entry, qualityLimitationReason: "none" } : entry));
  const sample = meter.next(plain, 3_000);
  return { ...sample, received: { ...sample.received, loss: 0 }, sent: { ...sample.sent, loss: 0 }, availableBps: 2_000_000 };
}

function levelled(quality: Quality): Quality {
  return { ...quality, own: { ...quality.own, level: "good" }, other: { ...quality.other, level: "good" } };
}

test("the own picture is judged by what the service passes on to the other side", () => {
  const quality = judge(sampled(), leg(), leg({ sent_frames_per_second: 15 }), null);
  assert.equal(quality.own.fps, 15);
  assert.equal(judge(sampled(), leg(), leg({ sent_frames_per_second: 0 }), null).own.fps, 24);
  assert.equal(judge(sampled(), leg({ frames_per_second: 0, codec: null }), leg(), null).own.fps, null, "no camera");
  assert.equal(judge(sampled(), undefined, undefined, null).own.fps, 24, "the service said nothing yet");
});

test("the delay is half of each side's round trip and the time before the picture is shown", () => {
  assert.equal(delayOf(0.1, 0.3, 0.1), 0.30000000000000004);
  assert.equal(delayOf(null, 0.3, 0.1), null);
});

test("a line is unsteady by loss or delay, narrow only when a picture had to give way", () => {
  assert.equal(lineState(0.01, 2_000_000, 0.1, true), "good");
  assert.equal(lineState(0.03, 2_000_000, 0.1, false), "unsteady");
  assert.equal(lineState(0, 2_000_000, 0.5, false), "unsteady");
  assert.equal(lineState(0, 200_000, 0.1, true), "narrow");
  assert.equal(lineState(0, 200_000, 0.1, false), "good", "little is sent: the estimate is low");
  assert.equal(lineState(null, null, null, true), null);
});

test("what was asked of the page is said as what the service does", () => {
  const asked = { max_bitrate_bps: 250_000, scale_resolution_down_by: 2, max_framerate: 25 };
  const quality = judge(sampled(), leg(), leg({ available_outgoing_bitrate_bps: 260_000, fraction_lost: 0.01 }), asked);
  assert.equal(quality.own.isReduced, true);
  assert.equal(quality.own.isRepaired, true);
  assert.equal(quality.otherLine.state, "narrow");
  assert.equal(judge(sampled(), leg(), leg(), { ...asked, scale_resolution_down_by: 1 }).own.isReduced, false);
});

test("help is about the own line first, and leaves alone whoever can do nothing", () => {
  const both = judge(sampled(), leg({}, 0.05), leg({}, 0.05), null);
  assert.equal(helpFor(levelled(both)), "own_line");
  assert.equal(helpFor(levelled(judge(sampled(), leg(), leg({}, 0.05), null))), "other_line");
  const good = levelled(judge(sampled(), leg(), leg(), null));
  assert.equal(helpFor(good), "nothing");
  assert.equal(helpFor({ ...good, own: { ...good.own, level: "warn" } }), "camera");
});

test("loss of a leg is counted from one message to the next, and a new connection begins anew", () => {
  const first = nextLeg(undefined, STATS);
  assert.equal(first.lossFrom, null);
  const second = nextLeg(first, { ...STATS, packets_received: 1090, packets_lost: 10 });
  assert.equal(second.lossFrom, 0.1);
  assert.equal(nextLeg(second, { ...STATS, packets_received: 50, packets_lost: 0 }).lossFrom, null);
});

test("a line is named only after three samples that say the same", () => {
  const steady = new Steady<string>(3, false);
  const shown = ["narrow", "narrow", "good", "good", "good", "narrow", "good"].map((state) => steady.next(state));
  assert.deepEqual(shown, [null, null, null, null, "good", "good", "good"]);
});

test("the trend of a call has gaps where no picture was, and its share counts only what was measured", () => {
  assert.equal(fluidShare([25, 20, 19, null]), 2 / 3);
  assert.equal(fluidShare([null]), null);
  assert.equal(fluidShare([]), null);
  assert.deepEqual(segments([25, null, 10, 20], 40), [
    [{ x: 0, rate: 25 }, { x: 10, rate: 25 }],
    [{ x: 20, rate: 10 }, { x: 30, rate: 10 }, { x: 40, rate: 20 }],
  ]);
});
