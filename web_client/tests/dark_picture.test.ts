import assert from "node:assert/strict";
import { test } from "node:test";
import { DarkCourse, remediesFor, type Remedy } from "../shared/dark_picture.ts";
import type { VisibilityMessage } from "../shared/protocol.d.ts";

const CAMERA = {
  exposureMode: ["manual", "continuous"],
  exposureCompensation: { min: -2, max: 2 },
  brightness: { min: 0, max: 255 },
  frameRate: { min: 5, max: 30 },
};
const SET = { exposureMode: "manual", exposureCompensation: 0, brightness: 128, frameRate: 30 };

function reading(advice: VisibilityMessage["advice"], luma: number | null): Pick<VisibilityMessage, "level" | "advice" | "measures"> {
  return { level: advice === "good" ? "good" : "poor", advice, measures: { luma } };
}

const settings = (remedies: readonly Remedy[]): readonly string[] => remedies.map(({ setting }) => setting);

test("a dark picture is lightened by exposure first, by fewer pictures last, well above 20", () => {
  const remedies = remediesFor(CAMERA, SET);
  assert.deepEqual(settings(remedies), ["exposureMode", "exposureCompensation", "brightness", "frameRate"]);
  assert.deepEqual(remedies.at(-1), { setting: "frameRate", to: 24, back: 30 });
  assert.deepEqual(remedies[1], { setting: "exposureCompensation", to: 1, back: 0 });
});

test("what a camera cannot do, or does already, is not tried", () => {
  assert.deepEqual(remediesFor({}, {}), []);
  assert.deepEqual(remediesFor({}, { frameRate: 24 }), []);
  assert.deepEqual(settings(remediesFor({ frameRate: { min: 1, max: 30 } }, { frameRate: 30 })), ["frameRate"]);
  assert.deepEqual(remediesFor({ frameRate: { min: 25, max: 30 } }, { frameRate: 30 }), []);
  assert.deepEqual(settings(remediesFor(CAMERA, { ...SET, exposureMode: "continuous", exposureCompensation: 2, brightness: 255 })), ["frameRate"]);
});

test("a remedy that made the picture lighter stays, and the next one follows while it is still dark", () => {
  const course = new DarkCourse(remediesFor(CAMERA, SET));
  assert.equal(course.next(reading("good", 0.5), 0), null);
  assert.equal(course.next(reading("too_dark", 0.1), 1_000)?.remedy.setting, "exposureMode");
  assert.equal(course.next(reading("too_dark", 0.12), 4_000), null);
  const second = course.next(reading("too_dark", 0.12), 6_000);
  assert.deepEqual([second?.does, second?.remedy.setting], ["try", "exposureCompensation"]);
  assert.equal(course.next(reading("good", 0.3), 12_000), null);
});

test("a remedy that did not help is taken back before the next one is tried", () => {
  const course = new DarkCourse(remediesFor({ brightness: CAMERA.brightness, frameRate: CAMERA.frameRate }, SET));
  assert.equal(course.next(reading("too_dark", 0.1), 0)?.remedy.setting, "brightness");
  const back = course.next(reading("too_dark", 0.1), 5_000);
  assert.deepEqual([back?.does, back?.remedy.setting, back?.remedy.back], ["again", "brightness", 128]);
  assert.equal(course.next(reading("too_dark", 0.1), 6_000)?.remedy.setting, "frameRate");
  assert.equal(course.next(reading("hands_cut", null), 11_000)?.does, "again");
  assert.equal(course.next(reading("too_dark", 0.1), 12_000), null);
});

test("what was refused is not waited for, and light that came back takes the remedies back", () => {
  const course = new DarkCourse(remediesFor({ brightness: CAMERA.brightness, frameRate: CAMERA.frameRate }, SET));
  course.next(reading("too_dark", 0.1), 0);
  course.refused();
  assert.equal(course.next(reading("too_dark", 0.1), 1_000)?.remedy.setting, "frameRate");
  assert.equal(course.next(reading("good", 0.3), 7_000), null);
  assert.deepEqual(course.next(reading("too_bright", 0.9), 60_000), { remedy: { setting: "frameRate", to: 24, back: 30 }, does: "again" });
  assert.equal(course.next(reading("too_bright", 0.9), 61_000), null);
});
