// After a call. Relay: the technical ending, nothing to write. Direct: disposition, note, contact record.

import type { JSX } from "preact";
import { clock } from "../shared/format.ts";
import { t } from "../shared/i18n.ts";
import { now } from "../shared/now.ts";
import type { CallStateMessage, Disposition } from "../shared/protocol.d.ts";
import { Button } from "../shared/ui/basics.tsx";
import { Refusal } from "../shared/ui/refusal.tsx";
import { ContactPanel } from "./contact_panel.tsx";
import type { Desk } from "./desk.ts";
import { ownPart } from "./wrap_up.ts";

const DISPOSITIONS: readonly Disposition[] = ["resolved", "call_back", "follow_up", "transferred", "wrong_service", "abuse", "other"];

export function WrapUpScreen({ desk }: { desk: Desk }): JSX.Element | null {
  const call = desk.session.call.value;
  if (call === null) return null;
  const extensions = desk.agent.value?.wrap_up_extensions_left ?? 0;
  const until = desk.agent.value?.wrap_up_until ?? call.wrap_up_until;
  return (
    <div class={`wrap-up is-${call.kind}`}>
      <section class="card">
        <h1>{t("work.state.wrap_up")}</h1>
        {until !== null && <p class="countdown">{t("wrap_up.left", { time: clock(until - now.value) })}</p>}
        <dl class="facts">
          <div>
            <dt>{t("wrap_up.reason")}</dt>
            <dd>{endWords(desk, call)}</dd>
          </div>
          <div>
            <dt>{t("wrap_up.talk")}</dt>
            <dd>{clock(ownPart(call))}</dd>
          </div>
        </dl>
        {call.kind === "relay" ? <p class="hint">{t("wrap_up.relay_note")}</p> : <DirectForm desk={desk} call={call} />}
        <div class="row">
          <Button look="primary" icon="check" autofocus={call.kind === "relay"} onClick={() => void desk.wrapUp.finish()}>
            {t("wrap_up.ready")}
          </Button>
          <Button icon="clock" disabled={extensions === 0} onClick={() => void desk.session.ask({ type: "wrap_up.extend" })}>
            {t("wrap_up.extend")}
          </Button>
          <Button icon="pause" shortcut={desk.keys.shown("hard_call")} onClick={() => void desk.hardCall()}>
            {t("work.hard_call")}
          </Button>
        </div>
        <p class="hint">{extensions === 0 ? t("wrap_up.extensions_none") : t("wrap_up.extensions_left", { count: extensions })}</p>
        <Refusal session={desk.session} call={call} />
      </section>
      {call.kind === "direct" && <ContactPanel desk={desk} />}
    </div>
  );
}

function endWords(desk: Desk, call: CallStateMessage): string {
  if (desk.second.handedOver.value === call.call_id) return t("wrap_up.handed_over");
  if (call.leg === "second" && call.end_reason === "completed") return t("wrap_up.left_call");
  return call.end_reason === null ? "…" : t(`end_reason.${call.end_reason}`);
}

function DirectForm({ desk }: { desk: Desk; call: CallStateMessage }): JSX.Element {
  const { wrapUp } = desk;
  const saved = wrapUp.saved.value;
  return (
    <>
      <label class="field">
        <span>{t("wrap_up.disposition")}</span>
        <select
          value={wrapUp.disposition.value ?? ""}
          onChange={(event) => {
            const value = event.currentTarget.value;
            wrapUp.change(() => (wrapUp.disposition.value = value === "" ? null : (value as Disposition)));
          }}
        >
          <option value="">{t("wrap_up.disposition_none")}</option>
          {DISPOSITIONS.map((disposition) => (
            <option key={disposition} value={disposition}>
              {t(`disposition.${disposition}`)}
            </option>
          ))}
        </select>
      </label>
      <label class="field">
        <span>{t("wrap_up.note")}</span>
        <textarea
          rows={5}
          maxLength={2000}
          value={wrapUp.note.value}
          aria-describedby="note-hint"
          onInput={(event) => {
            const { value } = event.currentTarget;
            wrapUp.change(() => (wrapUp.note.value = value));
          }}
        />
      </label>
      <p id="note-hint" class="hint">
        {t("wrap_up.note_hint")}
      </p>
      <p class="hint" role="status">
        {saved === "nothing" ? "" : t(saved === "saved" ? "wrap_up.saved" : saved === "saving" ? "wrap_up.saving" : "wrap_up.not_saved")}
      </p>
    </>
  );
}
