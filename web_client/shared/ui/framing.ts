// The framing guide: signing space from above the head to below the waist, an elbow's width at each side. Pure.

const HEIGHT = 90;
const SPACE = { width: 92, height: 82 } as const; // in a picture of 160 × 90
const BORDER = 4;

/** In units of the drawing, whose shape is the picture's: the guide lies on the picture however that is shown. */
export interface Framing {
  readonly width: number;
  readonly height: number;
  /** Of the drawn space, which is `SPACE` large and centred on the origin. */
  readonly scale: number;
}

/** :param aspect: width / height of the camera's picture; in an upright one the whole space is smaller, never cut. */
export function framingOf(aspect: number): Framing {
  const width = HEIGHT * aspect;
  return { width, height: HEIGHT, scale: Math.min(1, (width - 2 * BORDER) / SPACE.width) };
}
