// The own state in words, short and long.

import { t, type Key } from "../shared/i18n.ts";
import type { AgentView } from "../shared/protocol.d.ts";
import type { Desk } from "./desk.ts";

/** A pause has a reason, or comes after work ("pause after this call"); right after sign-in there is neither. */
export function isOnBreak(desk: Desk, view: AgentView): boolean {
  if (view.presence === "training") return true;
  return view.presence === "paused" && (view.reason !== null || desk.shift.hasBegun.value);
}

export function stateWords(desk: Desk, view: AgentView): string {
  if (desk.isCutOff.value) return t("work.state_lost");
  if (view.state === "paused" && !isOnBreak(desk, view)) return t("work.state_not_yet");
  return t(`work.state.${view.state}`);
}

export function cardKeys(desk: Desk, view: AgentView): readonly [title: Key, body: Key] {
  if (desk.isCutOff.value) return ["work.state_lost", "work.lost_body"];
  if (desk.session.call.value?.state === "calling_back") return ["callback.at_desk", "callback.at_desk_body"];
  if (view.state === "not_responding") return ["work.not_responding_title", "work.not_responding_body"];
  if (view.presence === "training") return ["work.training_title", "work.training_body"];
  if (isOnBreak(desk, view)) return ["work.paused_title", "work.paused_body"];
  return view.presence === "available" ? ["work.ready_title", "work.ready_body"] : ["work.not_yet_title", "work.not_yet_body"];
}
