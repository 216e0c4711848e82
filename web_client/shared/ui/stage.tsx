// The other's picture, whole and as large as it goes, and the own one where it covers nothing.

import { useSignal, type ReadonlySignal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { CallStateMessage, Party } from "../protocol.d.ts";
import { readPreference, writePreference } from "../preferences.ts";
import type { Session } from "../session.ts";
import { Video } from "./basics.tsx";
import { CORNERS, isCorner, type Corner } from "./corners.ts";
import { USUAL_ASPECT } from "./own_picture.tsx";
import { PictureState } from "./picture_state.tsx";
import { placeOwn, type Size } from "./placement.ts";
import { SelfView } from "./self_view.tsx";

interface StageProps {
  readonly session: Session;
  readonly call: CallStateMessage;
  readonly label: string;
  /** The large picture, and whose it is. */
  readonly stream: ReadonlySignal<MediaStream | null>;
  readonly seen: Party | null;
  readonly isFilled?: boolean;
  /** The server withholds the own picture from the other side. */
  readonly isWithheld?: boolean;
  /** Where the picture is put: share of the free height above it. */
  readonly onPlaced?: (y: number) => void;
  readonly children?: ComponentChildren;
}

export function Stage({ session, call, label, stream, seen, isFilled = false, isWithheld = false, onPlaced, children }: StageProps): JSX.Element {
  const stage = useRef<HTMLDivElement>(null);
  const size = useSignal<Size>({ width: 1, height: 1 });
  const kept = readPreference("self_view_corner");
  const corner = useSignal<Corner>(isCorner(kept) ? kept : CORNERS[0]);
  const remoteAspect = useSignal(USUAL_ASPECT);
  const ownAspect = useSignal(USUAL_ASPECT);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => {
      if (entry !== undefined) size.value = { width: entry.contentRect.width, height: entry.contentRect.height };
    });
    if (stage.current !== null) observer.observe(stage.current);
    return () => observer.disconnect();
  }, []);

  function place(next: Corner): void {
    corner.value = next;
    writePreference("self_view_corner", next);
  }

  const { width, x, y } = placeOwn(size.value, remoteAspect.value, ownAspect.value, corner.value);
  const isAlone = isFilled || session.local.video.value === null;
  const height = isAlone ? 0.5 : y;
  useEffect(() => onPlaced?.(height), [height]);
  const isHidden = seen === null || (session.leg === "signer" && seen === "agent" && call.hidden); // the last picture before would stay
  return (
    <div class="stage" ref={stage} style={{ "--aspect": String(remoteAspect.value) }}>
      <Video
        stream={stream}
        label={label}
        className={`remote ${isFilled ? "is-filled" : ""} ${isHidden ? "is-hidden" : ""}`}
        onAspect={(value) => (remoteAspect.value = value)}
        position={isAlone ? "50% 50%" : `${100 * x}% ${100 * y}%`}
      />
      {children}
      <PictureState session={session} call={call} seen={seen} />
      <SelfView
        track={session.local.video}
        isWithheld={isWithheld}
        corner={corner.value}
        onPlace={place}
        width={width}
        aspect={ownAspect.value}
        onAspect={(value) => (ownAspect.value = value)}
        reading={session.readability.own.value}
      />
    </div>
  );
}
