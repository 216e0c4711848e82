// Missed calls and messages: who, when, how long, until when; call back, have it interpreted, delete.

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { clock, unbroken } from "../shared/format.ts";
import { locale, t } from "../shared/i18n.ts";
import type { InboxEntry } from "../shared/protocol.d.ts";
import { Button, Dialog } from "../shared/ui/basics.tsx";
import { Icon } from "../shared/ui/icons.tsx";
import type { Caller } from "./caller.ts";

export function InboxCard({ caller }: { caller: Caller }): JSX.Element | null {
  const { entries, unread } = caller.inbox;
  if (caller.place.brand !== null || caller.account.value === null) return null;
  return (
    <section class="card inbox" aria-labelledby="inbox-title">
      <h2 id="inbox-title">
        {t("inbox.title")}
        {unread.value > 0 && <span class="pill is-new">{t("inbox.unread", { count: unread.value })}</span>}
      </h2>
      {entries.value.length === 0 ? (
        <p class="hint">{t("inbox.none")}</p>
      ) : (
        <ul>
          {entries.value.map((entry) => (
            <Entry key={entry.entry_id} caller={caller} entry={entry} />
          ))}
        </ul>
      )}
    </section>
  );
}

function Entry({ caller, entry }: { caller: Caller; entry: InboxEntry }): JSX.Element {
  const who = entry.number === null ? t("inbox.anonymous") : unbroken(entry.number);
  const what = t(entry.message_s === null ? "inbox.missed" : "inbox.message");
  const mayCall = caller.isReady.value && caller.isOpen.value && !caller.isAsking.value;
  const asks = useSignal(false);
  const named = (action: string): string => `${action} – ${who}`;
  return (
    <li class={entry.heard ? "" : "is-new"}>
      <p class="inbox-who">
        <Icon name={entry.message_s === null ? "phone" : "speak"} />
        <strong>{who}</strong>
        {!entry.heard && <span class="pill is-new">{t("inbox.new")}</span>}
      </p>
      <p>
        {what}
        {entry.message_s !== null && ` · ${clock(Math.ceil(entry.message_s))}`} · {dateOf(entry.at)}
      </p>
      {entry.message_s !== null && <p class="hint">{t("inbox.relay_hint")}</p>}
      <div class="row">
        {entry.message_s !== null && (
          <Button look="primary" icon="hand" disabled={!mayCall} label={named(t("inbox.relay"))} onClick={() => void caller.relayMessage(entry)}>
            {t("inbox.relay")}
          </Button>
        )}
        {entry.number !== null && (
          <Button icon="phone" disabled={!mayCall} label={named(t("inbox.call_back"))} onClick={() => void caller.callBack(entry)}>
            {t("inbox.call_back")}
          </Button>
        )}
        {!entry.heard && (
          <Button look="quiet" label={named(t("inbox.seen"))} onClick={() => caller.inbox.seen(entry)}>
            {t("inbox.seen")}
          </Button>
        )}
        <Button look="quiet" label={named(t("inbox.block"))} onClick={() => (asks.value = true)}>
          {t("inbox.block")}
        </Button>
        <Button look="quiet" label={named(t("inbox.delete"))} onClick={() => caller.inbox.delete(entry)}>
          {t("inbox.delete")}
        </Button>
      </div>
      {asks.value && <BlockDialog caller={caller} entry={entry} onClose={() => (asks.value = false)} />}
      <p class="hint">{t("inbox.expires", { date: dayOf(entry.expires_at) })}</p>
    </li>
  );
}

/** Asked once: only the service's support can take it back. */
function BlockDialog({ caller, entry, onClose }: { caller: Caller; entry: InboxEntry; onClose: () => void }): JSX.Element {
  const block = async (): Promise<void> => {
    onClose();
    if (await caller.inbox.block(entry)) caller.session.say(t("inbox.blocked"));
  };
  return (
    <Dialog title={t("inbox.block_title")} onCancel={onClose}>
      <p>{entry.number === null ? t("inbox.block_anonymous") : t("inbox.block_number", { number: unbroken(entry.number) })}</p>
      <div class="row">
        <Button onClick={onClose}>{t("cost.no")}</Button>
        <Button look="primary" onClick={() => void block()}>
          {t("inbox.block")}
        </Button>
      </div>
    </Dialog>
  );
}

function dateOf(at: number): string {
  const form: Intl.DateTimeFormatOptions = { weekday: "short", day: "numeric", month: "long", hour: "2-digit", minute: "2-digit" };
  return new Intl.DateTimeFormat(locale.value, form).format(at * 1000);
}

function dayOf(at: number): string {
  return new Intl.DateTimeFormat(locale.value, { day: "numeric", month: "long" }).format(at * 1000);
}
