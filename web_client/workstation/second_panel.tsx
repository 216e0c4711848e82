// Two at a call: who is beside, who interprets now, and what the two may do. For both of them.

import type { JSX } from "preact";
import { isActive, isConsulting, isJoined } from "../shared/company.ts";
import { t, type Key } from "../shared/i18n.ts";
import type { CallStateMessage } from "../shared/protocol.d.ts";
import { seekingWords } from "../shared/second_words.ts";
import { Button } from "../shared/ui/basics.tsx";
import { Icon } from "../shared/ui/icons.tsx";
import type { Desk } from "./desk.ts";

interface PanelProps {
  readonly desk: Desk;
  readonly call: CallStateMessage;
}

export function SecondPanel({ desk, call }: PanelProps): JSX.Element | null {
  if (call.second === null) return <CallSomebody desk={desk} call={call} />;
  const isOwn = call.leg === "second";
  const title = isOwn ? t("second.own_title") : t(`second.role.${call.second.role}`);
  return (
    <section class={`card second-panel ${isConsulting(call) ? "is-consulting" : ""}`} aria-labelledby="second-title">
      <h2 id="second-title">{title}</h2>
      <div role="status">
        <p class="second-who">
          <Icon name="person" size={20} />
          <strong>{isOwn ? t(ownKey(call)) : seekingWords(call)}</strong>
        </p>
        {isConsulting(call) && !isOwn && <p>{t("second.consulting")}</p>}
        <Turns call={call} />
      </div>
      <SupervisorAsks desk={desk} call={call} />
      <Acts desk={desk} call={call} />
    </section>
  );
}

function ownKey({ second }: CallStateMessage): Key {
  switch (second?.role) {
    case "consulted":
      return "second.own_consulted";
    case "interpreter":
      return "second.own_interpreter";
    case "expert":
      return "second.own_expert";
    case "supervisor":
      return "second.own_supervisor";
    default:
      return "second.role.team";
  }
}

/** Of a team: who signs and speaks now. */
function Turns({ call }: { call: CallStateMessage }): JSX.Element | null {
  if (call.second?.role !== "team" || !isJoined(call)) return null;
  const isOwnTurn = isActive(call, call.leg);
  return (
    <>
      <p class={`turn ${isOwnTurn ? "is-own" : ""}`}>
        <Icon name={isOwnTurn ? "hand" : "eye"} size={20} />
        <span>{t(isOwnTurn ? "second.turn_own" : "second.turn_colleague")}</span>
      </p>
      {call.swapping && <p class="hint">{t("second.swapping")}</p>}
    </>
  );
}

function Acts({ desk, call }: PanelProps): JSX.Element {
  const { session, second, keys } = desk;
  return (
    <div class="row">
      {session.can("swap") && (
        <Button look="primary" icon="swap" shortcut={keys.shown("swap")} onClick={() => second.swap()}>
          {t("second.swap")}
        </Button>
      )}
      {session.can("hand_over") && (
        <Button look="primary" icon="check" onClick={() => void second.handOver()}>
          {t("second.hand_over")}
        </Button>
      )}
      {session.can("bring_in") && (
        <Button icon="person" onClick={() => void session.act("bring_in")}>
          {t("second.bring_in")}
        </Button>
      )}
      {session.can("dismiss_second") && call.second?.state !== "asked" && (
        <Button icon="close" onClick={() => void session.act("dismiss_second")}>
          {t(dismissKey(call))}
        </Button>
      )}
    </div>
  );
}

function dismissKey(call: CallStateMessage): Key {
  if (!isJoined(call)) return "second.cancel_search";
  return isConsulting(call) ? "second.cancel_consult" : "second.dismiss";
}

function SupervisorAsks({ desk, call }: PanelProps): JSX.Element | null {
  const { session } = desk;
  if (call.second?.role !== "supervisor" || call.second.state !== "asked") return null;
  const isOpen = session.can("allow_supervisor");
  return (
    <>
      <p>{t(isOpen ? "second.ask_body" : "second.ask_waiting")}</p>
      <div class="row">
        {isOpen && (
          <Button look="primary" onClick={() => void session.act("allow_supervisor")}>
            {t("second.ask_yes")}
          </Button>
        )}
        <Button onClick={() => void session.act("refuse_supervisor")}>{t("second.ask_no")}</Button>
      </div>
    </>
  );
}

function callKey({ second }: Desk, { kind }: CallStateMessage): Key {
  if (kind === "relay") return "second.call_team";
  return second.callsExpert ? "second.call_expert" : "second.call_interpreter";
}

/** Nobody is beside yet: a colleague's advice or hand-over, or a second person. */
function CallSomebody({ desk, call }: PanelProps): JSX.Element | null {
  const { session, second, keys } = desk;
  if (second.open.value.length === 0) return null;
  return (
    <section class="card second-panel is-quiet" aria-label={t("second.transfer")}>
      <div class="row">
        <Button icon="swap" shortcut={keys.shown("transfer")} onClick={() => second.choose()}>
          {t("second.transfer")}
        </Button>
        {session.can("call_second") && (
          <Button icon="person" shortcut={keys.shown("second")} onClick={() => second.call()}>
            {t(callKey(desk, call))}
          </Button>
        )}
      </div>
    </section>
  );
}
