// The same advice in sign language, where the centre has filmed it: small, silent, going round, never by itself for
// whoever asked for little movement. Nothing is shown where there is no such film.

import { signal, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { films } from "../http.ts";
import { t } from "../i18n.ts";
import type { AdviceCode } from "../protocol.d.ts";
import { Icon } from "./icons.tsx";

const FORMS = ["webm", "mp4"] as const;
/** Null until the first advice of this page asks. */
const filmed = signal<ReadonlySet<string> | null>(null);

function askOnce(): void {
  if (filmed.value !== null) return;
  filmed.value = new Set();
  void films().then((names) => (filmed.value = new Set(names)), () => (filmed.value = null));
}

export function AdviceClip({ code }: { code: AdviceCode }): JSX.Element | null {
  const video = useRef<HTMLVideoElement>(null);
  const isThere = useSignal(false);
  const isPlaying = useSignal(false);
  const isCalm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;

  function toggle(): void {
    if (isPlaying.value) video.current?.pause();
    else void video.current?.play().catch(() => undefined);
  }

  useEffect(askOnce, []);
  const forms = FORMS.filter((form) => filmed.value?.has(`${code}.${form}`));
  if (forms.length === 0) return null;
  return (
    <div class="advice-clip" hidden={!isThere.value}>
      <video
        ref={video}
        aria-label={t("clip.label")}
        preload="auto"
        autoplay={!isCalm}
        muted
        loop
        playsinline
        onLoadedData={() => (isThere.value = true)}
        onPlay={() => (isPlaying.value = true)}
        onPause={() => (isPlaying.value = false)}
      >
        {forms.map((form) => (
          <source key={form} src={`/static/advice/${code}.${form}`} type={`video/${form}`} />
        ))}
      </video>
      <button type="button" class="icon-button" aria-label={t(isPlaying.value ? "clip.pause" : "clip.play")} onClick={toggle}>
        <Icon name={isPlaying.value ? "hold" : "play"} />
      </button>
    </div>
  );
}
