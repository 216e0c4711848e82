// Where the own picture sits. Pure.

export const CORNERS = ["bottom-right", "bottom-left", "top-left", "top-right"] as const;
export type Corner = (typeof CORNERS)[number];

export function isCorner(value: unknown): value is Corner {
  return CORNERS.includes(value as Corner);
}

/** :param x: :param y: where the picture was let go, 0..1 of the stage. */
export function nearestCorner(x: number, y: number): Corner {
  return `${y < 0.5 ? "top" : "bottom"}-${x < 0.5 ? "left" : "right"}`;
}

export function nextCorner(corner: Corner): Corner {
  return CORNERS[(CORNERS.indexOf(corner) + 1) % CORNERS.length] ?? CORNERS[0];
}

/** The corner an arrow key leads to; null for any other key. */
export function moved(corner: Corner, key: string): Corner | null {
  const [vertical, horizontal] = corner.split("-") as ["top" | "bottom", "left" | "right"];
  if (key === "ArrowUp") return `top-${horizontal}`;
  if (key === "ArrowDown") return `bottom-${horizontal}`;
  if (key === "ArrowLeft") return `${vertical}-left`;
  return key === "ArrowRight" ? `${vertical}-right` : null;
}
