// The phone hung up first: the signer chooses what comes next, below the picture: the interpreter is still there.

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { isCalled } from "../shared/call_side.ts";
import { phoneWords } from "../shared/call_words.ts";
import { formatNumber } from "../shared/format.ts";
import { t, type Key } from "../shared/i18n.ts";
import type { CallStateMessage } from "../shared/protocol.d.ts";
import { Button } from "../shared/ui/basics.tsx";
import type { Caller } from "./caller.ts";
import { emergencyIn } from "./emergency_numbers.ts";
import { VoiceMessage } from "./voice_message.tsx";

const REDIAL = "redial"; // id of the button that one key presses

interface AfterPhoneProps {
  readonly caller: Caller;
  readonly call: CallStateMessage;
}

export function AfterPhone({ caller, call }: AfterPhoneProps): JSX.Element {
  const isTyping = useSignal(false);
  const isVoicemail = call.phone.outcome === "voicemail";
  useEffect(() => {
    const isWriting = document.activeElement?.matches("input, textarea, select") ?? false;
    if (!isWriting && !isVoicemail && document.querySelector("dialog[open]") === null) document.getElementById(REDIAL)?.focus();
  }, []);
  return (
    <section class="after-phone" aria-labelledby="after-title">
      <h2 id="after-title" class={isVoicemail ? "" : "visually-hidden"}>
        {isVoicemail ? t("call.message_title") : phoneWords(call, "signer")}
      </h2>
      <p class="after-body">{t(bodyKey(call))}</p>
      {isVoicemail && !isTyping.value && <VoiceMessage caller={caller} />}
      {isTyping.value ? (
        <AnotherNumber caller={caller} onBack={() => (isTyping.value = false)} />
      ) : (
        <Choices caller={caller} call={call} onAnother={() => (isTyping.value = true)} />
      )}
    </section>
  );
}

function bodyKey(call: CallStateMessage): Key {
  switch (call.phone.outcome) {
    case "voicemail":
      return "call.message_body";
    case "hung_up_at_announcement":
      return "call.after_announcement";
    default:
      return isCalled(call) ? "call.after_incoming" : "call.after_body";
  }
}

function sameKey(call: CallStateMessage): Key {
  if (call.phone.outcome === "voicemail") return "call.message_dial";
  return isCalled(call) ? "call.after_incoming_same" : "call.after_same";
}

function Choices({ caller, call, onAnother }: AfterPhoneProps & { onAnother: () => void }): JSX.Element {
  const { session } = caller;
  const isAnonymous = isCalled(call) && call.phone.number === null; // nobody to call back
  return (
    <div class="row">
      {!isAnonymous && (
        <Button id={REDIAL} look="primary" icon="phone" disabled={!session.can("dial")} onClick={() => void session.act("dial")}>
          {t(sameKey(call))}
        </Button>
      )}
      <Button icon="keypad" disabled={!session.can("dial")} onClick={onAnother}>
        {t("call.after_another")}
      </Button>
      <Button look="danger" icon="hangUp" onClick={() => void session.act("hang_up")}>
        {t("call.after_end")}
      </Button>
    </div>
  );
}

function AnotherNumber({ caller, onBack }: { caller: Caller; onBack: () => void }): JSX.Element {
  const { session } = caller;
  const number = useSignal("");
  return (
    <form
      class="column"
      onSubmit={(event) => {
        event.preventDefault();
        if (number.value.trim() !== "") void caller.dialNext(number.value);
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
        <Button onClick={onBack}>{t("app.back")}</Button>
      </div>
    </form>
  );
}
