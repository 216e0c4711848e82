// An emergency: 114 at one tap, before anything else and on every screen, whatever else works or does not.

import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { t, tIn } from "../shared/i18n.ts";
import { Button, Dialog } from "../shared/ui/basics.tsx";
import { Icon } from "../shared/ui/icons.tsx";
import type { Caller } from "./caller.ts";
import type { EmergencyKind } from "./emergency_numbers.ts";
import { smsTo114, type Position } from "./position.ts";

/** `number`: what was to be called; null when the person asked for 114 itself. */
export interface Emergency {
  readonly number: string | null;
  readonly kind: EmergencyKind;
  readonly may_relay: boolean;
}

interface AskedProps {
  readonly caller: Caller;
  readonly asked: Emergency;
}

export function EmergencyDialog({ caller, asked }: AskedProps): JSX.Element {
  return (
    <Dialog title={titleWords(asked)} className="emergency" onCancel={() => (caller.emergency.value = null)}>
      <Ways caller={caller} asked={asked} />
    </Dialog>
  );
}

/** In a call: beside the picture, in the place of the text. The interpreter stays in sight. */
export function EmergencyPanel({ caller, asked }: AskedProps): JSX.Element {
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => title.current?.focus(), [asked]);
  return (
    <section
      class="emergency-panel emergency"
      aria-labelledby="emergency-title"
      onKeyDown={(event) => {
        if (event.key === "Escape") caller.emergency.value = null;
      }}
    >
      <h2 id="emergency-title" ref={title} tabIndex={-1}>
        {titleWords(asked)}
      </h2>
      <Ways caller={caller} asked={asked} />
    </section>
  );
}

/** 114 itself is nothing to turn away from. */
function numberOf({ number }: Emergency): string | null {
  return number === "114" ? null : number;
}

function titleWords(asked: Emergency): string {
  return t(titleOf({ ...asked, number: numberOf(asked) }));
}

function Ways({ caller, asked }: AskedProps): JSX.Element {
  const number = numberOf(asked);
  const offers114 = asked.kind === "offer_114";
  const mayRelay = number !== null && asked.may_relay && caller.canRelayNow.value;
  const close = (): void => void (caller.emergency.value = null);
  return (
    <>
      {number !== null && <p>{t(offers114 ? "emergency.body" : "emergency.relay_first", { number })}</p>}
      {!offers114 && !mayRelay && <p>{t("emergency.relay_cannot")}</p>}
      <div class="column">
        {!offers114 && mayRelay && <Relay caller={caller} number={number} isFirst />}
        <Contact114 caller={caller} number={number} />
        <Place position={caller.position} hasInterpreter={mayRelay} />
        <p>{t("emergency.no_voice")}</p>
        {offers114 && mayRelay && <Relay caller={caller} number={number} />}
        <Button look="quiet" onClick={close}>
          {t(number === null ? "app.close" : "emergency.leave")}
        </Button>
      </div>
    </>
  );
}

function titleOf({ number, kind }: Emergency): "emergency.title_114" | "emergency.title" | "emergency.relay_first_title" {
  if (number === null) return "emergency.title_114";
  return kind === "offer_114" ? "emergency.title" : "emergency.relay_first_title";
}

function Relay({ caller, number, isFirst = false }: { caller: Caller; number: string; isFirst?: boolean }): JSX.Element {
  return (
    <Button icon="phone" look={isFirst ? "primary" : "plain"} onClick={() => void caller.relayEmergency(number)}>
      {t(isFirst ? "emergency.relay_now" : "emergency.relay", { number })}
    </Button>
  );
}

/** In French whatever the page's language: 114 reads it. */
function smsSentences(caller: Caller, number: string | null): readonly string[] {
  const place = caller.position.words.value.trim();
  return [
    tIn("fr", "emergency.sms_body"),
    ...(number === null || number === "114" ? [] : [tIn("fr", "emergency.sms_number", { number })]),
    ...(place === "" ? [] : [tIn("fr", "emergency.sms_place", { place })]),
  ];
}

/** Where help has to come: written, or found by the device when the person asks for it. */
function Place({ position, hasInterpreter }: { position: Position; hasInterpreter: boolean }): JSX.Element {
  const search = position.search.value;
  return (
    <div class="emergency-place">
      <label class="field" for="emergency-location">
        <span>{t("emergency.location")}</span>
      </label>
      <input
        id="emergency-location"
        autocomplete="street-address"
        maxLength={200}
        aria-describedby="emergency-location-hint"
        value={position.words.value}
        onInput={(event) => position.write(event.currentTarget.value)}
      />
      {position.isPossible && (
        <Button icon="frame" disabled={search === "asking"} onClick={() => position.ask()}>
          {t(search === "asking" ? "emergency.position_asking" : "emergency.position")}
        </Button>
      )}
      <p id="emergency-location-hint" class={search === "failed" ? "field-error" : "hint"} role="status">
        {t(search === "failed" ? "emergency.position_failed" : hasInterpreter ? "emergency.location_hint" : "emergency.location_hint_sms")}
      </p>
    </div>
  );
}

/** `_top`: inside a business's page, its policy for frames must not stop the link to the messages. */
function Contact114({ caller, number }: { caller: Caller; number: string | null }): JSX.Element {
  return (
    <>
      <a class="button danger big" href={smsTo114(smsSentences(caller, number))} target="_top" onClick={() => caller.leavesForMessages()}>
        <Icon name="sos" />
        <span>{t("emergency.sms")}</span>
      </a>
      <a class="button plain" href="https://www.urgence114.fr" target="_blank" rel="noopener">
        <Icon name="camera" />
        <span>{t("emergency.web")}</span>
      </a>
    </>
  );
}

/** On every screen of the signer. */
export function EmergencyButton({ caller }: { caller: Caller }): JSX.Element {
  return (
    <button
      type="button"
      class="emergency-button"
      aria-haspopup="dialog"
      onClick={() => (caller.emergency.value = { number: null, kind: "offer_114", may_relay: false })}
    >
      <Icon name="sos" size={20} />
      <span>{t("emergency.button")}</span>
    </button>
  );
}
