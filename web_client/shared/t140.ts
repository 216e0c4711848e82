// ITU-T T.140 real-time text: what two growing texts look like on the wire and on the screen. Pure.
//
// The wire is append-only with erasure: editing in the middle is erasing back to it and typing again. One backspace
// erases one grapheme, on both sides, so that "é" typed as two code points goes with one key.

const BACKSPACE = "\u0008";
export const LINE_SEPARATOR = "\u2028";
export const MISSING_TEXT = "\ufffd"; // RFC 4103 §5.4
/** s; after a line was cut browsers still take text for up to 7 s (unanswered checks), and a little for a slow line. */
const UNCERTAIN_S = 10;
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

/** "other" is whom the page is there for: the signer's agent, the agent's signer. "second" is who else is in the call. */
export type Writer = "own" | "other" | "second" | "phone";

export interface Line {
  readonly who: Writer;
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

function lastOf(lines: readonly Line[], who: Writer): number {
  return lines.findLastIndex((line) => line.who === who);
}

function write(lines: readonly Line[], who: Writer, text: string): readonly Line[] {
  const at = lastOf(lines, who);
  const line = lines[at];
  if (line === undefined || !line.open) return [...lines, { who, text, open: true }];
  return lines.with(at, { ...line, text: line.text + text });
}

/** The end of the party's last line is taken back. */
function reopened(lines: readonly Line[], who: Writer): readonly Line[] {
  const at = lastOf(lines, who);
  const line = lines[at];
  return line === undefined ? lines : lines.with(at, { ...line, open: true });
}

function erase(lines: readonly Line[], who: Writer): readonly Line[] {
  const at = lastOf(lines, who);
  const line = lines[at];
  if (line === undefined) return lines;
  if (!line.open) return reopened(lines, who);
  if (line.text === "") return reopened(lines.toSpliced(at, 1), who);
  return lines.with(at, { ...line, text: graphemes(line.text).slice(0, -1).join("") });
}

function endLine(lines: readonly Line[], who: Writer): readonly Line[] {
  const at = lastOf(lines, who);
  const line = lines[at];
  if (line === undefined || !line.open) return lines;
  return lines.with(at, { ...line, open: false });
}

/** The conversation after `who` sent `wire`. Each party's last line is where its characters go. */
export function receive(lines: readonly Line[], who: Writer, wire: string): readonly Line[] {
  let next = lines;
  for (const part of clean(wire).split(new RegExp(`([${BACKSPACE}${LINE_SEPARATOR}])`, "u"))) {
    if (part === BACKSPACE) next = erase(next, who);
    else if (part === LINE_SEPARATOR) next = endLine(next, who);
    else if (part !== "") next = write(next, who, part);
  }
  return next;
}

/** RFC 8865 §4.2.2: 30 characters a second on average over any 10 s. How many may leave now is `take`n from it. */
export class RateBudget {
  readonly #most: number;
  readonly #windowS: number;
  #taken: readonly (readonly [atS: number, count: number])[] = [];

  constructor(perSecond = 30, windowS = 10) {
    this.#most = perSecond * windowS;
    this.#windowS = windowS;
  }

  take(wanted: number, nowS: number): number {
    this.#taken = this.#taken.filter(([atS]) => nowS - atS < this.#windowS);
    const left = this.#taken.reduce((rest, [, count]) => rest - count, this.#most);
    const taken = Math.min(wanted, left);
    if (taken > 0) this.#taken = [...this.#taken, [nowS, taken]];
    return taken;
  }
}

/**
 * What still has to leave towards one party, whatever becomes of the channel to it. Text that was sent shortly before
 * the line was lost may have arrived or not: it is not sent again, the next channel begins with the missing-text mark.
 */
export class Outbox {
  readonly #budget = new RateBudget();
  #waiting: string;
  #sentAtS = -Infinity;
  #lostAtS: number | null = null;

  constructor(waiting = "") {
    this.#waiting = waiting;
  }

  get waiting(): string {
    return this.#waiting;
  }

  add(wire: string): void {
    this.#waiting += wire;
  }

  /** What leaves now, within the rate. */
  take(nowS: number): string {
    const characters = Array.from(this.#waiting);
    const taken = characters.slice(0, this.#budget.take(characters.length, nowS)).join("");
    this.#waiting = this.#waiting.slice(taken.length);
    if (taken !== "") this.#sentAtS = nowS;
    return taken;
  }

  /** The line is interrupted: it may come back, and deliver everything. */
  lineLost(nowS: number): void {
    this.#lostAtS ??= nowS;
  }

  lineBack(): void {
    this.#lostAtS = null;
  }

  /** Another channel takes the place of the one that text was sent into. */
  channelReplaced(nowS: number): void {
    const isUncertain = this.#sentAtS > (this.#lostAtS ?? nowS) - UNCERTAIN_S;
    if (isUncertain && !this.#waiting.startsWith(MISSING_TEXT)) this.#waiting = MISSING_TEXT + this.#waiting;
    this.#sentAtS = -Infinity;
    this.#lostAtS = null;
  }
}
