// What the check before a call finds, while it goes on: the picture, then the line. By the code that watches calls.

import type { JSX } from "preact";
import { adviceWords } from "../call_words.ts";
import { t } from "../i18n.ts";
import type { Session } from "../session.ts";
import { AdviceClip } from "./advice_clip.tsx";
import { AdviceIcon } from "./advice_icons.tsx";
import { Icon } from "./icons.tsx";
import { adviceIn } from "../readability.ts";

/** Nothing is measured by the service: what the page finds by itself is the better help. */
export function isUnmeasured({ check }: Session): boolean {
  const advice = check.reading.value?.advice;
  return check.phase.value !== "running" || advice === "models_missing" || advice === "switched_off";
}

export function CheckWords({ session }: { session: Session }): JSX.Element {
  const reading = session.check.reading.value;
  const advice = adviceIn(reading);
  const isGood = reading?.level === "good";
  const isSeen = reading !== null && (reading.level !== "off" || reading.advice === "no_video");
  return (
    <div class="check-words">
      <p class={`check-picture is-${isSeen ? reading.level : "none"}`} role="status">
        <AdviceIcon code={isSeen ? reading.advice : null} size={44} />
        <span>{isGood ? t("check.good") : isSeen ? adviceWords(reading.advice) : t("check.looking")}</span>
      </p>
      {advice !== null && <AdviceClip key={advice} code={advice} />}
      <LineWords session={session} />
    </div>
  );
}

export function LineWords({ session }: { session: Session }): JSX.Element {
  const state = session.watch.quality.value?.ownLine.state ?? "none";
  return (
    <p class={`camera-words ${state === "narrow" || state === "unsteady" ? "is-warning" : ""}`} role="status">
      <Icon name="network" />
      <span>{t(`check.line.${state}`)}</span>
    </p>
  );
}
