// A brand's own colours, where they can be read. Pure.

export interface Colours {
  readonly background: string;
  readonly text: string;
}

const READABLE = 4.5; // WCAG 2.2, 1.4.3

/** :returns: red, green, blue, 0..1; null for anything but `#rgb` and `#rrggbb`. */
function channels(colour: string): readonly number[] | null {
  const [, digits] = /^#([0-9a-f]{3}|[0-9a-f]{6})$/i.exec(colour.trim()) ?? [];
  if (digits === undefined) return null;
  const pairs = digits.length === 3 ? [...digits].map((digit) => digit + digit) : (digits.match(/../g) ?? []);
  return pairs.map((pair) => Number.parseInt(pair, 16) / 255);
}

/** Relative luminance as WCAG 2.2 defines it. */
function luminance(rgb: readonly number[]): number {
  const [red = 0, green = 0, blue = 0] = rgb.map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** 1..21; null when one of them is no colour. */
export function contrast(one: string, other: string): number | null {
  const [first, second] = [channels(one), channels(other)];
  if (first === null || second === null) return null;
  const [dark = 0, light = 0] = [luminance(first), luminance(second)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

/** The brand's colours for the head of its page; null when they are too close to each other to be read. */
export function accentOf(colours: Colours | undefined): Colours | null {
  if (colours === undefined) return null;
  const ratio = contrast(colours.background, colours.text);
  return ratio !== null && ratio >= READABLE ? colours : null;
}
