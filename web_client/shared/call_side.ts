// On which side of a call this page is. Pure.

import type { CallStateMessage } from "./protocol.d.ts";

/** The person of this page was called: by a telephone, or by another signer. */
export function isCalled({ kind, leg, direction }: Pick<CallStateMessage, "kind" | "leg" | "direction">): boolean {
  return kind === "video" ? leg === "agent" : direction === "incoming";
}
