// The phone leg: the number asked for at one touch, another one typed or pasted, hold, digits.

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { phoneWords } from "../shared/call_words.ts";
import { clock, formatNumber } from "../shared/format.ts";
import { t } from "../shared/i18n.ts";
import { now } from "../shared/now.ts";
import type { CallStateMessage } from "../shared/protocol.d.ts";
import { Button } from "../shared/ui/basics.tsx";
import { Icon } from "../shared/ui/icons.tsx";
import type { Desk } from "./desk.ts";

const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"] as const;

export function PhonePanel({ desk, call }: { desk: Desk; call: CallStateMessage }): JSX.Element {
  const { session } = desk;
  const { phone } = call;
  const isUp = session.can("hang_up_phone");
  return (
    <section class="card phone-panel" aria-labelledby="phone-title">
      <h2 id="phone-title">{t("desk.phone")}</h2>
      {isUp ? (
        <>
          <p class="phone-now">
            <strong>{phoneWords(call, "agent")}</strong>
            {phone.answered_at !== null && <span>{clock(now.value - phone.answered_at)}</span>}
            {call.state === "active" && !phone.held && (
              <span class={`speaking ${phone.speaking ? "is-speaking" : ""}`}>
                <Icon name="speak" size={20} />
                {t(phone.speaking ? "phone.speaking" : "phone.silent")}
              </span>
            )}
          </p>
          <div class="row">
            <HoldButton desk={desk} call={call} />
            <Button look="danger" icon="hangUp" onClick={() => void session.act("hang_up_phone")}>
              {t("desk.hang_up_phone")}
            </Button>
          </div>
          {session.can("dtmf") && <Keypad desk={desk} />}
        </>
      ) : (
        <Dial desk={desk} call={call} />
      )}
    </section>
  );
}

function HoldButton({ desk, call }: { desk: Desk; call: CallStateMessage }): JSX.Element {
  const { session } = desk;
  return (
    <Button
      icon={call.phone.held ? "play" : "hold"}
      pressed={call.phone.held}
      shortcut={desk.shortcutsAreOn.value ? "G" : undefined}
      disabled={!session.can("hold") && !session.can("resume")}
      onClick={() => desk.toggleHold()}
    >
      {t(call.phone.held ? "desk.resume" : "desk.hold")}
    </Button>
  );
}

function Dial({ desk, call }: { desk: Desk; call: CallStateMessage }): JSX.Element {
  const { session } = desk;
  const number = useSignal("");
  const asked = call.phone.number;
  const mayDial = session.can("dial");
  return (
    <>
      {call.phone.outcome !== null && (
        <p class="phone-now" role="status">
          <strong>{t(`phone.outcome.${call.phone.outcome}`)}</strong>
        </p>
      )}
      {asked !== null && (
        <Button look="primary" icon="phone" disabled={!mayDial} onClick={() => void session.act("dial")}>
          {t("desk.dial_asked", { number: asked })}
        </Button>
      )}
      <form
        class="dial-other"
        onSubmit={(event) => {
          event.preventDefault();
          if (number.value.trim() !== "") void session.act("dial", { number: number.value });
        }}
      >
        <label for="dial-number">{t(asked === null ? "desk.number" : "desk.dial_another")}</label>
        <input
          id="dial-number"
          class="number"
          type="tel"
          inputMode="tel"
          autocomplete="off"
          maxLength={64}
          value={number.value}
          onInput={(event) => (number.value = formatNumber(event.currentTarget.value.replace(/^tel:/i, "")))}
        />
        <Button type="submit" icon="phone" disabled={!mayDial || number.value.trim() === ""}>
          {t("desk.dial")}
        </Button>
      </form>
    </>
  );
}

/** Digits to a voice menu; typed ones too, while the pad has the focus. */
function Keypad({ desk }: { desk: Desk }): JSX.Element {
  const sent = useSignal("");

  function press(key: string): void {
    sent.value = (sent.value + key).slice(-12);
    void desk.session.act("dtmf", { digits: key });
  }

  return (
    <details class="keypad">
      <summary>
        {t("desk.keypad")} <output>{sent.value}</output>
      </summary>
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
    </details>
  );
}
