// The phone hung up first: the signer chooses what comes next, below the picture: the interpreter is still there.

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { phoneWords } from "../shared/call_words.ts";
import { formatNumber } from "../shared/format.ts";
import { t } from "../shared/i18n.ts";
import type { CallStateMessage } from "../shared/protocol.d.ts";
import { Button } from "../shared/ui/basics.tsx";
import type { Caller } from "./caller.ts";
import { emergencyIn } from "./emergency_numbers.ts";

export function AfterPhone({ caller, call }: { caller: Caller; call: CallStateMessage }): JSX.Element {
  const { session } = caller;
  const isTyping = useSignal(false);
  const number = useSignal("");
  return (
    <section class="after-phone" aria-labelledby="after-title">
      <h2 id="after-title" class="visually-hidden">
        {phoneWords(call, "signer")}
      </h2>
      <p class="after-body">{t("call.after_body")}</p>
      {isTyping.value ? (
        <form
          class="column"
          onSubmit={(event) => {
            event.preventDefault();
            if (number.value.trim() === "" || caller.answersEmergency(number.value)) return;
            void session.act("dial", { number: number.value });
          }}
        >
          <label class="field">
            <span>{t("call_form.number")}</span>
            <input
              class="number"
              type="tel"
              inputMode="tel"
              autocomplete="tel"
              maxLength={64}
              ref={(input) => input?.focus()}
              value={number.value}
              onInput={(event) => (number.value = formatNumber(event.currentTarget.value))}
            />
          </label>
          <div class="row">
            <Button look="primary" type="submit" icon="phone" disabled={!session.can("dial") && emergencyIn(number.value) === null}>
              {t("call_form.call")}
            </Button>
            <Button onClick={() => (isTyping.value = false)}>{t("app.back")}</Button>
          </div>
        </form>
      ) : (
        <div class="row">
          <Button look="primary" icon="phone" disabled={!session.can("dial")} onClick={() => void session.act("dial")}>
            {t("call.after_same")}
          </Button>
          <Button icon="keypad" disabled={!session.can("dial")} onClick={() => (isTyping.value = true)}>
            {t("call.after_another")}
          </Button>
          <Button look="danger" icon="hangUp" onClick={() => void session.act("hang_up")}>
            {t("call.after_end")}
          </Button>
        </div>
      )}
    </section>
  );
}
