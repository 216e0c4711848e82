// When nobody can answer now: be rung later instead.

import type { JSX } from "preact";
import { t } from "../shared/i18n.ts";
import { Button } from "../shared/ui/basics.tsx";
import { wantedOf } from "./callbacks.ts";
import type { Caller } from "./caller.ts";
import { isAway } from "./waits.tsx";

export function CallbackOffer({ caller }: { caller: Caller }): JSX.Element | null {
  const { brand } = caller.place;
  const isRefused = caller.offer.value !== null;
  const isNobody = brand === null && isAway(caller.waits.value, caller.wishes.value.mode);
  if (!isRefused && !isNobody) return null;

  function ask(): void {
    const wanted = caller.offer.value ?? wantedOf(caller.place, caller.wishes.value);
    if (!wanted.isWaiting && wanted.kind === "relay" && wanted.number == null) {
      caller.session.say(t("call_form.number_missing"), true);
      document.getElementById("number")?.focus();
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
