// Be rung later instead: always offered for the relay, for a brand once it could not take the call.

import type { JSX } from "preact";
import { t } from "../shared/i18n.ts";
import { Button } from "../shared/ui/basics.tsx";
import { wantedOf } from "./callbacks.ts";
import type { Caller } from "./caller.ts";

export function CallbackOffer({ caller }: { caller: Caller }): JSX.Element | null {
  const { brand } = caller.place;
  const isRefused = caller.offer.value !== null;
  if (!isRefused && brand !== null) return null;

  function ask(): void {
    const wanted = caller.offer.value ?? wantedOf(caller.place, caller.wishes.value);
    if (!wanted.isWaiting && wanted.kind === "relay" && wanted.number == null) {
      caller.blameNumber(t("call_form.number_missing"));
    } else {
      caller.callbacks.wanted.value = wanted;
    }
  }

  return (
    <div class="callback-offer" role="status">
      {isRefused && <p>{t("callback.closed_offer")}</p>}
      <Button icon="clock" disabled={!caller.isOpen.value} onClick={ask}>
        {t("callback.ask")}
      </Button>
    </div>
  );
}
