// Never be put together with this person again: quiet, without a reason, and the other one does not learn of it.

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { t } from "../i18n.ts";
import type { CallStateMessage } from "../protocol.d.ts";
import type { Session } from "../session.ts";
import { Button } from "./basics.tsx";

export function Refusal({ session, call }: { session: Session; call: CallStateMessage }): JSX.Element {
  const isSet = useSignal(false);
  const isAsked = useSignal(false);

  async function set(enabled: boolean): Promise<void> {
    isSet.value = enabled;
    isAsked.value = await session.ask({ type: "refusal.set", call_id: call.call_id, enabled });
    if (!isAsked.value) isSet.value = !enabled;
  }

  return (
    <details class="refusal">
      <summary>{t("refusal.summary")}</summary>
      <Button pressed={isSet.value} icon="close" onClick={() => void set(!isSet.value)}>
        {t(session.role === "signer" ? "refusal.tick_signer" : "refusal.tick_agent")}
      </Button>
      <p class="hint">{t("refusal.hint")}</p>
      <p role="status">{isAsked.value && t("refusal.done")}</p>
    </details>
  );
}
