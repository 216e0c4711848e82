// When to be rung: as soon as possible, or from an hour on.

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { timeAt } from "../shared/format.ts";
import { locale, t } from "../shared/i18n.ts";
import { now } from "../shared/now.ts";
import { Button, Dialog } from "../shared/ui/basics.tsx";
import { DialogError } from "../shared/ui/dialog_error.tsx";
import { DAYS_AHEAD, daysUntil, nextAt, type Wanted } from "./callbacks.ts";
import type { Caller } from "./caller.ts";

export function CallbackDialog({ caller, wanted }: { caller: Caller; wanted: Wanted }): JSX.Element {
  const { callbacks, session } = caller;
  const hasHour = useSignal(false);
  const hour = useSignal("");
  const days = useSignal(0);
  const at = hasHour.value ? nextAt(hour.value, now.value, days.value) : null;
  const close = (): void => void (callbacks.wanted.value = null);

  async function submit(event: Event): Promise<void> {
    event.preventDefault();
    if (hasHour.value && at === null) return document.getElementById("callback-hour")?.focus();
    if ((await callbacks.ask(wanted, at)) && !wanted.isWaiting) session.say(t("callback.asked"));
  }

  return (
    <Dialog title={t("callback.title")} onCancel={close}>
      <p>{t(wanted.isWaiting ? "callback.body_waiting" : "callback.body_closed")}</p>
      <form class="callback-form" onSubmit={(event) => void submit(event)}>
        <fieldset>
          <legend>{t("callback.when")}</legend>
          <label class="tick">
            <input type="radio" name="when" checked={!hasHour.value} onChange={() => (hasHour.value = false)} />
            <span>{t(wanted.isWaiting ? "callback.soon" : "callback.soon_closed")}</span>
          </label>
          <label class="tick">
            <input type="radio" name="when" checked={hasHour.value} onChange={() => (hasHour.value = true)} />
            <span>{t("callback.at")}</span>
          </label>
        </fieldset>
        {hasHour.value && (
          <div class="hour-fields">
            <label class="field">
              <span>{t("callback.day")}</span>
              <select value={String(days.value)} onChange={(event) => (days.value = Number(event.currentTarget.value))}>
                {Array.from({ length: DAYS_AHEAD + 1 }, (_, ahead) => (
                  <option key={ahead} value={String(ahead)}>
                    {dayName(now.value, ahead)}
                  </option>
                ))}
              </select>
            </label>
            <label class="field" for="callback-hour">
              <span>{t("callback.hour")}</span>
              <input id="callback-hour" type="time" required value={hour.value} onInput={(event) => (hour.value = event.currentTarget.value)} />
            </label>
          </div>
        )}
        <p role="status" class="hint">
          {at !== null && dayWords(at)}
        </p>
        <DialogError session={session} />
        <div class="row">
          <Button look="primary" type="submit" icon="check">
            {t("callback.confirm")}
          </Button>
          <Button onClick={close}>{t("app.cancel")}</Button>
        </div>
      </form>
    </Dialog>
  );
}

function dayWords(at: number): string {
  const time = new Intl.DateTimeFormat(locale.value, { hour: "2-digit", minute: "2-digit" }).format(at * 1000);
  const ahead = daysUntil(at, now.value);
  if (ahead > 1) return t("callback.day_at", { day: dayName(now.value, ahead), time });
  return t(ahead === 1 ? "callback.tomorrow_at" : "callback.today_at", { time });
}

function dayName(today: number, ahead: number): string {
  if (ahead < 2) return t(ahead === 0 ? "callback.today" : "callback.tomorrow");
  const day = new Date(today * 1000);
  day.setDate(day.getDate() + ahead);
  return new Intl.DateTimeFormat(locale.value, { weekday: "long", day: "numeric", month: "long" }).format(day);
}

/** In the time of this device. */
export function localTime(at: number): string {
  return timeAt(at, now.value, Intl.DateTimeFormat().resolvedOptions().timeZone, locale.value);
}
