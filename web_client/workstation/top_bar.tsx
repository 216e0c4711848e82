// Always in sight: the own state, the next pause, how many wait, how long it has been since the last break.

import type { JSX } from "preact";
import { clock } from "../shared/format.ts";
import { t } from "../shared/i18n.ts";
import { now } from "../shared/now.ts";
import type { AgentView } from "../shared/protocol.d.ts";
import { Button, LanguageChoice, Mark } from "../shared/ui/basics.tsx";
import { BreakBar } from "./load_card.tsx";
import type { Desk } from "./desk.ts";
import { REASONS } from "./pause_dialog.tsx";
import { isOnBreak, stateWords } from "./state_words.ts";

export function TopBar({ desk }: { desk: Desk }): JSX.Element {
  const { agent, session } = desk;
  const view = agent.value;
  const demo = session.demoPhoneUrl.value;
  return (
    <header class="top">
      <a class="skip" href="#main">
        {t("app.skip")}
      </a>
      <Mark />
      {view !== null && (
        <>
          <p class={`state is-${desk.isCutOff.value ? "offline" : view.state}`} role="status">
            <span class="dot" aria-hidden="true" />
            <strong>{stateWords(desk, view)}</strong>
            <span class="hint">{view.state === "paused" && view.reason !== null ? t(`work.reason.${view.reason}`) : ""}</span>
            <span class="hint" aria-hidden="true">
              {clock(now.value - view.since)}
            </span>
          </p>
          {desk.shift.isBusy.value ? <PauseWish desk={desk} view={view} /> : <Presence desk={desk} view={view} />}
          <p class={`waiting ${view.waiting === 0 ? "is-none" : ""}`}>{view.waiting === 0 ? t("work.waiting_zero") : t("work.waiting", { count: view.waiting })}</p>
          {session.isTogether.value && <BreakBar desk={desk} view={view} isBrief />}
        </>
      )}
      <span class="spacer" />
      {demo !== null && (
        <a class="top-link" href={demo} target="_blank" rel="noopener">
          {t("work.demo_phone")}
        </a>
      )}
      <LanguageChoice />
      {desk.access.account.value !== null && !session.isTogether.value && (
        <Button look="quiet" label={`${t("app.sign_out")} – ${desk.access.account.value.name}`} onClick={() => void desk.signOut()}>
          {t("app.sign_out")}
        </Button>
      )}
    </header>
  );
}

interface ViewProps {
  readonly desk: Desk;
  readonly view: AgentView;
}

/** Wished for in a call, given after it; a reason may be given, none has to. */
function PauseWish({ desk, view }: ViewProps): JSX.Element {
  const { shift } = desk;
  const isWished = view.pause_after_call;
  return (
    <div class="row pause-wish">
      <Button icon="pause" pressed={isWished} shortcut={desk.keys.shown("pause_after_call")} onClick={() => shift.togglePauseAfterCall()}>
        {t(isWished ? "work.pause_after_call_on" : "work.pause_after_call")}
      </Button>
      {isWished && (
        <select
          aria-label={t("work.pause_wish_reason")}
          value={shift.wishedReason.value ?? ""}
          onChange={(event) => void shift.pauseAfterCall(true, REASONS.find((one) => one === event.currentTarget.value) ?? null)}
        >
          <option value="">{t("work.pause_no_reason")}</option>
          {REASONS.map((reason) => (
            <option key={reason} value={reason}>
              {t(`work.reason.${reason}`)}
            </option>
          ))}
        </select>
      )}
    </div>
  );
}

function Presence({ desk, view }: ViewProps): JSX.Element {
  const mayPause = view.presence === "available" && view.state !== "not_responding";
  return (
    <div class="row presence" role="group" aria-label={t("work.presence")}>
      {mayPause ? (
        <Button icon="pause" onClick={() => (desk.question.value = "pause")}>
          {t("work.pause")}
        </Button>
      ) : (
        <Button look="primary" icon="play" onClick={() => void desk.available()}>
          {t(view.state === "not_responding" ? "work.come_back" : isOnBreak(desk, view) ? "work.resume" : "work.available")}
        </Button>
      )}
      {view.presence !== "offline" && (
        <Button look="quiet" onClick={() => void desk.shift.goOffline()}>
          {t("work.go_offline")}
        </Button>
      )}
    </div>
  );
}
