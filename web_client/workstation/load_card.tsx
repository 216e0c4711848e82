// The own day, in calm: time signing since the last break, calls, breaks. Nobody else's, no ranking, no alarm.

import type { JSX } from "preact";
import { clock } from "../shared/format.ts";
import { locale, t } from "../shared/i18n.ts";
import type { AgentView } from "../shared/protocol.d.ts";
import { Button } from "../shared/ui/basics.tsx";
import type { Desk } from "./desk.ts";

const DUE_MIN = 60;
const PROPOSED_MIN = 30; // own choice, after AFILS (PRODUCT)

interface LoadProps {
  readonly desk: Desk;
  readonly view: AgentView;
}

export function LoadCard({ desk, view }: LoadProps): JSX.Element {
  const { shift } = desk;
  const { load } = view;
  const time = new Intl.DateTimeFormat(locale.value, { hour: "2-digit", minute: "2-digit" });
  return (
    <section class="card load" aria-labelledby="load-title">
      <h2 id="load-title">{t("work.load_title")}</h2>
      <BreakBar desk={desk} view={view} />
      <dl class="facts">
        <Fact words={t("work.load_served")} figure={String(load.served)} />
        <Fact words={t("work.load_engaged")} figure={clock(shift.engagedS.value)} />
        <Fact words={t("work.load_breaks")} figure={String(shift.breaks.value.count)} />
        {load.signed_in_at !== null && <Fact words={t("work.load_since")} figure={time.format(load.signed_in_at * 1000)} />}
      </dl>
      <p class="hint">{t("work.load_private")}</p>
    </section>
  );
}

function Fact({ words, figure }: { words: string; figure: string }): JSX.Element {
  return (
    <div>
      <dt>{words}</dt>
      <dd>{figure}</dd>
    </div>
  );
}

/** `isBrief`: in the bar above a call. */
export function BreakBar({ desk, view, isBrief = false }: LoadProps & { isBrief?: boolean }): JSX.Element {
  const { shift } = desk;
  const minutes = Math.floor(shift.signingS.value / 60);
  const isFree = !shift.isBusy.value && view.presence === "available";
  return (
    <div class={`break-bar is-${view.break_advice} ${isBrief ? "is-brief" : ""}`}>
      {!isBrief && (
        <p class="break-words">
          <span>{t("work.load_signing")}</span>
          <strong>{t("work.load_signing_words", { time: clock(shift.signingS.value) })}</strong>
        </p>
      )}
      <span class="break-line">
        <progress max={DUE_MIN} value={Math.min(DUE_MIN, minutes)} aria-label={t("work.break_bar", { minutes })} />
        <span class="break-mark" style={{ left: `${(100 * PROPOSED_MIN) / DUE_MIN}%` }} aria-hidden="true" />
      </span>
      <p class="break-advice" role="status">
        {isBrief && view.break_advice === "none" ? "" : adviceWords(view, isFree)}
      </p>
      {isBrief && view.break_advice === "none" && <span class="hint">{t("work.break_short", { minutes })}</span>}
      {isFree && view.break_advice !== "none" && (
        <Button icon="hand" onClick={() => void shift.pause("rest_eyes_hands")}>
          {t("work.break_take")}
        </Button>
      )}
    </div>
  );
}

function adviceWords(view: AgentView, isFree: boolean): string {
  if (view.break_advice === "none") return t("work.break_fine");
  if (view.break_advice === "proposed") return t("work.break_proposed");
  return t(isFree || !view.pause_after_call ? "work.break_due_now" : "work.break_due");
}
