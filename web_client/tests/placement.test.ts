import assert from "node:assert/strict";
import { test } from "node:test";
import { accentOf, contrast } from "../shared/colours.ts";
import { CORNERS } from "../shared/ui/corners.ts";
import { framingOf } from "../shared/ui/framing.ts";
import { placeOwn, whole, type Size } from "../shared/ui/placement.ts";
import { secondsLeft } from "../workstation/countdown.ts";

const WIDE = 16 / 9;
const OLD = 4 / 3;
const UPRIGHT = 3 / 4;
const SIGNING_SPACE = 0.21; // of the picture's width is free at each side of the guide

interface Rect extends Size {
  readonly left: number;
  readonly top: number;
}

function shared(one: Rect, other: Rect): Size {
  const width = Math.min(one.left + one.width, other.left + other.width) - Math.max(one.left, other.left);
  const height = Math.min(one.top + one.height, other.top + other.height) - Math.max(one.top, other.top);
  return width > 0.01 && height > 0.01 ? { width, height } : { width: 0, height: 0 };
}

function rects(stage: Size, remote: number, own: number, corner: (typeof CORNERS)[number]): { picture: Rect; self: Rect } {
  const { width, x, y } = placeOwn(stage, remote, own, corner);
  const picture = whole(stage, remote);
  const height = width / own;
  return {
    picture: { ...picture, left: (stage.width - picture.width) * x, top: (stage.height - picture.height) * y },
    self: {
      width,
      height,
      left: corner.endsWith("left") ? 10 : stage.width - 10 - width,
      top: corner.startsWith("top") ? 10 : stage.height - 10 - height,
    },
  };
}

test("the own picture covers nothing of the other's on every screen that leaves a bar, in every corner", () => {
  const upright: readonly Size[] = [
    { width: 390, height: 660 },
    { width: 320, height: 430 },
    { width: 768, height: 850 },
  ];
  const lying: readonly Size[] = [
    { width: 900, height: 690 },
    { width: 986, height: 656 },
    { width: 1366, height: 652 },
    { width: 660, height: 300 },
  ];
  for (const stage of [...upright, ...lying]) {
    for (const corner of CORNERS) {
      for (const own of upright.includes(stage) ? [WIDE, OLD, UPRIGHT] : [WIDE]) {
        const { picture, self } = rects(stage, WIDE, own, corner);
        assert.deepEqual(shared(picture, self), { width: 0, height: 0 }, JSON.stringify({ stage, corner, own, picture, self }));
      }
    }
  }
});

test("without a bar the own picture keeps to a corner, outside the signing space", () => {
  for (const stage of [{ width: 946, height: 540 }, { width: 1280, height: 720 }, { width: 480, height: 270 }, { width: 390, height: 219 }, { width: 320, height: 180 }]) {
    for (const corner of CORNERS) {
      for (const own of [WIDE, OLD, UPRIGHT]) {
        const { picture, self } = rects(stage, WIDE, own, corner);
        assert.ok(shared(picture, self).width <= SIGNING_SPACE * picture.width, JSON.stringify({ stage, corner, self }));
      }
    }
  }
});

test("on a telephone the own picture takes at most 28 % of the width", () => {
  for (const width of [320, 360, 390, 430]) {
    for (const own of [WIDE, OLD, UPRIGHT]) assert.ok(placeOwn({ width, height: 700 }, WIDE, own, "bottom-right").width <= 0.28 * width + 0.01);
  }
});

test("the framing guide lies inside a picture of any shape, with room at its sides", () => {
  for (const aspect of [WIDE, OLD, 1, UPRIGHT, 9 / 16]) {
    const { width, height, scale } = framingOf(aspect);
    assert.ok(Math.abs(width / height - aspect) < 1e-9);
    assert.ok(92 * scale <= width - 7.9 && 82 * scale <= height);
  }
  assert.equal(framingOf(WIDE).scale, 1);
});

test("a brand's colours are taken only where they can be read", () => {
  assert.deepEqual(accentOf({ background: "#0b4f6c", text: "#ffffff" }), { background: "#0b4f6c", text: "#ffffff" });
  assert.equal(accentOf({ background: "#8ab4f8", text: "#ffffff" }), null);
  assert.equal(accentOf({ background: "url(x)", text: "#fff" }), null);
  assert.equal(accentOf(undefined), null);
  assert.equal(Math.round(contrast("#000", "#ffffff") ?? 0), 21);
  assert.ok((contrast("#767676", "#fff") ?? 0) >= 4.5 && (contrast("#777777", "#fff") ?? 9) < 4.5);
});

test("an alert of 20 seconds never says 21, however late the page's clock is", () => {
  assert.equal(secondsLeft(120, 99.2, 100), 20);
  assert.equal(secondsLeft(120, 40, 100), 20);
  assert.equal(secondsLeft(120, 110.4, 100), 10);
  assert.equal(secondsLeft(120, 300, 100), 0);
  assert.equal(secondsLeft(120, 110, null), 10);
  assert.equal(secondsLeft(120, 99.9, null), 20);
});
