// The call-backs that were asked for: for what, when, how often tried; each can be cancelled.

import type { JSX } from "preact";
import { unbroken } from "../shared/format.ts";
import { t } from "../shared/i18n.ts";
import { now } from "../shared/now.ts";
import type { CallbackEntry } from "../shared/protocol.d.ts";
import { Button } from "../shared/ui/basics.tsx";
import { Icon } from "../shared/ui/icons.tsx";
import { localTime } from "./callback_dialog.tsx";
import type { Caller } from "./caller.ts";

export function CallbacksCard({ caller }: { caller: Caller }): JSX.Element | null {
  const entries = caller.callbacks.open.value;
  if (entries.length === 0) return null;
  return (
    <section class="card callbacks" aria-labelledby="callbacks-title">
      <h2 id="callbacks-title">{t("callback.list")}</h2>
      <ul>
        {entries.map((entry) => (
          <Entry key={entry.callback_id} caller={caller} entry={entry} />
        ))}
      </ul>
    </section>
  );
}

function Entry({ caller, entry }: { caller: Caller; entry: CallbackEntry }): JSX.Element {
  const what = entry.brand_name ?? (entry.number === null ? t("callback.no_number") : unbroken(entry.number));
  const cancel = async (): Promise<void> => {
    if (await caller.callbacks.cancel(entry)) caller.session.say(t("callback.cancelled"));
  };
  return (
    <li>
      <p class="inbox-who">
        <Icon name={entry.kind === "direct" ? "hand" : "phone"} />
        <strong>{what}</strong>
        <span class="hint">{entry.mode}</span>
      </p>
      <p>{whenWords(entry)}</p>
      {entry.attempts > 0 && <p class="hint">{t("callback.attempts", { count: entry.attempts })}</p>}
      <div class="row">
        <Button icon="close" label={`${t("callback.cancel")} – ${what}`} onClick={() => void cancel()}>
          {t("callback.cancel")}
        </Button>
        <span class="hint">{t("callback.until", { time: localTime(entry.expires_at) })}</span>
      </div>
    </li>
  );
}

function whenWords(entry: CallbackEntry): string {
  if (entry.state === "trying") return t("callback.trying");
  if (entry.next_at !== null && entry.next_at > now.value && entry.attempts > 0) return t("callback.next_at", { time: localTime(entry.next_at) });
  return entry.due_at > now.value ? t("callback.due_at", { time: localTime(entry.due_at) }) : t("callback.due_line");
}
