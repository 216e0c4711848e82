// What is analysed of the own picture in this call, in one sentence, and the switch.

import type { JSX } from "preact";
import type { OwnAnalysis } from "../analysis.ts";
import { t, type Key } from "../i18n.ts";
import type { CallStateMessage } from "../protocol.d.ts";
import { Button } from "./basics.tsx";

export function AnalysisCard({ analysis, call }: { analysis: OwnAnalysis; call: CallStateMessage }): JSX.Element {
  const isHidden = call.leg !== "signer" && call.hidden;
  return (
    <div class={`quality-card ${call.watched && !isHidden ? "is-good" : ""}`}>
      <h3>{t("watched.title")}</h3>
      <p class="quality-word" role="status">
        <span class="dot" aria-hidden="true" />
        <strong>{t(isHidden ? "watched.hidden" : call.watched ? "watched.on" : "watched.off")}</strong>
      </p>
      <p>{t(toWhom(call))}</p>
      <Button icon={call.watched ? "eyeOff" : "eye"} onClick={() => void analysis.wish(!call.watched)}>
        {t(call.watched ? "watched.turn_off" : "watched.turn_on")}
      </Button>
    </div>
  );
}

/** Of a signer's picture whoever serves hears too; of any other nobody does. */
function toWhom({ kind, leg }: CallStateMessage): Key {
  return leg === "signer" && kind !== "video" ? "watched.what" : "watched.what_alone";
}
