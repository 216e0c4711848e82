// Who is beside the agent, in words for each side. Pure but for the language.

import { companyOf, isConsulting, isJoined } from "./company.ts";
import { unbroken } from "./format.ts";
import { t, type Key } from "./i18n.ts";
import type { CallStateMessage, Party } from "./protocol.d.ts";

type Who = "signer" | "agent" | "interpreter" | "adviser" | "colleague" | "supervisor" | "expert";

/** The person in a picture, as this side calls them. */
export function whoIs(call: CallStateMessage, leg: Party, seen: Party): string {
  return t(`second.who.${who(call, leg, seen)}`);
}

function who(call: CallStateMessage, leg: Party, seen: Party): Who {
  if (seen === "signer") return "signer";
  const role = call.second?.role;
  if (seen === "second" && (role === "supervisor" || role === "expert")) return role;
  if (role === "interpreter") return seen === "second" ? "interpreter" : "adviser";
  if (leg !== "signer") return "colleague";
  if (seen === "second" || call.kind === "relay") return "interpreter";
  return "agent";
}

/** Label of a picture in the call, for assistive technology. */
export function pictureLabel(call: CallStateMessage, leg: Party, index: 0 | 1): string {
  const seen = companyOf(call, leg)[index];
  const words = seen === undefined ? "" : whoIs(call, leg, seen);
  return t("second.picture", { who: words });
}

/** To the signer, as long as a supervisor is in the call; null: none is. */
export function supervisorHereWords(call: CallStateMessage): string | null {
  const { second } = call;
  if (second?.role !== "supervisor" || !isJoined(call)) return null;
  return second.name === null ? t("second.supervisor_here_plain") : t("second.supervisor_here", { name: unbroken(second.name) });
}

/** One sentence to the signer about who comes, or what the two are doing; null: nothing to say. */
export function signerSecondWords(call: CallStateMessage): string | null {
  const { second } = call;
  if (second === null) return null;
  if (isConsulting(call)) return t("second.signer_wait_status");
  if (!isJoined(call)) return soughtKey(call) === null ? null : t(soughtKey(call) as Key);
  return second.role === "team" && call.swapping ? t("second.signer_swapping_words") : null;
}

/** A consultation that is only sought concerns nobody but the agent. */
function soughtKey({ second }: CallStateMessage): Key | null {
  if (second?.role === "team") return "second.signer_sought_team";
  return second?.role === "interpreter" ? "second.signer_sought_interpreter" : null;
}

/** How far the search for a second person is, to the agent. */
export function seekingWords(call: CallStateMessage): string {
  const { second } = call;
  if (second === null) return "";
  if (second.state === "asked") return second.name === null ? t("second.ask_title") : t("second.ask_named", { name: unbroken(second.name) });
  if (second.state !== "joined") return t(`second.${second.state}`);
  if (second.lost_since !== null) return t("second.lost");
  return second.name === null ? t("second.joined_plain") : t("second.joined", { name: unbroken(second.name) });
}
