// The same advice in sign language, where the centre has filmed it: small, silent, going round, never by itself for
// whoever asked for little movement. Nothing is shown where there is no such film.

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { t } from "../i18n.ts";
import type { AdviceCode } from "../protocol.d.ts";
import { Icon } from "./icons.tsx";

const FORMS = ["webm", "mp4"] as const;
const missing = new Set<AdviceCode>(); // asked for once on a page

export function AdviceClip({ code }: { code: AdviceCode }): JSX.Element | null {
  const video = useRef<HTMLVideoElement>(null);
  const isThere = useSignal(false);
  const isMissing = useSignal(missing.has(code));
  const isPlaying = useSignal(false);
  const isCalm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;

  function toggle(): void {
    if (isPlaying.value) video.current?.pause();
    else void video.current?.play().catch(() => undefined);
  }

  function sawNone(): void {
    missing.add(code);
    isMissing.value = true;
  }

  if (isMissing.value) return null;
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
        {FORMS.map((form, index) => (
          <source
            key={form}
            src={`/static/advice/${code}.${form}`}
            type={`video/${form}`}
            onError={() => index === FORMS.length - 1 && sawNone()}
          />
        ))}
      </video>
      <button type="button" class="icon-button" aria-label={t(isPlaying.value ? "clip.pause" : "clip.play")} onClick={toggle}>
        <Icon name={isPlaying.value ? "hold" : "play"} />
      </button>
    </div>
  );
}
