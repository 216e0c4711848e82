import assert from "node:assert/strict";
import { test } from "node:test";
import { CameraCheck } from "../shared/camera_check.ts";
import type { Answer, Outgoing } from "../shared/connection.ts";
import type { CallMedia } from "../shared/media.ts";
import type { AdviceCode, CheckState, VisibilityMessage } from "../shared/protocol.d.ts";
import { adviceIn, askable, askedFor, isSaidLarge, Readability, stillAsked, type Asked } from "../shared/readability.ts";

function reading(advice: VisibilityMessage["advice"], level: VisibilityMessage["level"], call_id = "call-1"): VisibilityMessage {
  return { type: "visibility", call_id, whose: "signer", level, advice, measures: {} };
}

/** Readings once a second from one second on, until nothing is asked for any more; the second of that, or null. */
function goesAt(asked: Asked, levels: readonly VisibilityMessage["level"][]): number | null {
  let now: Asked | null = asked;
  for (const [index, level] of levels.entries()) {
    now = stillAsked(now, { level, advice: level === "good" ? "good" : level === "off" ? "not_measured" : "hands_cut" }, (index + 1) * 1_000);
    if (now === null) return index + 1;
  }
  return null;
}

test("what was asked for goes when the picture was bad and has been good for three seconds", () => {
  const asked = askedFor("hands_cut", "poor", 0);
  assert.equal(goesAt(asked, ["poor", "good", "good", "good", "good"]), 5);
  assert.equal(goesAt(asked, ["good", "good", "fair", "good", "good", "good", "good"]), 7);
  assert.equal(goesAt(asked, ["off", "off", "off", "off", "off"]), null);
});

test("asked for although the service finds the picture good, it stays long enough to be read", () => {
  const good = Array<"good">(20).fill("good");
  assert.equal(goesAt(askedFor(null, "good", 0), good), 15);
  assert.equal(goesAt(askedFor(null, null, 0), good), 16);
});

test("newer advice takes the place of what was asked for, but praise and what no camera mends do not", () => {
  const readability = new Readability();
  readability.cameraAsked({ type: "camera.asked", call_id: "call-1", advice: "hands_cut" });
  const askedAfter = (advice: VisibilityMessage["advice"], level: VisibilityMessage["level"]): AdviceCode | null | undefined => {
    readability.came(reading(advice, level), true);
    return readability.asked.value?.advice;
  };
  assert.equal(askedAfter("too_far", "fair"), "too_far");
  assert.equal(askedAfter("low_frame_rate", "fair"), "too_far");
  assert.equal(askedAfter("not_measured", "off"), "too_far");
  assert.equal(askedAfter("good", "good"), "too_far");
});

test("words beside the large panel are hidden when it says the same, never when they say something else", () => {
  const asked = askedFor("hands_cut", "poor", 0);
  assert.ok(isSaidLarge(asked, reading("hands_cut", "poor")));
  assert.ok(isSaidLarge(asked, reading("good", "good")));
  assert.ok(!isSaidLarge(asked, reading("low_frame_rate", "fair")));
  assert.ok(!isSaidLarge(null, reading("hands_cut", "poor")));
});

test("advice is asked for by name where moving the camera mends it, praise and what is not measured are not", () => {
  assert.equal(askable(reading("too_dark", "poor")), "too_dark");
  for (const code of ["idle", "frozen", "low_frame_rate", "low_resolution"] as const) {
    assert.deepEqual([askable(reading(code, "fair")), adviceIn(reading(code, "fair"))], [null, code]);
  }
  for (const none of [null, reading("good", "good"), reading("no_video", "off"), reading("switched_off", "off")]) assert.equal(askable(none), null);
});

test("the own picture and the other's are told apart, and both are forgotten with the call", () => {
  const readability = new Readability();
  readability.came(reading("too_dark", "poor"), true);
  readability.came(reading("good", "good"), false);
  readability.cameraAsked({ type: "camera.asked", call_id: "call-1", advice: "too_dark" });
  assert.deepEqual([readability.own.value?.advice, readability.other.value?.advice, readability.asked.value?.wasBad], ["too_dark", "good", true]);
  readability.forget();
  assert.deepEqual([readability.own.value, readability.other.value, readability.asked.value], [null, null, null]);
});

const state = (check_id: string, running: boolean, ended: CheckState["ended"] = null): CheckState => ({ type: "check.state", check_id, running, until: null, ended });

function checkWith(answer: Partial<Answer> = { type: "ok" }): { check: CameraCheck; said: string[]; media: { callId: string; closed: number; close(): void } } {
  const said: string[] = [];
  const media = { callId: "", closed: 0, close: () => void (media.closed += 1) };
  const ask = (message: Outgoing): Promise<Answer> => {
    said.push(message.type);
    return Promise.resolve(answer as Answer);
  };
  return { check: new CameraCheck({ ask, media: media as unknown as CallMedia }), said, media };
}

test("a check runs from its name to its end, and only its own readings count", async () => {
  const { check, said, media } = checkWith();
  await check.start();
  assert.equal(check.phase.value, "starting");
  check.stateCame(state("check-1", true));
  media.callId = "check-1";
  check.readingCame(reading("too_dark", "poor", "check-0"));
  assert.equal(check.reading.value?.advice, undefined);
  check.readingCame(reading("too_dark", "poor", "check-1"));
  assert.equal(check.reading.value?.advice, "too_dark");
  check.stop();
  assert.deepEqual([check.phase.value, check.reading.value, media.closed, said.join(" ")], ["off", null, 1, "check.start check.stop"]);
  assert.ok(check.isOver("check-1"));
});

test("a check that ends because a call begins leaves the media of the call alone", async () => {
  const { check, media } = checkWith();
  await check.start();
  check.stateCame(state("check-1", true));
  media.callId = "call-1";
  check.stateCame(state("check-1", false, "call"));
  assert.deepEqual([check.phase.value, media.closed], ["off", 0]);
});

test("refused or full, it says so; its own time being over is no refusal", async () => {
  const refused = checkWith({ type: "error" });
  await refused.check.start();
  assert.equal(refused.check.phase.value, "refused");
  for (const [ended, phase] of [["busy", "refused"], ["no_worker", "refused"], ["over", "off"]] as const) {
    const { check } = checkWith();
    await check.start();
    check.stateCame(state("check-1", false, ended));
    assert.equal(check.phase.value, phase);
  }
});

test("after the connection was lost it begins again, and the end of the one before is not its own", async () => {
  const { check, said } = checkWith();
  await check.start();
  check.stateCame(state("check-1", true));
  check.connected();
  check.stateCame(state("check-1", false, "stopped"));
  assert.equal(check.phase.value, "starting");
  check.stateCame(state("check-2", true));
  assert.deepEqual([check.phase.value, said.length], ["running", 2]);
  check.stop();
});
