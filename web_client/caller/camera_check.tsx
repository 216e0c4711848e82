// The camera, before anybody sees it: framing guide, device, and how it can be read. The service looks as it does in a
// call, from the moment the person opened the camera or asked for it; else, and without it, the page looks at the light.

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { t } from "../shared/i18n.ts";
import { lightOf, type Light } from "../shared/light.ts";
import { Button } from "../shared/ui/basics.tsx";
import { Icon } from "../shared/ui/icons.tsx";
import { CheckWords, isUnmeasured } from "../shared/ui/check_words.tsx";
import { OwnPicture } from "../shared/ui/own_picture.tsx";
import type { Caller } from "./caller.ts";

const SAMPLE = { width: 32, height: 18, everyMs: 1_500 } as const;

export function CameraCheck({ caller }: { caller: Caller }): JSX.Element {
  const { local } = caller.session;
  const hasCamera = caller.hasCamera.value;
  return (
    <section class="camera-check" aria-labelledby="camera-title">
      <h2 id="camera-title">{t("camera.title")}</h2>
      <div class="preview">{hasCamera ? <OwnPicture track={local.video} hasGuide /> : <NoPicture caller={caller} />}</div>
      {hasCamera && (
        <>
          <p class="camera-words">
            <Icon name="frame" />
            <span>
              {t("camera.guide_words")} <span class="only-narrow">{t("camera.phone_hint")}</span>
            </span>
          </p>
          {isUnmeasured(caller.session) && <LightHint caller={caller} />}
          <Check caller={caller} />
          <DeviceChoice caller={caller} />
        </>
      )}
    </section>
  );
}

function Check({ caller }: { caller: Caller }): JSX.Element | null {
  const { check } = caller.session;
  useEffect(() => () => check.stop(), []);
  if (!caller.isOpen.value) return null;
  const phase = check.phase.value;
  return (
    <div class="check">
      {phase === "running" && !isUnmeasured(caller.session) && <CheckWords session={caller.session} />}
      {phase === "refused" && (
        <p class="hint" role="status">
          {t("check.refused")}
        </p>
      )}
      {check.isOn ? (
        <>
          <p class="hint">{t("check.skip")}</p>
          <Button look="quiet" onClick={() => check.stop()}>
            {t(phase === "starting" ? "check.starting" : "check.stop")}
          </Button>
        </>
      ) : (
        <Button icon="eye" onClick={() => void check.start()}>
          {t("check.start")}
        </Button>
      )}
    </div>
  );
}

function NoPicture({ caller }: { caller: Caller }): JSX.Element {
  const isStarting = useSignal(false);
  const problem = caller.session.local.videoProblem.value;

  async function start(): Promise<void> {
    isStarting.value = true;
    if ((await caller.startCamera()) && caller.wishes.value.watched) void caller.session.check.start();
    isStarting.value = false;
  }

  if (caller.goesWithoutCamera.value) {
    return (
      <div class="no-picture" role="status">
        <Icon name="cameraOff" size={48} />
        <p>{t("camera.without_chosen")}</p>
        <Button onClick={() => void start()}>{t("camera.with_again")}</Button>
      </div>
    );
  }
  return (
    <div class="no-picture">
      <Icon name={problem === null ? "camera" : "cameraOff"} size={48} />
      <div role="alert">{problem !== null && <p>{t(`camera.problem.${problem}`)}</p>}</div>
      {problem === null && <p>{t("camera.why")}</p>}
      <Button look="primary" icon="camera" disabled={isStarting.value} onClick={() => void start()}>
        {t(isStarting.value ? "camera.starting" : problem === null ? "camera.start" : "camera.retry")}
      </Button>
      {caller.place.isEmbedded && problem === "denied" && (
        <a class="button plain" href={`/b/${encodeURIComponent(caller.place.brand ?? "")}`} target="_blank" rel="noopener">
          {t("camera.in_a_tab")}
        </a>
      )}
      <Button look="quiet" onClick={() => caller.goWithoutCamera()}>
        {t("camera.without")}
      </Button>
    </div>
  );
}

function DeviceChoice({ caller }: { caller: Caller }): JSX.Element | null {
  const { cameras, video } = caller.session.local;
  if (cameras.value.length < 2) return null;
  return (
    <label class="field">
      <span>{t("camera.device")}</span>
      <select value={video.value?.getSettings().deviceId ?? ""} onChange={(event) => void caller.startCamera(event.currentTarget.value)}>
        {cameras.value.map((camera, index) => (
          <option key={camera.deviceId} value={camera.deviceId}>
            {camera.label || `${t("camera.device")} ${index + 1}`}
          </option>
        ))}
      </select>
    </label>
  );
}

function LightHint({ caller }: { caller: Caller }): JSX.Element {
  const light = useSignal<Light | null>(null);
  const canvas = useRef<HTMLCanvasElement | null>(null);
  useEffect(() => {
    const timer = setInterval(() => (light.value = measure(canvas) ?? light.value), SAMPLE.everyMs);
    return () => clearInterval(timer);
  }, [caller.session.local.video.value]);
  return (
    <div role="status">
      {light.value !== null && (
        <p class={`camera-words ${light.value === "good" ? "" : "is-warning"}`}>
          <Icon name="lamp" />
          <span>{t(`camera.light.${light.value}`)}</span>
        </p>
      )}
    </div>
  );
}

function measure(canvas: { current: HTMLCanvasElement | null }): Light | null {
  const video = document.querySelector<HTMLVideoElement>(".preview video");
  if (video === null || video.videoWidth === 0) return null;
  canvas.current ??= Object.assign(document.createElement("canvas"), { width: SAMPLE.width, height: SAMPLE.height });
  const context = canvas.current.getContext("2d", { willReadFrequently: true });
  if (context === null) return null;
  context.drawImage(video, 0, 0, SAMPLE.width, SAMPLE.height);
  return lightOf(context.getImageData(0, 0, SAMPLE.width, SAMPLE.height).data, SAMPLE.width, SAMPLE.height);
}
