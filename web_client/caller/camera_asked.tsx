// « Pouvez-vous bouger votre caméra ? », large, above the text or in its place: beside the other's picture, never on it.
// It goes when the picture is better, or when it is put away by a key or a tap; in the place of the text, also when the
// other side writes.

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { adviceWords } from "../shared/call_words.ts";
import { t } from "../shared/i18n.ts";
import type { Asked } from "../shared/readability.ts";
import type { Session } from "../shared/session.ts";
import { AdviceClip } from "../shared/ui/advice_clip.tsx";
import { AdviceIcon } from "../shared/ui/advice_icons.tsx";
import { Button } from "../shared/ui/basics.tsx";
import { useGivesWayToText } from "../shared/ui/quality_panel.tsx";

interface PanelProps {
  readonly session: Session;
  readonly asked: Asked;
  /** There is no room for the text beside it. */
  readonly isAlone: boolean;
}

export function CameraAskedPanel({ session, asked, isAlone }: PanelProps): JSX.Element {
  const { readability } = session;
  const isOpen = useSignal(true);
  useGivesWayToText(session, isOpen);
  useEffect(() => {
    if (!isOpen.value && isAlone) readability.putAway();
  }, [isOpen.value]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key === "Escape" && document.querySelector("dialog[open]") === null) readability.putAway();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
  return (
    <section class="camera-asked" aria-labelledby="asked-title">
      <h2 id="asked-title">{t("asked.title")}</h2>
      <div class="camera-asked-what" role="alert">
        <AdviceIcon code={asked.advice} size={160} />
        <p>{asked.advice === null ? t("asked.plain") : adviceWords(asked.advice)}</p>
      </div>
      {asked.advice !== null && <AdviceClip key={asked.advice} code={asked.advice} />}
      <Button look="primary" icon="check" shortcut="Escape" onClick={() => readability.putAway()}>
        {t("asked.close")}
      </Button>
      <p class="hint">{t("asked.goes")}</p>
    </section>
  );
}
