// The call at the workstation: the signer in large, its state above the picture, the meter under it, the tools beside.
// One screen of 1366 × 768 holds all of it without scrolling.

import { useSignal, type Signal } from "@preact/signals";
import type { JSX } from "preact";
import { phoneWords } from "../shared/call_words.ts";
import { companyOf } from "../shared/company.ts";
import { clock } from "../shared/format.ts";
import { t, type Key } from "../shared/i18n.ts";
import { now } from "../shared/now.ts";
import type { CallStateMessage } from "../shared/protocol.d.ts";
import { AnalysisCard } from "../shared/ui/analysis_card.tsx";
import { Button, Dialog } from "../shared/ui/basics.tsx";
import { Icon } from "../shared/ui/icons.tsx";
import { QualityButton, QualityPanel, useGivesWayToText } from "../shared/ui/quality_panel.tsx";
import { RemoteAudio } from "../shared/ui/remote_audio.tsx";
import { Stages } from "../shared/ui/stages.tsx";
import { TextPane } from "../shared/ui/text_pane.tsx";
import { ContactPanel } from "./contact_panel.tsx";
import type { Desk } from "./desk.ts";
import { Meter } from "./meter.tsx";
import { PhoneLineCard } from "./phone_line.tsx";
import { SpeechBack } from "./phone_more.tsx";
import { PhonePanel } from "./phone_panel.tsx";
import { SecondPanel } from "./second_panel.tsx";
import { TransferDialog } from "./transfer_dialog.tsx";

export function InCall({ desk }: { desk: Desk }): JSX.Element | null {
  const { session } = desk;
  const call = session.call.value;
  const hasQuality = useSignal(false);
  useGivesWayToText(session, hasQuality);
  if (call === null) return null;
  return (
    <div class="desk">
      <h1 class="visually-hidden">{t("work.state.engaged")}</h1>
      <div class="desk-picture">
        <CallBar desk={desk} call={call} hasQuality={hasQuality} />
        <Stages session={session} call={call} label={t("call.remote_signer")} isWithheld={call.hidden} shortcut={desk.keys.shown("swap_pictures")} />
        {companyOf(call, call.leg).includes("signer") ? <Meter desk={desk} /> : <SignerWaits call={call} />}
      </div>
      <div class="desk-tools">
        <div class="desk-cards">
          <SpeechBack desk={desk} />
          <SecondPanel desk={desk} call={call} />
          <PhonePanel desk={desk} call={call} />
          {call.kind === "direct" && <ContactPanel desk={desk} isBrief />}
        </div>
        {hasQuality.value ? (
          <QualityPanel session={session} call={call} isOpen={hasQuality}>
            {desk.phoneLine.value !== null && <PhoneLineCard stats={desk.phoneLine.value} />}
            <AnalysisCard analysis={desk.analysis} call={call} />
          </QualityPanel>
        ) : (
          <TextPane text={session.text} isOver={false} otherName={t("text.other")} maySave={false} isToPhone={call.phone.text} />
        )}
      </div>
      <DeskControls desk={desk} call={call} />
      {desk.second.isChoosing.value && <TransferDialog desk={desk} call={call} />}
      {desk.question.value === "abuse" && <AbuseDialog desk={desk} />}
      {desk.question.value === "end" && <EndDialog desk={desk} call={call} />}
    </div>
  );
}

/** In the place of the meter while the signer is not seen. */
function SignerWaits({ call }: { call: CallStateMessage }): JSX.Element {
  return (
    <p class="signer-waits" role="status">
      <Icon name="clock" />
      <span>
        {t("second.consulting")} {call.phone.answered_at !== null && call.phone.outcome === null && t("second.consulting_phone")}
      </span>
    </p>
  );
}

function CallBar({ desk, call, hasQuality }: { desk: Desk; call: CallStateMessage; hasQuality: Signal<boolean> }): JSX.Element {
  const { session } = desk;
  return (
    <div class="status-bar">
      <div class="status-words" role="status" aria-live="polite">
        <span class={`dot is-${call.state}`} aria-hidden="true" />
        <strong>{phoneWords(call, "agent")}</strong>
      </div>
      <div class="status-small">
        <span>{call.brand_name ?? t("work.kind_relay")}</span>
        {call.direction === "incoming" && <span>{t("desk.incoming")}</span>}
        <span>{call.mode}</span>
        {call.voice && <span>{t("desk.voice")}</span>}
        {call.hearing && <span>{t("desk.hearing")}</span>}
      </div>
      <QualityButton session={session} call={call} isOpen={hasQuality} />
      {call.together_at !== null && (
        <span class="status-time">
          <span class="visually-hidden">{t("call.duration")} </span>
          {clock(now.value - call.together_at)}
        </span>
      )}
    </div>
  );
}

function DeskControls({ desk, call }: { desk: Desk; call: CallStateMessage }): JSX.Element {
  const { session } = desk;
  const { keys } = desk;
  return (
    <nav class="controls desk-controls" aria-label={t("call.controls")}>
      <Button icon={call.muted ? "micOff" : "mic"} pressed={call.muted} shortcut={keys.shown("mute")} disabled={!session.can("mute") && !session.can("unmute")} onClick={() => desk.toggleMute()}>
        {t(call.muted ? "desk.unmute" : "desk.mute")}
      </Button>
      <Button icon={call.hidden ? "eye" : "eyeOff"} pressed={call.hidden} shortcut={keys.shown("hide_picture")} onClick={() => desk.togglePicture()}>
        {t(call.hidden ? "desk.show_picture" : "desk.hide_picture")}
      </Button>
      <RemoteAudio session={session} isWanted />
      <span class="spacer" />
      <Button icon="pause" shortcut={keys.shown("hard_call")} onClick={() => void desk.hardCall()}>
        {t("work.hard_call_short")}
      </Button>
      <Button icon="flag" shortcut={keys.shown("abuse")} disabled={!session.can("end_and_report_abuse")} onClick={() => (desk.question.value = "abuse")}>
        {t("desk.abuse")}
      </Button>
      <Button look="danger" icon="hangUp" disabled={!session.can("hang_up")} title={whyStay(desk, call)} onClick={() => leave(desk, call)}>
        {t(leaveKey(call))}
      </Button>
    </nav>
  );
}

/** Whoever is beside the agent leaves without a question: the call goes on. */
function leave(desk: Desk, call: CallStateMessage): void {
  if (call.leg === "second") void desk.session.act("hang_up");
  else desk.question.value = "end";
}

/** Why the button is grey, if it is. */
function whyStay({ session }: Desk, call: CallStateMessage): string | undefined {
  if (session.can("hang_up")) return undefined;
  return t(call.phone.answered_at !== null && call.phone.outcome === null ? "desk.stay_phone" : "desk.stay");
}

function leaveKey({ leg, kind }: CallStateMessage): Key {
  if (leg === "second") return "second.leave";
  return kind === "relay" ? "desk.leave" : "desk.end";
}

function AbuseDialog({ desk }: { desk: Desk }): JSX.Element {
  return (
    <Dialog title={t("desk.abuse_title")} onCancel={() => (desk.question.value = "none")}>
      <p>{t("desk.abuse_body")}</p>
      <div class="row">
        <Button look="danger" icon="flag" autofocus onClick={() => desk.reportAbuse()}>
          {t("desk.abuse_yes")}
        </Button>
        <Button onClick={() => (desk.question.value = "none")}>{t("desk.abuse_no")}</Button>
      </div>
    </Dialog>
  );
}

function EndDialog({ desk, call }: { desk: Desk; call: CallStateMessage }): JSX.Element {
  function end(): void {
    desk.question.value = "none";
    void desk.session.act("hang_up");
  }
  return (
    <Dialog title={t("call.hang_up_title")} onCancel={() => (desk.question.value = "none")}>
      <div class="row">
        <Button look="danger" autofocus onClick={end}>
          {t(leaveKey(call))}
        </Button>
        <Button onClick={() => (desk.question.value = "none")}>{t("call.hang_up_no")}</Button>
      </div>
    </Dialog>
  );
}
