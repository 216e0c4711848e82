// What to say while the other side's picture does not move.

import type { JSX } from "preact";
import { t, type Key } from "../i18n.ts";
import type { CallStateMessage, Party } from "../protocol.d.ts";
import type { Session } from "../session.ts";

interface PictureStateProps {
  readonly session: Session;
  readonly call: CallStateMessage;
  /** Whose picture it is; null: nobody is shown, and the page says why by itself. */
  readonly seen: Party | null;
}

/** Why there is no moving picture, over the place where it will be. */
export function PictureState({ session, call, seen }: PictureStateProps): JSX.Element {
  const key = pictureKey(session, call, seen);
  return (
    <div class="picture-state" role="status">
      {key !== null && <p class="plate">{t(key)}</p>}
    </div>
  );
}

function pictureKey(session: Session, call: CallStateMessage, seen: Party | null): Key | null {
  const link = session.media.link.value;
  if (link === "interrupted") return "call.reconnecting";
  if (seen === null) return null;
  if ((call[seen]?.lost_since ?? null) !== null) return seen === "signer" ? "call.signer_lost" : "call.agent_lost";
  if (session.leg === "signer" && seen === "agent" && call.hidden) return "call.agent_hidden";
  if (link !== "connected" || session.media.remoteVideo.value === null) return "call.waiting_picture";
  return null;
}
