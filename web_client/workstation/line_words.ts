// The phone leg's figures in words, and what the hold watcher's changes mean. Pure.

import type { PhoneStats, PhoneView } from "../shared/protocol.d.ts";

const LOSSY = 0.02; // speech suffers from about here on (ITU-T G.113, PCMA without concealment)
const HEARD_ECHO_DB = 30; // an echo weaker than this is not noticed on the telephone (ITU-T G.131)
const HEARD_ECHO_S = 0.03; // earlier it is side tone

export type LineWord = "phone_clear" | "phone_lossy" | "phone_echo";

export function lineWord(stats: PhoneStats): LineWord {
  if (Math.max(stats.fraction_lost, stats.remote_fraction_lost ?? 0) >= LOSSY) return "phone_lossy";
  const { echo_return_loss_db: loss, echo_delay_s: delay } = stats;
  return loss !== null && loss < HEARD_ECHO_DB && (delay ?? 0) >= HEARD_ECHO_S ? "phone_echo" : "phone_clear";
}

type Sound = PhoneView["sound"];

/** Somebody speaks again after music or silence: what whoever rests is waiting for. */
export function speechCameBack(before: Sound, after: Sound): boolean {
  return after === "speech" && (before === "music" || before === "silence");
}
