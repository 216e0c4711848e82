// An emergency: 114 at one tap, before anything else and on every screen, whatever else works or does not.

import type { JSX } from "preact";
import { t } from "../shared/i18n.ts";
import { Button, Dialog } from "../shared/ui/basics.tsx";
import { Icon } from "../shared/ui/icons.tsx";
import type { Caller } from "./caller.ts";
import type { EmergencyKind } from "./emergency_numbers.ts";

/** `number`: what was to be called; null when the person asked for 114 itself. */
export interface Emergency {
  readonly number: string | null;
  readonly kind: EmergencyKind;
  readonly may_relay: boolean;
}

export function EmergencyDialog({ caller, asked }: { caller: Caller; asked: Emergency }): JSX.Element {
  const { number } = asked;
  const offers114 = asked.kind === "offer_114";
  const mayRelay = number !== null && asked.may_relay && caller.canRelayNow.value;
  const close = (): void => void (caller.emergency.value = null);
  return (
    <Dialog title={t(titleOf(asked))} className="emergency" onCancel={close}>
      {number !== null && <p>{t(offers114 ? "emergency.body" : "emergency.relay_first", { number })}</p>}
      {!offers114 && !mayRelay && <p>{t("emergency.relay_cannot")}</p>}
      <div class="column">
        {!offers114 && mayRelay && <Relay caller={caller} number={number} isFirst />}
        <Contact114 caller={caller} />
        <p>{t("emergency.no_voice")}</p>
        {offers114 && mayRelay && <Relay caller={caller} number={number} />}
        <Button look="quiet" onClick={close}>
          {t(number === null ? "app.close" : "emergency.leave")}
        </Button>
      </div>
    </Dialog>
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

/** `_top`: inside a business's page, its policy for frames must not stop the link to the messages. */
function Contact114({ caller }: { caller: Caller }): JSX.Element {
  return (
    <>
      <a class="button danger big" href="sms:114" target="_top" onClick={() => caller.leavesForMessages()}>
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
