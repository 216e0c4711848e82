// Who rings, in words. Pure but for the language.

import { unbroken } from "../shared/format.ts";
import { t } from "../shared/i18n.ts";
import type { CallStateMessage } from "../shared/protocol.d.ts";

/** The service rings the signer, as asked for. */
export function isCallback(call: CallStateMessage): boolean {
  return call.state === "calling_back";
}

export function ringTitle(call: CallStateMessage): string {
  if (!isCallback(call)) return t("incoming.title");
  return call.brand_name === null ? t("callback.ring_title") : t("callback.ring_brand", { brand: call.brand_name });
}

/** Who calls; of a call-back: whom it is for. */
export function callerWords(call: CallStateMessage): string {
  if (isCallback(call)) return call.phone.number === null ? "" : unbroken(call.phone.number);
  if (call.kind === "video") return call.peer_name === null ? t("incoming.peer") : unbroken(call.peer_name);
  return call.phone.number === null ? t("incoming.anonymous") : unbroken(call.phone.number);
}
