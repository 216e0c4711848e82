// To whom: searched by typing, chosen by arrows. Then consult first (the usual way), hand on at once, or ask to come beside.
// Before ten minutes it warns, and never stands in the way.

import { useComputed, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { clock } from "../shared/format.ts";
import { t } from "../shared/i18n.ts";
import { now } from "../shared/now.ts";
import type { CallStateMessage } from "../shared/protocol.d.ts";
import { Button, Dialog } from "../shared/ui/basics.tsx";
import { DialogError } from "../shared/ui/dialog_error.tsx";
import type { Desk } from "./desk.ts";
import type { ToSomebody } from "./second.ts";
import { matching, targetsOf, type Target } from "./targets.ts";

const LOOK_MS = 2_000;
const SHORT_S = 600; // a hand-over before that tires the signer (FCC's rule, softened)
const WORDS = { consult: "transfer.consult", transfer_call: "transfer.cold", call_second: "transfer.beside" } as const;

export function TransferDialog({ desk, call }: { desk: Desk; call: CallStateMessage }): JSX.Element {
  const { second } = desk;
  const typed = useSignal("");
  const index = useSignal(0);
  const found = useComputed(() => (second.colleagues.value === null ? [] : matching(targetsOf(second.colleagues.value), typed.value)));
  const chosen = found.value[Math.min(index.value, found.value.length - 1)];
  const [usual] = second.open.value;
  useEffect(() => {
    const again = setInterval(() => second.look(), LOOK_MS);
    return () => clearInterval(again);
  }, []);

  function send(action: ToSomebody): void {
    if (chosen !== undefined) void second.send(action, chosen.to);
  }

  function onKey(event: KeyboardEvent): void {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step !== 0 && found.value.length > 0) {
      event.preventDefault();
      index.value = (Math.min(index.value, found.value.length - 1) + step + found.value.length) % found.value.length;
    } else if (event.key === "Enter" && usual !== undefined) {
      event.preventDefault();
      send(usual);
    }
  }

  return (
    <Dialog title={t("transfer.title")} className="transfer" onCancel={() => second.close()}>
      <ShortCall call={call} />
      <Search typed={typed.value} chosen={chosen} onKey={onKey} onType={(words) => { typed.value = words; index.value = 0; }} />
      <TargetList desk={desk} found={found.value} chosen={chosen} onChoose={(next) => (index.value = next)} />
      <p class="hint">{t(usual === "consult" ? "transfer.keys" : "transfer.keys_cold")}</p>
      <DialogError session={desk.session} />
      <div class="row">
        {second.open.value.map((action) => (
          <Button key={action} look={action === usual ? "primary" : "plain"} disabled={chosen === undefined} onClick={() => send(action)}>
            {t(WORDS[action])}
          </Button>
        ))}
        <Button look="quiet" onClick={() => second.close()}>
          {t("app.cancel")}
        </Button>
      </div>
      <p class="hint">{t("transfer.consult_hint")}</p>
    </Dialog>
  );
}

function ShortCall({ call }: { call: CallStateMessage }): JSX.Element | null {
  const since = call.together_at === null ? null : now.value - call.together_at;
  if (since === null || since >= SHORT_S) return null;
  return <p class="short-call">{t("transfer.short", { time: clock(since) })}</p>;
}

interface SearchProps {
  readonly typed: string;
  readonly chosen: Target | undefined;
  readonly onKey: (event: KeyboardEvent) => void;
  readonly onType: (words: string) => void;
}

function Search({ typed, chosen, onKey, onType }: SearchProps): JSX.Element {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), []);
  return (
    <label class="field">
      <span>{t("transfer.search")}</span>
      <input
        ref={input}
        type="text"
        role="combobox"
        autocomplete="off"
        aria-expanded="true"
        aria-controls="transfer-list"
        aria-autocomplete="list"
        aria-activedescendant={chosen?.id}
        value={typed}
        onInput={(event) => onType(event.currentTarget.value)}
        onKeyDown={onKey}
      />
    </label>
  );
}

interface ListProps {
  readonly desk: Desk;
  readonly found: readonly Target[];
  readonly chosen: Target | undefined;
  readonly onChoose: (index: number) => void;
}

function TargetList({ desk, found, chosen, onChoose }: ListProps): JSX.Element {
  const isThere = desk.second.colleagues.value !== null;
  useEffect(() => {
    if (chosen !== undefined) document.getElementById(chosen.id)?.scrollIntoView({ block: "nearest" });
  }, [chosen?.id]);
  return (
    <>
      <ul id="transfer-list" class="targets" role="listbox" aria-label={t("transfer.list")}>
        {found.map((target, index) => (
          <li key={target.id} id={target.id} role="option" aria-selected={target === chosen} class={target.isFree ? "is-free" : ""} onClick={() => onChoose(index)}>
            <span class="dot" aria-hidden="true" />
            <span>{target.name}</span>
            {target.hint !== "" && <span class="hint">{target.hint}</span>}
          </li>
        ))}
      </ul>
      <p role="status" class="hint">
        {!isThere ? t("transfer.loading") : found.length === 0 ? t("transfer.none") : ""}
      </p>
    </>
  );
}
