import assert from "node:assert/strict";
import { test } from "node:test";
import { progress, Standstill } from "../shared/standstill.ts";
import { isGap } from "../shared/wake.ts";

test("what never moved is not missed: a connection without media stands for itself", () => {
  const standstill = new Standstill();
  assert.equal(standstill.next(0, 0), false);
  assert.equal(standstill.next(0, 60_000), false);
});

test("media that was there is missed after two seconds, and found again with the first packet", () => {
  const standstill = new Standstill();
  standstill.next(100, 0);
  assert.equal(standstill.next(100, 1_900), false);
  assert.equal(standstill.next(100, 2_000), true);
  assert.equal(standstill.isStill(2_500), true);
  assert.equal(standstill.next(101, 2_600), false);
});

test("the time asleep does not count, but after it media has to come sooner", () => {
  const standstill = new Standstill();
  standstill.next(100, 0);
  standstill.doubt(20_000);
  assert.equal(standstill.next(100, 21_000), false);
  assert.equal(standstill.next(100, 21_500), true);
  standstill.next(200, 22_000);
  assert.equal(standstill.next(200, 23_900), false, "the usual limit again");
});

test("media from the service and its reports on ours are progress; connectivity checks are not", () => {
  const entries = [
    { type: "inbound-rtp", bytesReceived: 1000 },
    { type: "remote-inbound-rtp", roundTripTimeMeasurements: 3 },
    { type: "candidate-pair", bytesReceived: 5000, responsesReceived: 7 },
    { type: "remote-inbound-rtp" },
  ];
  assert.equal(progress(entries), 1003);
});

test("a clock that jumps, forward or back, tells of sleep; a late timer does not", () => {
  assert.deepEqual([isGap(0, 1_000), isGap(0, 4_000), isGap(0, 20_000), isGap(20_000, 0)], [false, false, true, true]);
});
