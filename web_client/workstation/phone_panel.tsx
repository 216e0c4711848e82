// The phone leg: the number asked for at one touch, another one typed or pasted, hold, digits.

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { phoneWords } from "../shared/call_words.ts";
import { clock, unbroken } from "../shared/format.ts";
import { t } from "../shared/i18n.ts";
import { now } from "../shared/now.ts";
import type { CallStateMessage } from "../shared/protocol.d.ts";
import { Button } from "../shared/ui/basics.tsx";
import { Icon } from "../shared/ui/icons.tsx";
import { Keypad } from "../shared/ui/keypad.tsx";
import type { Desk } from "./desk.ts";
import { NumberField } from "./number_field.tsx";
import { AnotherParty, HoldWatch, Joined, VoiceMessage } from "./phone_more.tsx";

export function PhonePanel({ desk, call }: { desk: Desk; call: CallStateMessage }): JSX.Element | null {
  const { session } = desk;
  const { phone } = call;
  const isUp = session.can("hang_up_phone");
  if (call.leg === "second" && !isUp && !session.can("dial")) return <PhoneOfOther desk={desk} call={call} />;
  return (
    <section class="card phone-panel" aria-labelledby="phone-title">
      <h2 id="phone-title">{t("desk.phone")}</h2>
      <Facts call={call} />
      <VoiceMessage desk={desk} call={call} />
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
          {desk.phoneKeys.value !== "" && (
            <p class="phone-keys" role="status">
              {t("desk.keys")} : <kbd>{desk.phoneKeys.value}</kbd>
            </p>
          )}
          <div class="row phone-less-often">
            {session.can("voicemail") && (
              <Button icon="speak" onClick={() => void session.act("voicemail")}>
                {t("desk.voicemail")}
              </Button>
            )}
            <HoldWatch desk={desk} call={call} />
          </div>
          <div class="phone-folded">
            {session.can("dtmf") && (
              <details>
                <summary>{t("desk.keypad")}</summary>
                <Keypad session={session} />
              </details>
            )}
            <AnotherParty desk={desk} />
          </div>
        </>
      ) : (
        <Dial desk={desk} call={call} />
      )}
      <Joined desk={desk} call={call} />
    </section>
  );
}

/** The telephone is the other's: what it does, and the keys when they are allowed. */
function PhoneOfOther({ desk, call }: { desk: Desk; call: CallStateMessage }): JSX.Element {
  return (
    <section class="card phone-panel" aria-labelledby="phone-title">
      <h2 id="phone-title">{t("desk.phone")}</h2>
      <p class="phone-now">
        <strong>{phoneWords(call, "agent")}</strong>
      </p>
      {desk.session.can("dtmf") && (
        <details>
          <summary>{t("desk.keypad")}</summary>
          <Keypad session={desk.session} />
        </details>
      )}
    </section>
  );
}

/** What the agent has to know before speaking: who called, where help must come, whether to announce. */
function Facts({ call }: { call: CallStateMessage }): JSX.Element {
  const isIncoming = call.direction === "incoming";
  const mayAnnounce = call.announce === "agent" || isIncoming;
  return (
    <>
      {call.location !== null && (
        <p class="location">
          <Icon name="sos" size={20} />
          <span>
            {t("desk.location")} : <strong>{call.location}</strong>
          </span>
        </p>
      )}
      {isIncoming && (
        <p>{call.phone.number === null ? t("desk.caller_anonymous") : t("desk.caller", { number: unbroken(call.phone.number) })}</p>
      )}
      {!mayAnnounce && <p class="announce">{t(call.announce === "none" ? "desk.announce_none" : "desk.announce_recorded")}</p>}
    </>
  );
}

function HoldButton({ desk, call }: { desk: Desk; call: CallStateMessage }): JSX.Element {
  const { session } = desk;
  return (
    <Button
      icon={call.phone.held ? "play" : "hold"}
      pressed={call.phone.held}
      shortcut={desk.keys.shown("hold")}
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
        <NumberField id="dial-number" label={t(asked === null ? "desk.number" : "desk.dial_another")} number={number} />
        <Button type="submit" icon="phone" disabled={!mayDial || number.value.trim() === ""}>
          {t("desk.dial")}
        </Button>
      </form>
    </>
  );
}
