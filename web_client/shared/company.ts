// Whom each side of a call sees, as the service routes it (relay/routing.py), for words and places on the screen. Pure.

import type { CallState, CallStateMessage, Party } from "./protocol.d.ts";

type Sides = Pick<CallStateMessage, "second" | "active" | "swapping" | "agent">;

/** Whoever came beside the agent has joined. */
export function isJoined({ second }: Pick<CallStateMessage, "second">): boolean {
  return second?.state === "joined";
}

/** The signer waits while the agent speaks with a colleague. */
export function isConsulting({ second }: Pick<CallStateMessage, "second">): boolean {
  return second?.state === "joined" && second.role === "consulted";
}

/** Whom this side sees: the first in large, a second one beside. */
export function companyOf(call: Sides, leg: Party): readonly Party[] {
  if (!isJoined(call)) return leg === "signer" ? ["agent"] : ["signer"];
  if (isConsulting(call)) return leg === "signer" ? [] : [leg === "agent" ? "second" : "agent"];
  if (leg === "signer") return shownToSigner(call);
  if (leg === "agent") return ["signer", "second"];
  return call.second?.role === "interpreter" ? ["agent", "signer"] : ["signer", "agent"];
}

function shownToSigner(call: Sides): readonly Party[] {
  if (call.second?.role !== "team") return ["agent", "second"];
  const other: Party = call.active === "agent" ? "second" : "agent";
  return call.swapping ? [call.active, other] : [call.active];
}

/** Both pictures matter the same: a team that changes places. */
export function areEqual(call: Sides, leg: Party): boolean {
  return leg === "signer" && call.swapping && companyOf(call, leg).length === 2;
}

/** Of a team: this side interprets now. */
export function isActive(call: Pick<CallStateMessage, "active">, leg: Party): boolean {
  return call.active === leg;
}

const WAITING: ReadonlySet<CallState> = new Set(["queued", "alerting"]);

/**
 * Since when the signer waits, Unix seconds: after a transfer or a lost agent from then on, not from the first entry.
 *
 * @param known what it was with `before`. @returns null: not waiting, or the page was loaded after the beginning.
 */
export function waitsSince(known: number | null, before: CallStateMessage | null, call: CallStateMessage): number | null {
  if (!WAITING.has(call.state)) return null;
  if (!call.transferred && call.together_at === null) return call.queued_at;
  if (before?.call_id !== call.call_id) return null;
  return WAITING.has(before.state) ? known : call.now;
}

/** Somebody else is the agent now: handed over by the one before, or found after a transfer. */
export function tookOver(before: CallStateMessage, call: CallStateMessage): boolean {
  if (!call.transferred || call.state === "ended") return false;
  if (isJoined(before) && call.second === null) return !before.transferred || isConsulting(before);
  return WAITING.has(before.state) && !WAITING.has(call.state);
}
