// How long it takes right now, before calling: for the chosen mode in one line, for the others on demand.

import type { JSX } from "preact";
import { waitRange } from "../shared/format.ts";
import { t } from "../shared/i18n.ts";
import type { Mode, ModeWait } from "../shared/protocol.d.ts";
import { Icon } from "../shared/ui/icons.tsx";
import { localTime } from "./callback_dialog.tsx";
import type { Caller } from "./caller.ts";

export function WaitNow({ caller }: { caller: Caller }): JSX.Element | null {
  const modes = caller.waits.value;
  const own = modes.find(({ mode }) => mode === caller.wishes.value.mode);
  if (own === undefined) return null;
  const isFine = own.is_open && own.serving > 0;
  return (
    <div class={`waits ${isFine ? "is-fine" : "is-away"}`}>
      <p class="wait-now" role="status">
        <Icon name="clock" size={20} />
        <strong>{t("waits.now", { wait: waitNowWords(own) })}</strong>
      </p>
      {modes.length > 1 && (
        <details>
          <summary>{t("waits.all")}</summary>
          <dl>
            {modes.map((one) => (
              <div key={one.mode}>
                <dt>{t(`mode.${one.mode}`)}</dt>
                <dd>{waitNowWords(one)}</dd>
              </div>
            ))}
          </dl>
        </details>
      )}
    </div>
  );
}

export function waitNowWords(wait: ModeWait): string {
  if (!wait.is_open) return wait.opens_at === null ? t("waits.closed") : t("waits.opens", { time: localTime(wait.opens_at) });
  if (wait.serving === 0) return t("waits.nobody");
  const range = waitRange(wait.wait_low_s, wait.wait_high_s);
  if (range === null) return t("waits.unknown");
  const [low, high] = range;
  return high > 1 ? t("waits.range", { low: Math.max(1, low), high }) : t("waits.short");
}

/** Nobody takes a call of this mode now: a call-back is the better wish. */
export function isAway(waits: readonly ModeWait[], mode: Mode): boolean {
  const own = waits.find((one) => one.mode === mode);
  return own !== undefined && (!own.is_open || own.serving === 0);
}
