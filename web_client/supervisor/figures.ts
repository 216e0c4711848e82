// How the board's figures read. Pure but for the language.

import { clock, waitRange } from "../shared/format.ts";
import type { Board, BoardQueue } from "../shared/protocol.d.ts";
import { locale } from "../shared/i18n.ts";
import { b } from "./words.ts";

export const NOTHING = "–";

/** Share 0..1 as a whole percentage. */
export function percent(share: number | null): string {
  if (share === null) return NOTHING;
  return new Intl.NumberFormat(locale.value, { style: "percent", maximumFractionDigits: 0 }).format(share);
}

/** Longest wait now: the board says it as of its own time. */
export function longestWait(queue: BoardQueue, board: Board, now: number): number | null {
  return queue.longest_wait_s === null ? null : queue.longest_wait_s + Math.max(0, now - board.now);
}

export function waited(seconds: number | null): string {
  return seconds === null ? NOTHING : clock(seconds);
}

export function expected(queue: BoardQueue): string {
  const range = waitRange(queue.wait_low_s, queue.wait_high_s);
  return range === null ? NOTHING : b("queues.expected_range", { low: range[0], high: range[1] });
}

/** `Relais LSF`, `Mairie de Démonstration LSF`. */
export function queueName(queue: { readonly queue: string; readonly brand_name?: string | null; readonly mode: string | null }): string {
  const [first = "", last = ""] = queue.queue.split("/");
  const who = queue.brand_name ?? (first === "relay" ? b("queues.relay") : first);
  return `${who} ${queue.mode ?? last}`.trim();
}

export interface Totals {
  readonly waiting: number;
  readonly callbacks: number;
  readonly longest: number | null;
  /** Of the queues that had calls in the last half hour, the one that does worst. */
  readonly level: number | null;
  readonly idle: number;
  readonly atWork: number;
}

const AT_WORK: ReadonlySet<string> = new Set(["idle", "alerting", "engaged", "hold", "wrap_up"]);

export function totals(board: Board, now: number): Totals {
  const waits = board.queues.map((queue) => longestWait(queue, board, now)).filter((wait) => wait !== null);
  const levels = board.queues.map((queue) => queue.service_level_now).filter((level) => level !== null);
  return {
    waiting: board.queues.reduce((sum, queue) => sum + queue.waiting, 0),
    callbacks: board.queues.reduce((sum, queue) => sum + queue.callbacks, 0),
    longest: waits.length === 0 ? null : Math.max(...waits),
    level: levels.length === 0 ? null : Math.min(...levels),
    idle: board.agents.filter((agent) => agent.state === "idle").length,
    atWork: board.agents.filter((agent) => AT_WORK.has(agent.state)).length,
  };
}
