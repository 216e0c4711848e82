// ITU-T T.140 real-time text: what two growing texts look like on the wire and on the screen. Pure.
//
// The wire is append-only with erasure: editing in the middle is erasing back to it and typing again. One backspace
// erases one grapheme, on both sides, so that "é" typed as two code points goes with one key.

const BACKSPACE = "\u0008";
export const LINE_SEPARATOR = "\u2028";
const SEGMENTER = new Intl.Segmenter(undefined, { granularity: "grapheme" });

export function graphemes(text: string): string[] {
  return Array.from(SEGMENTER.segment(text), (part) => part.segment);
}

/** What to send so that a reader of `before` reads `after`. */
export function difference(before: string, after: string): string {
  const old = graphemes(before);
  const fresh = graphemes(after);
  let same = 0;
  while (same < old.length && same < fresh.length && old[same] === fresh[same]) same += 1;
  return BACKSPACE.repeat(old.length - same) + fresh.slice(same).join("");
}

export interface Line {
  readonly who: "own" | "other";
  readonly text: string;
  /** Still being written. */
  readonly open: boolean;
}

/** Alert, formatting and byte-order marks carry nothing here; CR LF and LF are line ends of lenient senders. */
function clean(wire: string): string {
  return wire
    .replace(/\u009b[^\u006d]*m/g, "") // SGR: CSI … m
    .replace(/[\u0007\ufeff\u0098\u009c]/g, "")
    .replace(/\r\n?|\n/g, LINE_SEPARATOR);
}

function lastOf(lines: readonly Line[], who: Line["who"]): number {
  return lines.findLastIndex((line) => line.who === who);
}

function write(lines: readonly Line[], who: Line["who"], text: string): readonly Line[] {
  const at = lastOf(lines, who);
  const line = lines[at];
  if (line === undefined || !line.open) return [...lines, { who, text, open: true }];
  return lines.with(at, { ...line, text: line.text + text });
}

/** The end of the party's last line is taken back. */
function reopened(lines: readonly Line[], who: Line["who"]): readonly Line[] {
  const at = lastOf(lines, who);
  const line = lines[at];
  return line === undefined ? lines : lines.with(at, { ...line, open: true });
}

function erase(lines: readonly Line[], who: Line["who"]): readonly Line[] {
  const at = lastOf(lines, who);
  const line = lines[at];
  if (line === undefined) return lines;
  if (!line.open) return reopened(lines, who);
  if (line.text === "") return reopened(lines.toSpliced(at, 1), who);
  return lines.with(at, { ...line, text: graphemes(line.text).slice(0, -1).join("") });
}

function endLine(lines: readonly Line[], who: Line["who"]): readonly Line[] {
  const at = lastOf(lines, who);
  const line = lines[at];
  if (line === undefined || !line.open) return lines;
  return lines.with(at, { ...line, open: false });
}

/** The conversation after `who` sent `wire`. Each party's last line is where its characters go. */
export function receive(lines: readonly Line[], who: Line["who"], wire: string): readonly Line[] {
  let next = lines;
  for (const part of clean(wire).split(new RegExp(`([${BACKSPACE}${LINE_SEPARATOR}])`, "u"))) {
    if (part === BACKSPACE) next = erase(next, who);
    else if (part === LINE_SEPARATOR) next = endLine(next, who);
    else if (part !== "") next = write(next, who, part);
  }
  return next;
}

/** RFC 8865: 30 characters a second on average over 10 s. How many may leave now is `take`n from it. */
export class RateBudget {
  readonly #perSecond: number;
  readonly #most: number;
  #left: number;
  #at: number;

  constructor(nowS: number, perSecond = 30, windowS = 10) {
    this.#perSecond = perSecond;
    this.#most = perSecond * windowS;
    this.#left = this.#most;
    this.#at = nowS;
  }

  take(wanted: number, nowS: number): number {
    this.#left = Math.min(this.#most, this.#left + (nowS - this.#at) * this.#perSecond);
    this.#at = nowS;
    const taken = Math.min(wanted, Math.floor(this.#left));
    this.#left -= taken;
    return taken;
  }
}
