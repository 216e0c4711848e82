// The state of a call in words. Pure but for the language.

import { isCalled } from "./call_side.ts";
import { unbroken } from "./format.ts";
import { t, tCode, type Key } from "./i18n.ts";
import type { Level } from "./media_stats.ts";
import type { CallStateMessage, VisibilityMessage } from "./protocol.d.ts";
import type { Help } from "./quality.ts";

/** The phone as this party may see it, one short sentence. */
export function phoneWords(call: CallStateMessage, role: "signer" | "agent"): string {
  const { phone } = call;
  if (phone.held) return t("phone.held");
  switch (call.state) {
    case "dialing":
      return t(role === "signer" ? "phone.dialing" : "phone.dialing_agent");
    case "ringing":
      return t("phone.ringing");
    case "active":
      return activeWords(call, role);
    case "after_phone":
      return phone.outcome === null ? t("call.after_title") : t(`phone.outcome.${phone.outcome}`);
    case "talking":
      if (call.kind === "video") return call.peer_name === null ? t("phone.video_plain") : t("phone.video", { name: unbroken(call.peer_name) });
      return phone.outcome === null ? t("phone.talking") : t(`phone.outcome.${phone.outcome}`);
    default:
      if (call.has_message) return t(role === "signer" ? "phone.message_briefing" : "phone.message_briefing_agent");
      return t(role === "signer" ? "phone.briefing" : "phone.briefing_agent");
  }
}

/** Who is on the line; the signer reads here that a second party listens, a workstation has a place of its own for it. */
function activeWords(call: CallStateMessage, role: "signer" | "agent"): string {
  const { number } = call.phone;
  if (number === null) return t(isCalled(call) ? "phone.active_anonymous" : "phone.active_plain");
  const { joined } = call;
  const isThere = joined !== null && joined.outcome === null && (joined.progress === "answered" || joined.progress === "held");
  if (role === "signer" && isThere && joined.number !== null) {
    return t("phone.active_two", { number: unbroken(number), second: unbroken(joined.number) });
  }
  return t("phone.active", { number: unbroken(number) });
}

/** To the person who is seen. */
export function adviceWords(advice: string): string {
  return tCode("advice", advice) ?? t("advice.other");
}

/** The same to the workstation, about that person. */
export function adviceAboutSigner(advice: string): string {
  return tCode("advice_signer", advice) ?? t("advice_signer.other");
}

/** In a word or two, beside a pictogram; null: there is nothing to be done. */
export function adviceInShort({ advice, level }: Pick<VisibilityMessage, "advice" | "level">): string | null {
  if (level === "good" || (level === "off" && advice !== "no_video")) return null;
  return tCode("advice_short", advice) ?? t("advice_short.other");
}

export function receivedWords(level: Level | null, fps: number | null): string | null {
  if (level === null || fps === null) return null;
  return t(`network.${level}`, { fps: Math.round(fps) });
}

/** How the own picture reaches the other side, and what helps; null while it is good or unknown. */
export function sentWords(level: Level | null, fps: number | null, help: Help): string | null {
  if (level === null || level === "good" || fps === null) return null;
  const key: Key = level === "warn" ? "network.sent_warn" : "network.sent_critical";
  const words = t(key, { fps: Math.round(fps) });
  return help === "nothing" ? words : `${words}. ${t(`network.sent_help.${help}`)}`;
}
