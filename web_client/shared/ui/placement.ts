// Where the own picture goes, and where the other's picture is put so that nothing covers it. Pure, in CSS pixels.
//
// The other's picture is shown whole, so there are bars at its sides or above and below it. The own picture sits on a
// bar wherever one is wide enough, if need be after pushing the other's picture aside. Where no bar is wide enough it
// takes a corner, so narrow that it stays outside the signing space of somebody who is framed as `framing.ts` says.

import type { Corner } from "./corners.ts";

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** :param x: :param y: share of the free width or height that lies before the other's picture, 0..1 (`object-position`). */
export interface Placement {
  readonly width: number;
  readonly x: number;
  readonly y: number;
}

const MARGIN = 10; // around the own picture; `--own-margin` in call.css
const WISHED_SHARE = 0.2; // of the stage's width
const LARGEST_SHARE = 0.28; // of the stage's width: telephones
const LARGEST_HEIGHT = 0.42; // of the stage's height: cameras held upright
const WIDEST = 280;
const NARROWEST = 92; // on a bar: two buttons of 44 px
const NARROWEST_ON_PICTURE = 64; // two of 32 px: better small than on the signing space
const CENTRE = 0.5;
const UPPER = 0.3; // on a screen held upright the picture is nearer to the camera than to the thumb

/** The size at which a picture is seen whole. :param aspect: width / height. */
export function whole(frame: Size, aspect: number): Size {
  const width = Math.min(frame.width, frame.height * aspect);
  return { width, height: width / aspect };
}

function wished(stage: Size, ownAspect: number): number {
  const byWidth = Math.min(WIDEST, Math.max(NARROWEST, stage.width * WISHED_SHARE), stage.width * LARGEST_SHARE);
  return Math.min(byWidth, stage.height * LARGEST_HEIGHT * ownAspect);
}

/** Share of the free space before the picture that leaves `need` on the wanted side; null when there is too little. */
function pushed(free: number, need: number, isAfter: boolean, usual: number): number | null {
  if (free < need) return null;
  return isAfter ? Math.min(usual, 1 - need / free) : Math.max(usual, need / free);
}

export function placeOwn(stage: Size, remoteAspect: number, ownAspect: number, corner: Corner): Placement {
  const picture = whole(stage, remoteAspect);
  const wish = wished(stage, ownAspect);
  const least = Math.min(NARROWEST, wish);

  const freeX = stage.width - picture.width;
  const besideWidth = Math.min(wish, freeX - 2 * MARGIN);
  const x = pushed(freeX, besideWidth + 2 * MARGIN, corner.endsWith("right"), CENTRE);
  if (besideWidth >= least && x !== null) return { width: besideWidth, x, y: CENTRE };

  const freeY = stage.height - picture.height;
  const belowWidth = Math.min(wish, (freeY - 2 * MARGIN) * ownAspect);
  const y = pushed(freeY, belowWidth / ownAspect + 2 * MARGIN, corner.startsWith("bottom"), UPPER);
  if (belowWidth >= least && y !== null) return { width: belowWidth, x: CENTRE, y };

  const outside = picture.width * WISHED_SHARE * Math.min(1, ownAspect);
  return { width: Math.min(wish, Math.max(NARROWEST_ON_PICTURE, outside)), x: CENTRE, y: CENTRE };
}
