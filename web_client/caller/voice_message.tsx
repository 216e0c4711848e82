// A machine answered: the message is prepared on the own screen, shown to the interpreter, and spoken in a second call.

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { t } from "../shared/i18n.ts";
import { Button } from "../shared/ui/basics.tsx";
import type { Caller } from "./caller.ts";

const LIMIT = 1_000; // characters: two minutes of speech

export function VoiceMessage({ caller }: { caller: Caller }): JSX.Element {
  const { session, draft } = caller;
  const isShown = useSignal(false);

  function show(): void {
    session.text.sendLine(draft.value.trim());
    isShown.value = true;
  }

  return (
    <div class="voice-message">
      <label class="field">
        <span>{t("call.message_label")}</span>
        <textarea
          rows={1}
          maxLength={LIMIT}
          value={draft.value}
          onInput={(event) => {
            draft.value = event.currentTarget.value;
            isShown.value = false;
          }}
        />
      </label>
      <Button disabled={draft.value.trim() === "" || isShown.value} onClick={show}>
        {t("call.message_show")}
      </Button>
      <span class="visually-hidden" role="status">
        {isShown.value && t("call.message_shown")}
      </span>
    </div>
  );
}
