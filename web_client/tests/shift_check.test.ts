import assert from "node:assert/strict";
import { test } from "node:test";
import { headsetFound, left, lineFound, pictureFound, verdict } from "../workstation/check_summary.ts";
import { levelOf, voicedLooks } from "../workstation/sound_check.ts";

const sine = (peak: number): Float32Array => Float32Array.from({ length: 2_048 }, (_, index) => peak * Math.sin(index / 7));

test("the microphone's bar is empty in silence, full at full scale, and moves as loudness is felt", () => {
  assert.equal(levelOf(new Float32Array(2_048)), 0);
  assert.equal(levelOf(new Float32Array()), 0);
  assert.equal(levelOf(new Float32Array(2_048).fill(1)), 1);
  assert.ok(Math.abs(levelOf(sine(0.1)) - (60 - 23) / 60) < 0.01); // -20 dB of amplitude, -3 dB for a sine
  assert.equal(levelOf(sine(0.0001)), 0);
});

test("a knock is no voice, somebody who speaks is", () => {
  const looks = (levels: readonly number[]): number => levels.reduce(voicedLooks, 0);
  assert.equal(looks([0.8, 0.1, 0.6]), 1);
  assert.equal(looks([0.1, 0.5, 0.6, 0.4]), 3);
});

test("all is ready when picture, headset and line are good, or do not concern the person", () => {
  assert.equal(verdict({ picture: "good", headset: "good", line: "good" }), "ready");
  assert.equal(verdict({ picture: "good", headset: "skipped", line: "good" }), "ready");
  assert.equal(verdict({ picture: "good", headset: "pending", line: "good" }), "pending");
  assert.deepEqual(verdict({ picture: "poor", headset: "pending", line: "poor" }), ["picture", "line"]);
});

test("what is still missing of the check is named: of the headset first the voice, then the tone", () => {
  const summary = { picture: "good", headset: "pending", line: "pending" } as const;
  assert.deepEqual(left(summary, false), ["voice", "line"]);
  assert.deepEqual(left({ ...summary, line: "good" }, true), ["tone"]);
  assert.deepEqual(left({ picture: "pending", headset: "good", line: "poor" }, true), ["picture"]);
});

test("a headset is good when a voice came in and the tone was heard; who works without sound is not asked", () => {
  assert.equal(headsetFound(true, true, true), "good");
  assert.equal(headsetFound(true, true, null), "pending");
  assert.equal(headsetFound(true, false, true), "pending");
  assert.equal(headsetFound(true, true, false), "poor");
  assert.equal(headsetFound(false, false, null), "skipped");
});

test("a picture that is not measured stands in nobody's way", () => {
  assert.equal(pictureFound(null, false), "skipped");
  assert.equal(pictureFound(null, true), "pending");
  assert.equal(pictureFound({ level: "off", advice: "not_measured" }, true), "pending");
  assert.equal(pictureFound({ level: "off", advice: "no_video" }, true), "poor");
  assert.equal(pictureFound({ level: "good", advice: "good" }, true), "good");
  assert.deepEqual([lineFound(null), lineFound("good"), lineFound("narrow")], ["pending", "good", "poor"]);
});
