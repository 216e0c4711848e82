// The own picture in a call: small, mirrored for its owner only, in one of the four corners or hidden.
//
// It can be dragged; the same is done with a button, and with the arrow keys on the picture (WCAG 2.5.7).

import { useSignal, type ReadonlySignal } from "@preact/signals";
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { t } from "../i18n.ts";
import { readPreference, writePreference } from "../preferences.ts";
import type { VisibilityMessage } from "../protocol.d.ts";
import { AdviceMark } from "./advice_mark.tsx";
import { moved, nearestCorner, nextCorner, type Corner } from "./corners.ts";
import { Button, Video } from "./basics.tsx";
import { Icon } from "./icons.tsx";

interface SelfViewProps {
  readonly track: ReadonlySignal<MediaStreamTrack | null>;
  readonly isWithheld: boolean;
  readonly corner: Corner;
  readonly onPlace: (corner: Corner) => void;
  /** CSS px. */
  readonly width: number;
  /** Of the camera's picture, which is shown whole. */
  readonly aspect: number;
  readonly onAspect: (aspect: number) => void;
  /** How the own picture can be read. */
  readonly reading: VisibilityMessage | null;
}

export function SelfView({ track, isWithheld, corner, onPlace, width, aspect, onAspect, reading }: SelfViewProps): JSX.Element | null {
  const isHidden = useSignal(readPreference("self_view_hidden") === "yes");
  const drag = useSignal<{ x: number; y: number } | null>(null);
  const start = useRef<{ x: number; y: number } | null>(null);
  const box = useRef<HTMLDivElement>(null);

  function hide(next: boolean): void {
    isHidden.value = next;
    writePreference("self_view_hidden", next ? "yes" : "no");
  }

  function drop(event: PointerEvent): void {
    const stage = box.current?.offsetParent?.getBoundingClientRect();
    start.current = null;
    if (drag.value === null || stage === undefined) return;
    drag.value = null;
    onPlace(nearestCorner((event.clientX - stage.left) / stage.width, (event.clientY - stage.top) / stage.height));
  }

  if (track.value === null) return null;
  if (isHidden.value) {
    return (
      <div class={`self-view-shown ${corner}`}>
        <Button icon="eye" onClick={() => hide(false)}>
          {t("self_view.show")}
        </Button>
      </div>
    );
  }
  return (
    <div
      ref={box}
      class={`self-view ${corner} ${drag.value === null ? "" : "is-dragged"}`}
      role="group"
      aria-label={t("self_view.label")}
      title={t("self_view.note")}
      tabIndex={0}
      style={{
        width: `${width}px`,
        aspectRatio: String(aspect),
        transform: drag.value === null ? "none" : `translate(${drag.value.x}px, ${drag.value.y}px)`,
      }}
      onKeyDown={(event) => {
        const next = moved(corner, event.key);
        if (next !== null && event.target === event.currentTarget) {
          event.preventDefault();
          onPlace(next);
        }
      }}
      onPointerDown={(event) => {
        if ((event.target as Element).closest("button") !== null) return;
        start.current = { x: event.clientX, y: event.clientY };
        event.currentTarget.setPointerCapture(event.pointerId);
      }}
      onPointerMove={(event) => {
        if (start.current === null) return;
        drag.value = { x: event.clientX - start.current.x, y: event.clientY - start.current.y };
      }}
      onPointerUp={drop}
      onPointerCancel={drop}
    >
      <Video stream={track} label={t("self_view.label")} className="is-mirrored" onAspect={onAspect} />
      {isWithheld ? <p class="self-view-note">{t("desk.hidden")}</p> : <AdviceMark reading={reading} />}
      <div class="self-view-buttons">
        <button type="button" class="icon-button" aria-label={t("self_view.move")} title={t("self_view.move")} onClick={() => onPlace(nextCorner(corner))}>
          <Icon name="corners" />
        </button>
        <button type="button" class="icon-button" aria-label={t("self_view.hide")} title={t("self_view.hide")} onClick={() => hide(true)}>
          <Icon name="eyeOff" />
        </button>
      </div>
    </div>
  );
}
