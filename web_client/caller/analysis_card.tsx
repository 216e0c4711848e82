// What is analysed of the own picture, in one sentence, and the switch. Remembered for the calls that follow.

import type { JSX } from "preact";
import { t } from "../shared/i18n.ts";
import type { CallStateMessage } from "../shared/protocol.d.ts";
import { Button } from "../shared/ui/basics.tsx";
import type { Caller } from "./caller.ts";

export function AnalysisCard({ caller, call }: { caller: Caller; call: CallStateMessage }): JSX.Element {
  return (
    <div class={`quality-card ${call.watched ? "is-good" : ""}`}>
      <h3>{t("watched.title")}</h3>
      <p class="quality-word" role="status">
        <span class="dot" aria-hidden="true" />
        <strong>{t(call.watched ? "watched.on" : "watched.off")}</strong>
      </p>
      <p>{t("watched.what")}</p>
      <Button icon={call.watched ? "eyeOff" : "eye"} onClick={() => void caller.letWatch(!call.watched)}>
        {t(call.watched ? "watched.turn_off" : "watched.turn_on")}
      </Button>
    </div>
  );
}
