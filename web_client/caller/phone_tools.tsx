// The signer's own hand on the telephone: keys that only it hears, and « it is an answering machine ».

import type { Signal } from "@preact/signals";
import type { JSX } from "preact";
import { t } from "../shared/i18n.ts";
import type { Session } from "../shared/session.ts";
import { Button } from "../shared/ui/basics.tsx";
import { Icon } from "../shared/ui/icons.tsx";
import { Keypad } from "../shared/ui/keypad.tsx";

export function hasPhoneTools(session: Session): boolean {
  return session.can("dtmf") || session.can("voicemail");
}

export function PhoneTools({ session, isOpen }: { session: Session; isOpen: Signal<boolean> }): JSX.Element {
  return (
    <section
      class="phone-tools"
      aria-labelledby="phone-tools-title"
      onKeyDown={(event) => {
        if (event.key === "Escape") isOpen.value = false;
      }}
    >
      <header>
        <h2 id="phone-tools-title">{t("call.phone_tools_title")}</h2>
        <button type="button" class="icon-button" aria-label={t("app.close")} onClick={() => (isOpen.value = false)}>
          <Icon name="close" />
        </button>
      </header>
      <div class="phone-tools-body">
        {session.can("dtmf") && (
          <>
            <p class="hint">{t("call.keypad_note")}</p>
            <Keypad session={session} />
          </>
        )}
        {session.can("voicemail") && (
          <>
            <Button icon="speak" onClick={() => void session.act("voicemail").then((isTaken) => (isOpen.value = !isTaken))}>
              {t("call.voicemail")}
            </Button>
            <p class="hint">{t("call.voicemail_note")}</p>
          </>
        )}
      </div>
    </section>
  );
}
