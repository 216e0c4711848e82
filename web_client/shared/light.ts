// Is there light on the person? From a very small copy of the own picture, which never leaves the page. Pure.

export type Light = "good" | "dark" | "bright" | "backlit";

function luma(rgba: Uint8ClampedArray, pixel: number): number {
  const at = pixel * 4;
  return 0.2126 * (rgba[at] ?? 0) + 0.7152 * (rgba[at + 1] ?? 0) + 0.0722 * (rgba[at + 2] ?? 0);
}

const ABOVE_CLOTHES = 0.6; // of the height: lower down a dark jumper before a light wall would count as a dark person

/** :param rgba: `width * height` pixels, row by row, as ImageData holds them. */
export function lightOf(rgba: Uint8ClampedArray, width: number, height: number): Light {
  let centre = 0;
  let centreCount = 0;
  let edge = 0;
  let edgeCount = 0;
  for (let pixel = 0; pixel < width * Math.ceil(height * ABOVE_CLOTHES); pixel += 1) {
    const x = (pixel % width) / width;
    const isCentre = x > 0.3 && x < 0.7;
    if (isCentre) {
      centre += luma(rgba, pixel);
      centreCount += 1;
    } else {
      edge += luma(rgba, pixel);
      edgeCount += 1;
    }
  }
  centre /= Math.max(1, centreCount);
  edge /= Math.max(1, edgeCount);
  if (edge - centre > 70 && centre < 90) return "backlit";
  if (centre < 45) return "dark";
  return centre > 225 ? "bright" : "good";
}
