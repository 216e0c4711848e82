// The other side's sound, for those who want it. A browser may refuse to start it without a gesture: then a button.

import { useSignal, useSignalEffect } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { t } from "../i18n.ts";
import type { Session } from "../session.ts";
import { Button } from "./basics.tsx";

export function RemoteAudio({ session, isWanted }: { session: Session; isWanted: boolean }): JSX.Element {
  const audio = useRef<HTMLAudioElement>(null);
  const isBlocked = useSignal(false);

  async function play(): Promise<void> {
    const element = audio.current;
    const stream = session.media.remoteAudio.value;
    if (element === null) return;
    element.srcObject = isWanted ? stream : null;
    isBlocked.value = false;
    if (!isWanted || stream === null) return;
    await element.play().catch((error: unknown) => {
      isBlocked.value = error instanceof Error && error.name === "NotAllowedError";
    });
  }

  useSignalEffect(() => {
    session.media.remoteAudio.value; // eslint-like linters aside: read to follow it
    void play();
  });
  useEffect(() => void play(), [isWanted]);
  return (
    <>
      <audio ref={audio} autoplay />
      {isBlocked.value && (
        <div class="enable-sound">
          <Button look="primary" icon="speak" onClick={() => void play()}>
            {t("call.enable_sound")}
          </Button>
        </div>
      )}
    </>
  );
}
