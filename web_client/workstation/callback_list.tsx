// Call-backs that wait and that this agent could serve: when, how, how often tried. No name, no number.

import type { JSX } from "preact";
import { timeAt } from "../shared/format.ts";
import { locale, t } from "../shared/i18n.ts";
import { now } from "../shared/now.ts";
import type { CallbackEntry, CallStateMessage } from "../shared/protocol.d.ts";
import type { Desk } from "./desk.ts";

export function CallbackList({ desk }: { desk: Desk }): JSX.Element {
  const call = desk.session.call.value;
  const waiting = desk.callbacks.value
    .filter((entry) => entry.state === "waiting" || (entry.state === "trying" && !isServed(entry, call)))
    .toSorted((one, other) => beginsAt(one) - beginsAt(other));
  return (
    <section class="card callback-list" aria-labelledby="callback-list-title">
      <h2 id="callback-list-title">{t("callback.work_list")}</h2>
      {waiting.length === 0 ? (
        <p class="hint">{t("callback.work_none")}</p>
      ) : (
        <div class="table-scroll" tabIndex={0} role="group" aria-labelledby="callback-list-title">
          <table>
            <thead>
              <tr>
                <th scope="col">{t("callback.work_when")}</th>
                <th scope="col">{t("work.table_kind")}</th>
                <th scope="col">{t("callback.work_tries")}</th>
              </tr>
            </thead>
            <tbody>
              {waiting.map((entry) => (
                <tr key={entry.callback_id}>
                  <td>{whenWords(entry)}</td>
                  <td>
                    {entry.brand_name ?? t(entry.kind === "relay" ? "work.kind_relay" : "work.kind_direct")} · {entry.mode}
                  </td>
                  <td>{entry.attempts}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

/** The one that this agent serves now waits no longer. */
function isServed(entry: CallbackEntry, call: CallStateMessage | null): boolean {
  if (call === null || !call.callback || call.state === "ended") return false;
  return entry.kind === call.kind && entry.mode === call.mode && entry.brand_name === call.brand_name;
}

function beginsAt({ due_at, next_at }: CallbackEntry): number {
  return next_at ?? due_at;
}

function whenWords(entry: CallbackEntry): string {
  if (entry.state === "trying") return t("callback.trying_now");
  const at = beginsAt(entry);
  if (at <= now.value) return t("callback.work_now");
  return timeAt(at, now.value, Intl.DateTimeFormat().resolvedOptions().timeZone, locale.value);
}
