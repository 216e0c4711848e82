import assert from "node:assert/strict";
import { test } from "node:test";
import { phoneWords } from "../shared/call_words.ts";
import { caretAfter, clock, formatNumber, timeAt, waitRange } from "../shared/format.ts";
import { lightOf } from "../shared/light.ts";
import { levelOf, Steady, SteadyRate } from "../shared/media_stats.ts";
import type { CallStateMessage } from "../shared/protocol.d.ts";
import { moved, nearestCorner, nextCorner } from "../shared/ui/corners.ts";
import { causes, lastMinute, Minute, shares, type Moment } from "../workstation/minute.ts";

test("a French number is grouped as it is typed", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["0199000001", "01 99 00 00 01"],
    ["01.99.00.00.01", "01 99 00 00 01"],
    ["019", "01 9"],
    ["+33199000001", "+33 1 99 00 00 01"],
    ["0033199000001", "+33 1 99 00 00 01"],
    ["3939", "39 39"],
    ["114", "114"],
    ["+4915112345678", "+4915112345678"],
    ["sip:essai@exemple.fr", "sip:essai@exemple.fr"],
    ["", ""],
  ];
  for (const [typed, formatted] of cases) assert.equal(formatNumber(typed), formatted);
});

test("the caret stays behind the digit just typed", () => {
  assert.equal(caretAfter("01 99 00", 3), 4);
  assert.equal(caretAfter("01 99 00", 6), 8);
  assert.equal(caretAfter("+33 1 99", 4), 5);
});

test("durations and waits read as people say them", () => {
  assert.deepEqual([clock(7), clock(247), clock(3729)], ["0:07", "4:07", "1:02:09"]);
  assert.deepEqual(waitRange(60, 170), [1, 3]);
  assert.deepEqual(waitRange(0, 20), [0, 1]);
  assert.equal(waitRange(null, null), null);
});

test("the frame rate decides the word, and one odd sample does not change it", () => {
  assert.deepEqual([levelOf(25), levelOf(19), levelOf(11), levelOf(null)], ["good", "warn", "critical", null]);
  const steady = new Steady();
  const shown = (["good", "warn", "good", "warn", "warn", "critical"] as const).map((level) => steady.next(level));
  assert.deepEqual(shown, ["good", "good", "good", "good", "warn", "warn"]);
});

function picture(centre: number, edge: number): Uint8ClampedArray {
  const rgba = new Uint8ClampedArray(32 * 18 * 4);
  for (let pixel = 0; pixel < 32 * 18; pixel += 1) {
    const x = (pixel % 32) / 32;
    rgba.fill(x > 0.3 && x < 0.7 ? centre : edge, pixel * 4, pixel * 4 + 4);
  }
  return rgba;
}

test("light is judged on the middle of the picture, against its sides", () => {
  assert.equal(lightOf(picture(130, 120), 32, 18), "good");
  assert.equal(lightOf(picture(20, 30), 32, 18), "dark");
  assert.equal(lightOf(picture(60, 220), 32, 18), "backlit");
  assert.equal(lightOf(picture(250, 240), 32, 18), "bright");
  const darkClothes = picture(130, 220);
  darkClothes.set(picture(20, 220).subarray(32 * 11 * 4), 32 * 11 * 4);
  assert.equal(lightOf(darkClothes, 32, 18), "good");
});

test("the own picture reaches every corner by drag, by button and by arrow keys", () => {
  assert.equal(nearestCorner(0.1, 0.9), "bottom-left");
  assert.equal(nearestCorner(0.9, 0.2), "top-right");
  assert.equal(nextCorner("top-right"), "bottom-right");
  assert.equal(moved("bottom-right", "ArrowUp"), "top-right");
  assert.equal(moved("bottom-right", "ArrowLeft"), "bottom-left");
  assert.equal(moved("bottom-right", "a"), null);
});

function minute(...levels: readonly Moment["level"][]): readonly Moment[] {
  return levels.map((level, at) => ({ at, level, advice: level === "off" ? "not_measured" : level === "good" ? "good" : "too_far" }));
}

test("the last minute leaves out what was not measured", () => {
  assert.deepEqual(shares(minute("good", "good", "off", "poor", "fair")), { good: 50, fair: 25, poor: 25 });
  assert.deepEqual(shares(minute("off")), { good: 0, fair: 0, poor: 0 });
});

test("the last minute is one by the clock: what is older goes, whether or not anything came since", () => {
  const kept = new Minute();
  for (const at of [100, 101, 155]) kept.add({ at, level: "poor", advice: "too_far" });
  const at = (now: number): readonly number[] => lastMinute(kept.moments.value, now).map((moment) => moment.at);
  assert.deepEqual([at(159), at(160), at(300)], [[100, 101, 155], [101, 155], []]);
});

test("the last minute says what it was that could not be read, the longest first", () => {
  const dark: Moment = { at: 0, level: "poor", advice: "too_dark" };
  const cut: Moment = { at: 0, level: "fair", advice: "hands_cut" };
  const far: Moment = { at: 0, level: "fair", advice: "too_far" };
  assert.deepEqual(causes([cut, dark, far, cut, dark, dark, ...minute("good", "off")]), [
    { advice: "too_dark", seconds: 3 },
    { advice: "hands_cut", seconds: 2 },
  ]);
  assert.deepEqual(causes(minute("good", "off")), []);
});

test("an opening time is said in the time of the brand, with the day unless it is today there", () => {
  const at = Date.UTC(2027, 0, 15, 20, 30) / 1000; // Friday; already Saturday on Réunion
  assert.equal(timeAt(at, at - 60, "Europe/Paris", "fr"), "21:30");
  assert.equal(timeAt(at, at - 60, "Indian/Reunion", "fr"), "00:30");
  assert.equal(timeAt(at, at - 7200, "Indian/Reunion", "fr"), "samedi 00:30");
});

test("a word about the frame rate never stands beside a number of another word", () => {
  const rate = new SteadyRate();
  assert.deepEqual(rate.next(29), { level: "good", fps: 29 });
  assert.deepEqual(rate.next(17), { level: "good", fps: 29 });
  assert.deepEqual(rate.next(16), { level: "warn", fps: 16 });
  assert.deepEqual(rate.next(28), { level: "warn", fps: 16 });
  assert.deepEqual(rate.next(30), { level: "good", fps: 30 });
});

test("a picture that stands still is said at once, and that there is none after two samples", () => {
  const rate = new SteadyRate();
  rate.next(30);
  assert.deepEqual(rate.next(0), { level: "critical", fps: 0 });
  rate.next(null);
  assert.deepEqual(rate.next(null), { level: null, fps: null });
});

test("a connection that has just begun is not called jerky before a third look", () => {
  const rate = new SteadyRate();
  assert.deepEqual(rate.next(null), { level: null, fps: null });
  assert.deepEqual(rate.next(0), { level: null, fps: null });
  assert.deepEqual(rate.next(6), { level: null, fps: null });
  assert.deepEqual(rate.next(29), { level: "good", fps: 29 });
  const slow = new SteadyRate();
  for (const fps of [0, 6]) assert.equal(slow.next(fps).level, null);
  assert.deepEqual(slow.next(7), { level: "critical", fps: 7 });
});

test("the signer reads that a second phone party is on the line, and that a message waits to be interpreted", () => {
  const line = { number: "01 99 00 00 10", progress: "answered", outcome: null, held: false };
  const call = { kind: "relay", state: "active", leg: "signer", direction: "outgoing", has_message: false, phone: line, joined: null };
  const words = (change: object, role: "signer" | "agent" = "signer"): string =>
    phoneWords({ ...call, ...change } as unknown as CallStateMessage, role).replaceAll("\u00a0", " ");
  const second = { ...line, number: "01 99 00 00 01" };
  assert.equal(words({}), "En ligne avec 01 99 00 00 10");
  assert.equal(words({ joined: second }), "En ligne avec 01 99 00 00 10 et 01 99 00 00 01");
  assert.equal(words({ joined: { ...second, progress: "ringing" } }), "En ligne avec 01 99 00 00 10");
  assert.equal(words({ joined: { ...second, outcome: "released" } }), "En ligne avec 01 99 00 00 10");
  assert.equal(words({ joined: second }, "agent"), "En ligne avec 01 99 00 00 10");
  assert.equal(words({ state: "briefing", has_message: true }, "agent"), "Un message vocal à traduire.");
});
