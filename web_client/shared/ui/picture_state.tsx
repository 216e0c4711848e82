// What to say while the other side's picture does not move.

import type { JSX } from "preact";
import { t, type Key } from "../i18n.ts";
import type { CallStateMessage } from "../protocol.d.ts";
import type { Session } from "../session.ts";

/** Why there is no moving picture, over the place where it will be. */
export function PictureState({ session, call }: { session: Session; call: CallStateMessage }): JSX.Element {
  const key = pictureKey(session, call);
  return (
    <div class="picture-state" role="status">
      {key !== null && <p class="plate">{t(key)}</p>}
    </div>
  );
}

function pictureKey(session: Session, call: CallStateMessage): Key | null {
  const link = session.media.link.value;
  const isSigner = session.leg === "signer";
  const other = isSigner ? call.agent : call.signer;
  if (link === "interrupted") return "call.reconnecting";
  if (other.lost_since !== null) return isSigner ? "call.agent_lost" : "call.signer_lost";
  if (isSigner && call.hidden) return "call.agent_hidden";
  if (link !== "connected" || session.media.remoteVideo.value === null) return "call.waiting_picture";
  return null;
}
