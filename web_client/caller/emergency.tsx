// An emergency number was asked for: 114 at one tap, before anything else.

import type { JSX } from "preact";
import { t } from "../shared/i18n.ts";
import type { EmergencyNotice } from "../shared/protocol.d.ts";
import { Button, Dialog } from "../shared/ui/basics.tsx";
import { Icon } from "../shared/ui/icons.tsx";
import type { Caller } from "./caller.ts";

export function EmergencyDialog({ caller, notice }: { caller: Caller; notice: EmergencyNotice }): JSX.Element {
  const { number } = notice;
  const offers114 = notice.kind === "offer_114";
  return (
    <Dialog
      title={t(offers114 ? "emergency.title" : "emergency.relay_first_title")}
      className="emergency"
      onCancel={() => (caller.emergency.value = null)}
    >
      <p>{t(offers114 ? "emergency.body" : "emergency.relay_first", { number })}</p>
      <div class="column">
        {offers114 && (
          <>
            <a class="button danger big" href="sms:114">
              <Icon name="sos" />
              <span>{t("emergency.sms")}</span>
            </a>
            <a class="button plain" href="https://www.urgence114.fr" target="_blank" rel="noopener">
              <Icon name="camera" />
              <span>{t("emergency.web")}</span>
            </a>
          </>
        )}
        {notice.may_relay && (
          <Button icon="phone" look={offers114 ? "plain" : "primary"} onClick={() => void caller.request(true)}>
            {t(offers114 ? "emergency.relay" : "emergency.relay_now", { number })}
          </Button>
        )}
        <Button look="quiet" onClick={() => (caller.emergency.value = null)}>
          {t("emergency.leave")}
        </Button>
      </div>
    </Dialog>
  );
}
