// The own picture before a call, as in a mirror: all of it, whatever the camera's shape.

import { useSignal, type ReadonlySignal } from "@preact/signals";
import type { JSX } from "preact";
import { t } from "../i18n.ts";
import { Video } from "./basics.tsx";
import { framingOf } from "./framing.ts";

export const USUAL_ASPECT = 16 / 9; // until the camera says its own

export function OwnPicture({ track, hasGuide = false }: { track: ReadonlySignal<MediaStreamTrack | null>; hasGuide?: boolean }): JSX.Element {
  const aspect = useSignal(USUAL_ASPECT);
  return (
    <div class="own-picture" style={{ "--aspect": String(aspect.value) }}>
      <Video stream={track} label={t("camera.preview")} className="is-mirrored" onAspect={(value) => (aspect.value = value)} />
      {hasGuide && <FramingGuide aspect={aspect.value} />}
    </div>
  );
}

function FramingGuide({ aspect }: { aspect: number }): JSX.Element {
  const { width, height, scale } = framingOf(aspect);
  return (
    <svg class="guide" viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="xMidYMid meet" role="img" aria-label={t("camera.guide")}>
      <g transform={`translate(${width / 2} ${height / 2}) scale(${scale})`}>
        <rect x="-46" y="-41" width="92" height="82" rx="6" />
        <path d="M0-33a11 12.500 0 0 1 0 25a11 12.500 0 0 1 0-25zM-24 43c-1-12 0-24 3-33c2-7 8-10 14-11.500v-6.500M24 43c1-12 0-24-3-33c-2-7-8-10-14-11.500v-6.500" />
      </g>
    </svg>
  );
}
