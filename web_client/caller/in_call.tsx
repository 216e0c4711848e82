// The call: the interpreter as large as the screen allows. What is said in words stands above, below or beside the
// picture, never on it: she is signing there.

import { useComputed, useSignal, type Signal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { adviceWords, phoneWords, receivedWords, sentWords } from "../shared/call_words.ts";
import { clock } from "../shared/format.ts";
import { t } from "../shared/i18n.ts";
import { now } from "../shared/now.ts";
import { readPreference, writePreference } from "../shared/preferences.ts";
import type { CallStateMessage } from "../shared/protocol.d.ts";
import { helpFor } from "../shared/quality.ts";
import { isSaidLarge } from "../shared/readability.ts";
import { signerSecondWords } from "../shared/second_words.ts";
import type { Session } from "../shared/session.ts";
import { AdviceIcon } from "../shared/ui/advice_icons.tsx";
import { AnalysisCard } from "../shared/ui/analysis_card.tsx";
import { Button, ConnectionBanner, Dialog, Notices } from "../shared/ui/basics.tsx";
import { Icon } from "../shared/ui/icons.tsx";
import { useMediaQuery } from "../shared/ui/media_query.ts";
import { QualityButton, QualityPanel, useGivesWayToText } from "../shared/ui/quality_panel.tsx";
import { RemoteAudio } from "../shared/ui/remote_audio.tsx";
import { Stages } from "../shared/ui/stages.tsx";
import { TextPane } from "../shared/ui/text_pane.tsx";
import { AfterPhone } from "./after_phone.tsx";
import type { Caller } from "./caller.ts";
import { CameraAskedPanel } from "./camera_asked.tsx";
import { Supervisor, WaitingPicture } from "./company_here.tsx";
import { EmergencyButton, EmergencyPanel } from "./emergency.tsx";
import { hasPhoneTools as mayUsePhone, PhoneTools } from "./phone_tools.tsx";

const REMOTE = { relay: "call.remote_interpreter", direct: "call.remote_adviser", video: "call.remote_peer" } as const;
const HAS_ROOM_FOR_TEXT = "(min-width: 900px) and (min-height: 521px)";

export function InCall({ caller }: { caller: Caller }): JSX.Element | null {
  const { session } = caller;
  const call = session.call.value;
  const hasRoom = useMediaQuery(HAS_ROOM_FOR_TEXT);
  const hasText = useSignal(hasRoom);
  const hasQuality = useSignal(false);
  const hasPhoneTools = useSignal(false);
  const isFilled = useSignal(readPreference("picture") === "filled");
  const hasOther = useComputed(() => session.text.lines.value.some((line) => line.who !== "own"));
  useEffect(() => {
    if (!hasOther.value) return; // the first words of the other side are never missed
    hasText.value = true;
    hasPhoneTools.value = false;
  }, [hasOther.value]);
  useGivesWayToText(session, hasQuality);
  if (call === null) return null;

  const isPhoneOpen = hasPhoneTools.value && mayUsePhone(session);
  const asked = caller.emergency.value;
  const cameraAsked = session.readability.asked.value;
  const hasSide = asked !== null || cameraAsked !== null || hasText.value || hasQuality.value || isPhoneOpen;

  function show(side: Signal<boolean>): void {
    const isShown = side.value;
    for (const one of [hasText, hasQuality, hasPhoneTools]) one.value = one === side && !isShown;
  }

  function fill(next: boolean): void {
    isFilled.value = next;
    writePreference("picture", next ? "filled" : "whole");
  }

  return (
    <main id="main" class={`call ${hasSide ? "has-text" : ""}`}>
      <h1 class="visually-hidden">{call.brand_name ?? t("app.tagline")}</h1>
      <StatusBar caller={caller} call={call} hasQuality={hasQuality} />
      <Stages
        session={session}
        call={call}
        label={t(REMOTE[call.kind])}
        isFilled={isFilled.value}
      >
        <WaitingPicture call={call} />
      </Stages>
      {hasSide && (
        <aside class="call-text">
          {cameraAsked !== null && asked === null && <CameraAskedPanel session={session} asked={cameraAsked} isAlone={!hasRoom} />}
          {asked !== null ? (
            <EmergencyPanel caller={caller} asked={asked} />
          ) : cameraAsked !== null && !hasRoom ? null : hasQuality.value ? (
            <QualityPanel session={session} call={call} isOpen={hasQuality}>
              <AnalysisCard analysis={caller.analysis} call={call} />
            </QualityPanel>
          ) : isPhoneOpen ? (
            <PhoneTools session={session} isOpen={hasPhoneTools} />
          ) : hasText.value ? (
            <TextPane text={session.text} isOver={false} otherName={otherName(call)} maySave={false} isToPhone={call.phone.text} />
          ) : null}
        </aside>
      )}
      <div class={`call-foot is-${call.state}`}>
        <Supervisor session={session} call={call} />
        {call.state === "after_phone" && asked === null && <AfterPhone caller={caller} call={call} />}
        <Strip caller={caller} call={call} />
        <Controls
          session={session}
          call={call}
          hasText={hasText.value && !hasQuality.value && !isPhoneOpen}
          onText={() => show(hasText)}
          hasPhoneTools={isPhoneOpen && !hasQuality.value}
          onPhoneTools={() => show(hasPhoneTools)}
          isFilled={isFilled.value}
          onFill={() => fill(!isFilled.value)}
        />
      </div>
    </main>
  );
}

/** With a telephone that writes too, « the other person » would be two. */
function otherName(call: CallStateMessage): string {
  return t(call.phone.text ? "text.interpreter" : "text.other");
}

interface StatusProps {
  readonly caller: Caller;
  readonly call: CallStateMessage;
  readonly hasQuality: Signal<boolean>;
}

function StatusBar({ caller, call, hasQuality }: StatusProps): JSX.Element {
  const { session } = caller;
  const since = call.phone.answered_at !== null && call.state === "active" ? call.phone.answered_at : call.together_at;
  return (
    <div class="status-bar">
      <div class="status-words" role="status" aria-live="polite">
        <span class={`dot is-${call.state}`} aria-hidden="true" />
        <strong>{phoneWords(call, "signer")}</strong>
      </div>
      <div class="status-small">
        {call.state === "active" && !call.phone.held && (
          <span class={`speaking ${call.phone.speaking ? "is-speaking" : ""}`}>
            <Icon name="speak" size={20} />
            {t(call.phone.speaking ? "phone.speaking" : "phone.silent")}
          </span>
        )}
      </div>
      <QualityButton session={session} call={call} isOpen={hasQuality} />
      {since !== null && (
        <span class="status-time">
          <span class="visually-hidden">{t("call.duration")} </span>
          {clock(now.value - since)}
        </span>
      )}
      <EmergencyButton caller={caller} />
    </div>
  );
}

/** Between picture and buttons, always as high: one thing at a time, the most urgent. */
function Strip({ caller, call }: { caller: Caller; call: CallStateMessage }): JSX.Element {
  const { session } = caller;
  return (
    <div class="strip">
      <ConnectionBanner session={session}>
        <EmergencyButton caller={caller} />
      </ConnectionBanner>
      <Notices session={session} />
      <RemoteAudio session={session} isWanted={call.hearing} />
      {signerSecondWords(call) === null ? (
        <Advice session={session} call={call} />
      ) : (
        <p class="advice advice-words" role="status">
          <Icon name="person" />
          <span>{signerSecondWords(call)}</span>
        </p>
      )}
    </div>
  );
}

/** How one is seen, else how one's picture arrives, else how the other's does. */
function Advice({ session, call }: { session: Session; call: CallStateMessage }): JSX.Element {
  const visibility = session.readability.own.value;
  const { received, receivedLevel, quality } = session.watch;
  const sent = quality.value === null ? null : sentWords(quality.value.own.level, quality.value.own.fps, helpFor(quality.value));
  const level = visibility?.level ?? "off";
  const isPoor = visibility !== null && (level === "poor" || level === "fair");
  const isGood = level === "good" && sent === null;
  const words = isPoor ? adviceWords(visibility.advice) : isGood ? t("advice.good") : sent;
  const hasOther = isPoor || sent !== null || call.hidden || receivedLevel.value === "good";
  const arriving = hasOther ? null : receivedWords(receivedLevel.value, received.value.fps);
  const isLarge = isSaidLarge(session.readability.asked.value, visibility);
  return (
    <div class={`advice ${isLarge ? "is-said-large" : ""}`} role="status" aria-live="polite">
      {words !== null && (
        <p class={`advice-words is-${isPoor || isGood ? level : "fair"}`}>
          {visibility !== null && (isPoor || isGood) ? <AdviceIcon code={visibility.advice} size={32} /> : <Icon name="network" />}
          <span>{words}</span>
        </p>
      )}
      {arriving !== null && (
        <p class="advice-words is-fair is-said-above">
          <Icon name="network" />
          <span>{arriving}</span>
        </p>
      )}
    </div>
  );
}

interface ControlsProps {
  readonly session: Session;
  readonly call: CallStateMessage;
  readonly hasText: boolean;
  readonly onText: () => void;
  readonly hasPhoneTools: boolean;
  readonly onPhoneTools: () => void;
  readonly isFilled: boolean;
  readonly onFill: () => void;
}

function Controls({ session, call, hasText, onText, hasPhoneTools, onPhoneTools, isFilled, onFill }: ControlsProps): JSX.Element {
  const isFull = useSignal(false);

  async function toggleFull(): Promise<void> {
    try {
      if (document.fullscreenElement === null) await document.documentElement.requestFullscreen();
      else await document.exitFullscreen();
      isFull.value = document.fullscreenElement !== null;
    } catch {
      // an iPhone has no full screen but for bare video
    }
  }

  return (
    <nav class="controls" aria-label={t("call.controls")}>
      {call.voice && (
        <Button icon={call.muted ? "micOff" : "mic"} pressed={call.muted} onClick={() => void session.act(call.muted ? "unmute" : "mute")}>
          {t(call.muted ? "call.unmute" : "call.mute")}
        </Button>
      )}
      <Button icon="text" pressed={hasText} onClick={onText} label={t(hasText ? "call.hide_text" : "call.show_text")}>
        {t("call.text")}
      </Button>
      {mayUsePhone(session) && (
        <Button icon="keypad" pressed={hasPhoneTools} onClick={onPhoneTools}>
          {t("call.phone_tools")}
        </Button>
      )}
      <Button icon="zoom" pressed={isFilled} onClick={onFill}>
        {t(isFilled ? "call.whole" : "call.fill")}
      </Button>
      {document.fullscreenEnabled && (
        <Button icon="frame" isExtra onClick={() => void toggleFull()}>
          {t(isFull.value ? "call.small_screen" : "call.full_screen")}
        </Button>
      )}
      {call.state !== "after_phone" && <HangUp session={session} />}
    </nav>
  );
}

/** After the phone hung up, the end is one of the choices above: one red button, not two. */
function HangUp({ session }: { session: Session }): JSX.Element {
  const isEnding = useSignal(false);
  return (
    <>
      <Button look="danger" icon="hangUp" onClick={() => (isEnding.value = true)} disabled={!session.can("hang_up")}>
        {t("call.hang_up")}
      </Button>
      {isEnding.value && (
        <Dialog title={t("call.hang_up_title")} onCancel={() => (isEnding.value = false)}>
          <div class="row">
            <Button look="danger" autofocus onClick={() => void session.act("hang_up")}>
              {t("call.hang_up_yes")}
            </Button>
            <Button onClick={() => (isEnding.value = false)}>{t("call.hang_up_no")}</Button>
          </div>
        </Dialog>
      )}
    </>
  );
}
