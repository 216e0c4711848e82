// One picture, or two: the large one with the own picture, and a second one beside it, never on it. Which of the two is
// large is one press; while two interpreters change places both are as large.

import { useSignal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { areEqual, companyOf } from "../company.ts";
import { t } from "../i18n.ts";
import type { CallStateMessage } from "../protocol.d.ts";
import { pictureLabel, whoIs } from "../second_words.ts";
import type { Session } from "../session.ts";
import { Button, Video } from "./basics.tsx";
import { USUAL_ASPECT } from "./own_picture.tsx";
import { Stage } from "./stage.tsx";

interface StagesProps {
  readonly session: Session;
  readonly call: CallStateMessage;
  /** Of the picture, while it is the only one. */
  readonly label: string;
  readonly isFilled?: boolean;
  readonly isWithheld?: boolean;
  readonly shortcut?: string | undefined;
  /** Over the place of the picture while nobody is shown. */
  readonly children?: ComponentChildren;
}

export function Stages({ session, call, label, isFilled = false, isWithheld = false, shortcut, children }: StagesProps): JSX.Element {
  const { media, leg } = session;
  const seen = companyOf(call, leg);
  const hasTwo = seen.length === 2;
  const isEqual = areEqual(call, leg);
  const large = hasTwo && !isEqual && session.isSwapped.value ? 1 : 0;
  const beside = large === 0 ? 1 : 0;
  const streams = [media.remoteVideo, media.secondVideo] as const;
  const small = seen[beside];
  const above = useSignal(0.5); // of the large picture: the one beside is level with it
  const aspect = useSignal(USUAL_ASPECT);
  return (
    <div class={`stages ${hasTwo ? "has-two" : ""} ${isEqual ? "is-equal" : ""}`}>
      <Stage
        session={session}
        call={call}
        label={call.second === null ? label : pictureLabel(call, leg, large)}
        stream={streams[large]}
        seen={seen[large] ?? null}
        isFilled={isFilled && !hasTwo}
        isWithheld={isWithheld}
        onPlaced={(y) => (above.value = y)}
      >
        {seen.length === 0 && children}
      </Stage>
      {hasTwo && small !== undefined && (
        <figure class="stage-beside" style={{ "--above": String(above.value), "--aspect": String(aspect.value) }}>
          <Video
            stream={streams[beside]}
            label={pictureLabel(call, leg, beside)}
            className="remote-second"
            onAspect={(value) => (aspect.value = value)}
            {...(isEqual && { position: `50% ${100 * above.value}%` })}
          />
          <figcaption>
            {isEqual ? (
              <span>{whoIs(call, leg, small)}</span>
            ) : (
              <Button icon="zoom" shortcut={shortcut} onClick={() => (session.isSwapped.value = large === 0)}>
                {t("second.large", { who: whoIs(call, leg, small) })}
              </Button>
            )}
          </figcaption>
        </figure>
      )}
    </div>
  );
}
