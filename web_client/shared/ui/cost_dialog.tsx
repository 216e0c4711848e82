// A number that costs extra: said before it is dialled, and asked once.

import type { JSX } from "preact";
import { unbroken } from "../format.ts";
import { t } from "../i18n.ts";
import type { Session } from "../session.ts";
import { Button, Dialog } from "./basics.tsx";

export function CostDialog({ session }: { session: Session }): JSX.Element | null {
  const cost = session.cost.value;
  if (cost === null) return null;
  const close = (): void => void (session.cost.value = null);
  return (
    <Dialog title={t("cost.title")} onCancel={close}>
      <p>{t(`cost.reason.${cost.reason}`, { number: unbroken(cost.number) })}</p>
      <p>{t("cost.body")}</p>
      <div class="row">
        <Button onClick={close}>{t("cost.no")}</Button>
        <Button look="primary" icon="phone" onClick={() => void session.confirmCost()}>
          {t("cost.yes")}
        </Button>
      </div>
    </Dialog>
  );
}
