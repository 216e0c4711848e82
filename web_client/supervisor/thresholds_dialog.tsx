// From when on a queue raises an alert. An empty field: never.

import { useSignal, type Signal } from "@preact/signals";
import type { JSX } from "preact";
import { t } from "../shared/i18n.ts";
import { Button, Dialog } from "../shared/ui/basics.tsx";
import type { Desk } from "./desk.ts";
import { queueName } from "./figures.ts";
import { b } from "./words.ts";

export function ThresholdsDialog({ desk, name }: { desk: Desk; name: string }): JSX.Element {
  const queue = desk.queue(name);
  const limits = queue?.thresholds;
  const waiting = useSignal(typed(limits?.waiting ?? null));
  const longest = useSignal(typed(limits?.longest_wait_s ?? null));
  const level = useSignal(typed(limits?.service_level == null ? null : Math.round(limits.service_level * 100)));

  function save(event: Event): void {
    event.preventDefault();
    const share = number(level.value);
    void desk.setThresholds(name, number(waiting.value), number(longest.value), share === null ? null : share / 100);
  }

  return (
    <Dialog title={b("thresholds_dialog.title", { queue: queue === null ? name : queueName(queue) })} onCancel={() => desk.close()}>
      <form class="column" onSubmit={save}>
        <Field label={b("thresholds_dialog.waiting")} value={waiting} min={1} max={10_000} />
        <Field label={b("thresholds_dialog.longest")} value={longest} min={1} max={86_400} />
        <Field label={b("thresholds_dialog.level")} value={level} min={0} max={100} />
        <p class="hint">{b("thresholds_dialog.note")}</p>
        <div class="row">
          <Button look="primary" type="submit">
            {b("thresholds_dialog.save")}
          </Button>
          <Button look="quiet" onClick={() => desk.close()}>
            {t("app.cancel")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function typed(value: number | null): string {
  return value === null ? "" : String(value);
}

function number(text: string): number | null {
  const value = Number.parseInt(text, 10);
  return Number.isNaN(value) ? null : value;
}

function Field({ label, value, min, max }: { label: string; value: Signal<string>; min: number; max: number }): JSX.Element {
  return (
    <label class="field">
      <span>{label}</span>
      <input
        type="number"
        inputMode="numeric"
        min={min}
        max={max}
        step={1}
        value={value.value}
        onInput={(event) => (value.value = event.currentTarget.value)}
      />
    </label>
  );
}
