// Digits to a voice menu; typed ones too, while the pad has the focus.

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { t } from "../i18n.ts";
import type { Session } from "../session.ts";

const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"] as const;
const SHOWN = 12; // last keys, so that a wrong one is seen

export function Keypad({ session }: { session: Session }): JSX.Element {
  const sent = useSignal("");

  function press(key: string): void {
    sent.value = (sent.value + key).slice(-SHOWN);
    void session.act("dtmf", { digits: key });
  }

  return (
    <div class="keypad">
      <output>{sent.value === "" ? t("keypad.none") : t("keypad.sent", { keys: sent.value })}</output>
      <div
        class="keys"
        role="group"
        aria-label={t("desk.keypad_title")}
        onKeyDown={(event) => {
          if (/^[0-9*#]$/.test(event.key)) press(event.key);
        }}
      >
        {KEYS.map((key) => (
          <button key={key} type="button" class="button plain" onClick={() => press(key)}>
            {key}
          </button>
        ))}
      </div>
    </div>
  );
}
