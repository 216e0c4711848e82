// How long it takes right now, before calling: for the chosen mode in one line, for the others on demand.

import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { waitRange } from "../shared/format.ts";
import * as http from "../shared/http.ts";
import { t } from "../shared/i18n.ts";
import type { ModeWait } from "../shared/protocol.d.ts";
import { Icon } from "../shared/ui/icons.tsx";
import { localTime } from "./callback_dialog.tsx";
import type { Caller } from "./caller.ts";

const AGAIN_MS = 30_000; // the service counts anew about as often

export function WaitNow({ caller }: { caller: Caller }): JSX.Element | null {
  const modes = caller.waits.value;
  const own = modes.find(({ mode }) => mode === caller.wishes.value.mode);
  if (own === undefined) return null;
  const isFine = own.is_open && own.serving > 0;
  return (
    <div class={`waits ${isFine ? "is-fine" : "is-away"}`}>
      <p class="wait-now" role="status">
        <Icon name="clock" size={20} />
        <strong>{isFine ? t("waits.now", { wait: waitNowWords(own) }) : capitalised(waitNowWords(own))}</strong>
      </p>
      {modes.length > 1 && (
        <details>
          <summary>{t("waits.all")}</summary>
          <Modes modes={modes} />
        </details>
      )}
    </div>
  );
}

function capitalised(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function Modes({ modes }: { modes: readonly ModeWait[] }): JSX.Element {
  return (
    <dl>
      {modes.map((one) => (
        <div key={one.mode}>
          <dt>{t(`mode.${one.mode}`)}</dt>
          <dd>{waitNowWords(one)}</dd>
        </div>
      ))}
    </dl>
  );
}

/** For everybody, before signing in: asked again as long as it is shown. */
export function PublicWaits({ caller }: { caller: Caller }): JSX.Element | null {
  useEffect(() => {
    const look = (): void => void http.waits().then((modes) => (caller.waits.value = modes), () => undefined);
    look();
    const again = setInterval(look, AGAIN_MS);
    return () => clearInterval(again);
  }, []);
  if (caller.waits.value.length === 0) return null;
  return (
    <section class="card waits-public" aria-labelledby="waits-title">
      <h2 id="waits-title">{t("waits.title")}</h2>
      <Modes modes={caller.waits.value} />
    </section>
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
