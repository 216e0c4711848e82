// The check at the start of a shift in one line. Pure.

import type { LineState } from "../shared/quality.ts";
import type { VisibilityMessage } from "../shared/protocol.d.ts";

/** `skipped`: it does not concern this person, or cannot be measured now. */
export type Found = "good" | "poor" | "pending" | "skipped";
export const CHECKED = ["picture", "headset", "line"] as const;
export type Checked = (typeof CHECKED)[number];
export type Summary = Readonly<Record<Checked, Found>>;

export function pictureFound(reading: Pick<VisibilityMessage, "level" | "advice"> | null, isMeasured: boolean): Found {
  if (!isMeasured) return "skipped";
  if (reading === null || reading.advice === "not_measured") return "pending";
  return reading.level === "good" ? "good" : "poor";
}

/** :param hears: what was said of the tone. */
export function headsetFound(hasSound: boolean, isVoiceIn: boolean, hears: boolean | null): Found {
  if (!hasSound) return "skipped";
  if (hears === false) return "poor";
  return isVoiceIn && hears === true ? "good" : "pending";
}

export function lineFound(state: LineState | null): Found {
  return state === null ? "pending" : state === "good" ? "good" : "poor";
}

/** What is not known yet; of the headset: the voice first, then the tone. */
export type Left = "picture" | "voice" | "tone" | "line";

export function left(summary: Summary, isVoiceIn: boolean): readonly Left[] {
  const pending = CHECKED.filter((name) => summary[name] === "pending");
  return pending.map((name) => (name !== "headset" ? name : isVoiceIn ? "tone" : "voice"));
}

/** What is to be seen to; "pending" while something is still being checked and nothing is wrong. */
export function verdict(summary: Summary): "ready" | "pending" | readonly Checked[] {
  const poor = CHECKED.filter((name) => summary[name] === "poor");
  if (poor.length > 0) return poor;
  return CHECKED.some((name) => summary[name] === "pending") ? "pending" : "ready";
}
