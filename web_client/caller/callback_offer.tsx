// When nobody can answer now: be rung later instead.

import type { JSX } from "preact";
import { t } from "../shared/i18n.ts";
import { Button } from "../shared/ui/basics.tsx";
import type { Caller } from "./caller.ts";
import { isAway } from "./waits.tsx";

export function CallbackOffer({ caller }: { caller: Caller }): JSX.Element | null {
  const { brand } = caller.place;
  const isRefused = caller.offer.value !== null;
  const isNobody = brand === null && isAway(caller.waits.value, caller.wishes.value.mode);
  if (!isRefused && !isNobody) return null;
  return (
    <div class="callback-offer" role="status">
      {isRefused && <p>{t("callback.closed_offer")}</p>}
      <Button icon="clock" disabled={!caller.isOpen.value} onClick={() => (caller.callbacks.wanted.value = caller.offer.value ?? caller.wanted())}>
        {t("callback.ask")}
      </Button>
    </div>
  );
}
