// Somebody calls: seen by the whole page, answered by one key. Nothing rings, nothing has to be heard.

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import { clock, unbroken } from "../shared/format.ts";
import { t } from "../shared/i18n.ts";
import { now } from "../shared/now.ts";
import type { CallStateMessage } from "../shared/protocol.d.ts";
import { Button, ConnectionBanner, Notices } from "../shared/ui/basics.tsx";
import { Icon } from "../shared/ui/icons.tsx";
import { OwnPicture } from "../shared/ui/own_picture.tsx";
import type { Caller } from "./caller.ts";
import { EmergencyButton } from "./emergency.tsx";
import { HowFields } from "./how_fields.tsx";
import { callerWords, isCallback, ringTitle } from "./ring_words.ts";

const GUARD_MS = 700; // a key meant for what was on the screen before answers nothing

export function Incoming({ caller, call }: { caller: Caller; call: CallStateMessage }): JSX.Element {
  const isVideo = call.kind === "video";
  const isAsked = isCallback(call);
  const isSettled = useSignal(false);
  useEffect(() => {
    const timer = setTimeout(() => (isSettled.value = true), GUARD_MS);
    return () => clearTimeout(timer);
  }, []);

  function answer(action: () => void): void {
    if (isSettled.value) action();
  }

  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const isForElse = document.querySelector("dialog[open]") !== null || event.target instanceof HTMLSelectElement;
      if (event.key !== "Escape" || event.repeat || isForElse) return;
      answer(() => void caller.decline());
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);

  return (
    <main id="main" class={`incoming ${isSettled.value ? "is-settled" : ""}`}>
      <div class="pulse" aria-hidden="true" />
      <div class="incoming-top">
        <TimeLeft call={call} />
        <EmergencyButton caller={caller} />
      </div>
      <div class="incoming-head" role="alert">
        <div class="ring" aria-hidden="true">
          <span />
          <span />
          <Icon name={isVideo ? "camera" : "phone"} size={56} />
        </div>
        <h1>{ringTitle(call)}</h1>
        <p class="incoming-who">{callerWords(call)}</p>
        <p>{t(isAsked ? (call.phone.number === null ? "callback.ring_body" : "callback.ring_body_number") : isVideo ? "incoming.from_video" : "incoming.from_phone")}</p>
      </div>
      {isAsked ? (
        <span />
      ) : (
        <fieldset class="incoming-how">
          <legend class="visually-hidden">{t("incoming.how")}</legend>
          <HowFields caller={caller} isBrief hasMode={!isVideo} />
        </fieldset>
      )}
      <div class="incoming-answer">
        <ConnectionBanner session={caller.session} />
        <Notices session={caller.session} />
        <Button look="primary" icon="camera" autofocus shortcut="Enter" onClick={() => answer(() => void caller.accept())}>
          {t("incoming.accept")}
        </Button>
        <Button look="danger-outline" icon="close" shortcut="Escape" onClick={() => answer(() => void caller.decline())}>
          {t("incoming.decline")}
        </Button>
        <p class="hint">
          {!caller.hasCamera.value && `${t("incoming.camera_hint")} `}
          {isAsked ? t("callback.decline_hint") : !isVideo && t("incoming.decline_hint")}
        </p>
      </div>
    </main>
  );
}

function TimeLeft({ call }: { call: CallStateMessage }): JSX.Element | null {
  const left = Math.max(0, (call.ring_until ?? 0) - now.value);
  const whole = useMemo(() => Math.max(1, left), [call.call_id]);
  if (call.ring_until === null) return <span class="spacer" />;
  const words = t("incoming.left", { time: clock(left) });
  return (
    <p class="incoming-left">
      <progress max={whole} value={left} aria-label={words} />
      <span aria-hidden="true">{words}</span>
    </p>
  );
}

/** The own call to another signer, who has not answered yet. */
export function Calling({ caller, call }: { caller: Caller; call: CallStateMessage }): JSX.Element {
  return (
    <div class="in-queue">
      <section class="card queue-card">
        <div class="calm is-near" aria-hidden="true">
          <span />
          <span />
          <span />
        </div>
        <div role="status">
          <h1>{call.peer_name === null ? t("incoming.calling_plain") : t("incoming.calling", { name: unbroken(call.peer_name) })}</h1>
        </div>
        <p>{t("incoming.calling_body")}</p>
        <Button look="danger" icon="hangUp" disabled={!caller.session.can("hang_up")} onClick={() => void caller.session.act("hang_up")}>
          {t("call.hang_up")}
        </Button>
      </section>
      {caller.hasCamera.value && (
        <div class="queue-picture">
          <OwnPicture track={caller.session.local.video} />
        </div>
      )}
    </div>
  );
}

export function OnOtherDevice({ caller, call }: { caller: Caller; call: CallStateMessage }): JSX.Element {
  return (
    <section class="card narrow elsewhere">
      <div role="status">
        <h1>{t("incoming.elsewhere")}</h1>
      </div>
      <p>{t("incoming.elsewhere_body")}</p>
      <Button look="primary" icon="play" onClick={() => void caller.continueHere(call)}>
        {t("incoming.continue_here")}
      </Button>
    </section>
  );
}
