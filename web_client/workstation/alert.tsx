// A call rings: seen by the whole page (at most once a second, steady under reduced motion), answered by one key.

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { clock } from "../shared/format.ts";
import { t } from "../shared/i18n.ts";
import { now } from "../shared/now.ts";
import type { Alert } from "../shared/protocol.d.ts";
import { Button, Dialog } from "../shared/ui/basics.tsx";
import { secondsLeft } from "./countdown.ts";
import type { Desk } from "./desk.ts";
import { Figures } from "./figures.tsx";

const REASONS = ["conflict_of_interest", "known_person", "skill", "fatigue", "technical", "other"] as const;

export function AlertDialog({ desk, alert }: { desk: Desk; alert: Alert }): JSX.Element {
  const isDeclining = useSignal(false);
  const view = desk.agent.value;
  const left = secondsLeft(alert.expires_at, now.value, view?.state === "alerting" ? view.since : null);
  const whole = useMemo(() => Math.max(1, left), [alert.assignment_id]);
  const mode = t(`mode.${alert.mode}`);
  return (
    <>
      <div class="pulse" aria-hidden="true" />
      <Dialog title={t(isDeclining.value ? "alert.decline_title" : "alert.title")} className="alert" onCancel={() => (isDeclining.value = !isDeclining.value)}>
        {isDeclining.value ? (
          <>
            <Figures desk={desk} choices={REASONS.map((reason) => ({ words: t(`alert.reason.${reason}`), run: () => void desk.decline(reason) }))} />
            <p class="hint">{t("alert.decline_note")}</p>
            <Button look="quiet" onClick={() => (isDeclining.value = false)}>
              {t("app.back")}
            </Button>
          </>
        ) : (
          <>
            <p class="alert-what">
              {alert.kind === "relay" || alert.brand_name === null ? t("alert.relay", { mode }) : t("alert.direct", { brand: alert.brand_name, mode })}
            </p>
            {alert.direction === "incoming" && <p>{t("alert.incoming")}</p>}
            {alert.callback && <p>{t("alert.callback")}</p>}
            {alert.role !== null && <p class="alert-role">{t(`alert.role.${alert.role}`)}</p>}
            {alert.resumed && <p>{t(alert.transferred ? "alert.transferred" : "alert.resumed")}</p>}
            <p class="hint">{t("alert.waited", { time: clock(now.value - alert.queued_at) })}</p>
            <div class="row alert-buttons">
              <Button look="primary" icon="camera" autofocus onClick={() => void desk.accept()}>
                {t("alert.accept")}
              </Button>
              <Button shortcut="Escape" onClick={() => (isDeclining.value = true)}>
                {t("alert.decline")}
              </Button>
            </div>
          </>
        )}
        <p class="alert-left">
          <progress max={whole} value={left} aria-label={t("alert.left", { count: left })} />
          <span aria-hidden="true">{t("alert.left", { count: left })}</span>
        </p>
      </Dialog>
    </>
  );
}
