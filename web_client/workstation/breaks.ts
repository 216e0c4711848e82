// Breaks of this shift, counted from the own states. Pure; times in Unix seconds.

import type { AgentView } from "../shared/protocol.d.ts";

export const BREAK_MIN_S = 300; // a shorter stop rests nobody (QueueConfig.break_min_s)

/** :param shift: when the shift began, whose breaks these are. :param since: of the pause that is going on. */
export interface BreakLog {
  readonly shift: number | null;
  readonly count: number;
  readonly since: number | null;
}

const NOTHING: BreakLog = { shift: null, count: 0, since: null };

export function keptBreaks(kept: string | null): BreakLog {
  try {
    const found: unknown = JSON.parse(kept ?? "null");
    if (typeof found !== "object" || found === null) return NOTHING;
    const { shift, count, since } = found as Record<string, unknown>;
    const time = (value: unknown): number | null => (typeof value === "number" ? value : null);
    return { shift: time(shift), count: typeof count === "number" ? count : 0, since: time(since) };
  } catch {
    return NOTHING;
  }
}

/** The log after this view; the same object when nothing changed. */
export function countBreak(log: BreakLog, view: Pick<AgentView, "presence" | "since" | "load">): BreakLog {
  const shift = view.load.signed_in_at;
  const own = log.shift === shift ? log : { ...NOTHING, shift };
  const rests = view.presence === "paused";
  if (rests) return own.since === null ? { ...own, since: view.since } : own;
  if (own.since === null) return own;
  const isBreak = view.since - own.since >= BREAK_MIN_S;
  return { ...own, count: own.count + (isBreak ? 1 : 0), since: null };
}
