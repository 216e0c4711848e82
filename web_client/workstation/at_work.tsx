// Between calls: the state in large, the own picture and devices, today's calls.

import type { JSX } from "preact";
import { useSignal } from "@preact/signals";
import { clock } from "../shared/format.ts";
import { locale, t } from "../shared/i18n.ts";
import { now } from "../shared/now.ts";
import type { CallSummaryRow } from "../shared/protocol.d.ts";
import { Button, Tick } from "../shared/ui/basics.tsx";
import { Icon } from "../shared/ui/icons.tsx";
import { OwnPicture } from "../shared/ui/own_picture.tsx";
import type { Desk } from "./desk.ts";
import { CallbackList } from "./callback_list.tsx";
import { LoadCard } from "./load_card.tsx";
import { ShiftCheck } from "./shift_check.tsx";
import { ShortcutList } from "./shortcut_list.tsx";
import { Sparkline } from "./sparkline.tsx";
import { cardKeys } from "./state_words.ts";

export function AtWork({ desk }: { desk: Desk }): JSX.Element {
  return (
    <div class="at-work">
      <div class="at-work-side">
        <StateCard desk={desk} />
        {desk.agent.value !== null && <LoadCard desk={desk} view={desk.agent.value} />}
        <CallbackList desk={desk} />
        <Today calls={desk.today.value} />
      </div>
      <div class="at-work-side">
        <Devices desk={desk} />
        <ShortcutList desk={desk} />
      </div>
    </div>
  );
}

function StateCard({ desk }: { desk: Desk }): JSX.Element {
  const view = desk.agent.value;
  const mayAsk = useSignal(globalThis.Notification?.permission === "default");
  if (view === null) return <section class="card">{t("connection.connecting")}</section>;
  const [title, body] = cardKeys(desk, view);
  return (
    <section class={`card state-card is-${desk.isCutOff.value ? "offline" : view.state}`}>
      <h1>{t(title)}</h1>
      <p>{t(body)}</p>
      <RingLeft desk={desk} />
      {view.state === "not_responding" && (
        <Button look="primary" icon="play" autofocus shortcut={desk.keys.shown("come_back")} onClick={() => void desk.available()}>
          {t("work.come_back")}
        </Button>
      )}
      {mayAsk.value && (
        <Button look="quiet" onClick={() => void Notification.requestPermission().then(() => (mayAsk.value = false))}>
          {t("work.notifications")}
        </Button>
      )}
    </section>
  );
}

/** A call-back: the signer's devices ring, the agent has nothing to do. */
function RingLeft({ desk }: { desk: Desk }): JSX.Element | null {
  const { session } = desk;
  const call = session.call.value;
  if (call?.state !== "calling_back") return null;
  return (
    <>
      {call.ring_until !== null && <p class="countdown">{t("callback.at_desk_left", { time: clock(call.ring_until - now.value) })}</p>}
      {session.can("hang_up") && (
        <Button look="quiet" onClick={() => void session.act("hang_up")}>
          {t("desk.leave")}
        </Button>
      )}
    </>
  );
}

function Devices({ desk }: { desk: Desk }): JSX.Element {
  const { local } = desk.session;
  const problem = local.videoProblem.value;
  const soundProblem = local.audioProblem.value;
  return (
    <section class="card devices" aria-labelledby="devices-title">
      <h2 id="devices-title">{t("work.devices")}</h2>
      <div class="preview">
        {local.video.value === null ? (
          <div class="no-picture">
            <Icon name={problem === null ? "camera" : "cameraOff"} size={40} />
            <div role="alert">{problem !== null && <p>{t(`camera.problem.${problem}`)}</p>}</div>
            <Button icon="camera" onClick={() => void desk.openDevices()}>
              {t(problem === null ? "camera.start" : "camera.retry")}
            </Button>
          </div>
        ) : (
          <OwnPicture track={local.video} hasGuide={desk.session.check.isOn} />
        )}
      </div>
      {local.video.value !== null && <DeviceChoices desk={desk} />}
      <Tick
        label={t("watched.tick")}
        hint={t("watched.what_alone")}
        checked={desk.wantsAdvice.value}
        onChange={(next) => void desk.analysis.wish(next)}
      />
      {local.video.value !== null && <ShiftCheck desk={desk} />}
      {soundProblem !== null && !desk.withoutMicrophone.value && <p class="field-error">{t(`camera.mic_problem.${soundProblem}`)}</p>}
    </section>
  );
}

const NONE = "";

function DeviceChoices({ desk }: { desk: Desk }): JSX.Element {
  const { local } = desk.session;
  const microphone = desk.withoutMicrophone.value ? NONE : (local.audio.value?.getSettings().deviceId ?? NONE);
  return (
    <div class="device-choices">
      <label class="field">
        <span>{t("camera.device")}</span>
        <select value={local.video.value?.getSettings().deviceId ?? NONE} onChange={(event) => void local.openCamera(event.currentTarget.value)}>
          {local.cameras.value.map((camera, index) => (
            <option key={camera.deviceId} value={camera.deviceId}>
              {camera.label || `${t("camera.device")} ${index + 1}`}
            </option>
          ))}
        </select>
      </label>
      <label class="field">
        <span>{t("camera.microphone")}</span>
        <select value={microphone} onChange={(event) => desk.chooseMicrophone(event.currentTarget.value || null)}>
          <option value={NONE}>{t("work.no_microphone")}</option>
          {local.microphones.value.map((device, index) => (
            <option key={device.deviceId} value={device.deviceId}>
              {device.label || `${t("camera.microphone")} ${index + 1}`}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}

function Today({ calls }: { calls: readonly CallSummaryRow[] }): JSX.Element {
  const time = new Intl.DateTimeFormat(locale.value, { hour: "2-digit", minute: "2-digit" });
  return (
    <section class="card today" aria-labelledby="today-title">
      <h2 id="today-title">{t("work.today")}</h2>
      {calls.length === 0 ? (
        <p class="hint">{t("work.today_empty")}</p>
      ) : (
        <div class="table-scroll" tabIndex={0} role="group" aria-labelledby="today-title">
          <table>
            <thead>
              <tr>
                <th scope="col">{t("work.table_time")}</th>
                <th scope="col">{t("work.table_kind")}</th>
                <th scope="col">{t("work.table_talk")}</th>
                <th scope="col">{t("work.table_picture")}</th>
                <th scope="col">{t("work.table_end")}</th>
              </tr>
            </thead>
            <tbody>
              {calls.map((call) => (
                <tr key={call.call_id}>
                  <td>{time.format(call.began_at * 1000)}</td>
                  <td>
                    {call.brand_name ?? t(call.kind === "relay" ? "work.kind_relay" : "work.kind_direct")} · {call.mode}
                  </td>
                  <td>{clock(call.talk_s)}</td>
                  <td>
                    <Sparkline rates={call.frame_rates} />
                  </td>
                  <td>{endWords(call)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function endWords(call: CallSummaryRow): string {
  if (call.disposition !== null) return t(`disposition.${call.disposition}`);
  return call.end_reason === null ? "…" : t(`end_reason.${call.end_reason}`);
}
