// At the start of a shift: picture, headset and line, through the path of a call. Nobody has to do it before working.

import { useSignal, useSignalEffect } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { t } from "../shared/i18n.ts";
import { Button } from "../shared/ui/basics.tsx";
import { CheckWords, isUnmeasured } from "../shared/ui/check_words.tsx";
import { Icon } from "../shared/ui/icons.tsx";
import { headsetFound, left, lineFound, pictureFound, verdict, type Summary } from "./check_summary.ts";
import type { Desk } from "./desk.ts";

export function ShiftCheck({ desk }: { desk: Desk }): JSX.Element | null {
  const { check, local } = desk.session;
  const isOpen = useSignal(false);
  useEffect(() => () => close(), []);
  useSignalEffect(() => {
    if (isOpen.value) desk.sound.start(desk.withoutMicrophone.value ? null : local.audio.value);
  });

  function open(): void {
    isOpen.value = true;
    void check.start();
  }

  function close(): void {
    isOpen.value = false;
    check.stop();
    desk.sound.stop();
  }

  if (desk.session.connection.status.value !== "open") return null;
  if (!isOpen.value) {
    return (
      <div class="shift-check">
        <Button icon="eye" onClick={open}>
          {t("shift_check.start")}
        </Button>
        <p class="hint">{t("shift_check.what")}</p>
      </div>
    );
  }
  return (
    <section class="shift-check is-open" aria-labelledby="shift-check-title">
      <h3 id="shift-check-title">{t("shift_check.title")}</h3>
      <Verdict desk={desk} />
      {isUnmeasured(desk.session) ? <Unmeasured desk={desk} /> : <CheckWords session={desk.session} />}
      <Headset desk={desk} />
      <div class="row">
        {!check.isOn && (
          <Button icon="eye" onClick={open}>
            {t("shift_check.again")}
          </Button>
        )}
        <Button look="quiet" onClick={close}>
          {t("shift_check.close")}
        </Button>
      </div>
    </section>
  );
}

function Unmeasured({ desk }: { desk: Desk }): JSX.Element {
  const isStarting = desk.session.check.phase.value === "starting";
  return (
    <p class="hint" role="status">
      {t(isStarting ? "check.starting" : desk.session.check.phase.value === "refused" ? "check.refused" : "shift_check.over")}
    </p>
  );
}

function Verdict({ desk }: { desk: Desk }): JSX.Element {
  const summary = summaryOf(desk);
  const found = verdict(summary);
  const words =
    found === "ready"
      ? t("shift_check.ready")
      : found === "pending"
        ? t("shift_check.left", { things: left(summary, desk.sound.isVoiceIn.value).map((what) => t(`shift_check.left_what.${what}`)).join(", ") })
        : t("shift_check.to_see", { things: found.map((name) => t(`shift_check.name.${name}`)).join(", ") });
  return (
    <p class={`shift-verdict is-${found === "ready" ? "good" : found === "pending" ? "none" : "poor"}`} role="status">
      <Icon name={found === "ready" ? "check" : found === "pending" ? "clock" : "eye"} />
      <strong>{words}</strong>
    </p>
  );
}

function summaryOf({ session, sound, withoutMicrophone }: Desk): Summary {
  const { check } = session;
  const isMeasured = check.phase.value === "starting" || !isUnmeasured(session);
  const line = session.watch.quality.value?.ownLine.state ?? null;
  return {
    picture: pictureFound(check.reading.value, isMeasured),
    headset: headsetFound(!withoutMicrophone.value, sound.isVoiceIn.value, sound.hears.value),
    line: check.isOn ? lineFound(line) : "skipped",
  };
}

function Headset({ desk }: { desk: Desk }): JSX.Element {
  const { sound } = desk;
  if (desk.withoutMicrophone.value) return <p class="hint">{t("shift_check.no_sound")}</p>;
  return (
    <div class="headset">
      <p class="camera-words" role="status">
        <Icon name="mic" />
        <span>{t(sound.isVoiceIn.value ? "shift_check.mic_good" : "shift_check.speak")}</span>
      </p>
      <meter aria-label={t("shift_check.mic_level")} min={0} max={1} value={sound.level.value} />
      <div class="row">
        <Button icon="speak" onClick={() => sound.playTone()}>
          {t("shift_check.tone")}
        </Button>
        <Button pressed={sound.hears.value === true} onClick={() => sound.said(true)}>
          {t("shift_check.hears")}
        </Button>
        <Button pressed={sound.hears.value === false} onClick={() => sound.said(false)}>
          {t("shift_check.hears_not")}
        </Button>
      </div>
      <p role="status" class={sound.hears.value === false ? "camera-words is-warning" : "hint"}>
        {sound.hears.value !== null && t(sound.hears.value ? "shift_check.ears_good" : "shift_check.ears_poor")}
      </p>
    </div>
  );
}
