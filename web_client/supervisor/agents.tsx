// The team: each state by a pictogram and words. In the order of names: a board is no ranking.

import type { JSX } from "preact";
import { clock } from "../shared/format.ts";
import { locale, t } from "../shared/i18n.ts";
import { now } from "../shared/now.ts";
import type { Board, BoardAgent } from "../shared/protocol.d.ts";
import { Button } from "../shared/ui/basics.tsx";
import { Icon, type IconName } from "../shared/ui/icons.tsx";
import type { Desk } from "./desk.ts";
import { Cell, HeadCell, Row, Table } from "./table.tsx";
import { b } from "./words.ts";

const ICONS: Readonly<Record<BoardAgent["state"], IconName>> = {
  offline: "close",
  idle: "check",
  alerting: "lamp",
  engaged: "hand",
  hold: "hold",
  wrap_up: "text",
  paused: "pause",
  training: "person",
  not_responding: "eyeOff",
};

export function agentName(agent: BoardAgent): string {
  return agent.name === "" ? b("agents.no_name") : agent.name;
}

export function Agents({ desk, board }: { desk: Desk; board: Board }): JSX.Element {
  const ordered = [...board.agents].sort((one, other) => one.name.localeCompare(other.name, locale.value));
  const columns = [b("agents.name"), b("agents.state"), b("agents.since"), b("agents.notes"), b("agents.act")];
  return (
    <section class="card board-agents" aria-labelledby="agents-title">
      <h2 id="agents-title">{b("agents.title")}</h2>
      {ordered.length === 0 ? (
        <p class="hint">{b("agents.empty")}</p>
      ) : (
        <Table label={b("agents.title")} columns={columns}>
          {ordered.map((agent) => (
            <AgentRow key={agent.agent_id} desk={desk} agent={agent} />
          ))}
        </Table>
      )}
    </section>
  );
}

function AgentRow({ desk, agent }: { desk: Desk; agent: BoardAgent }): JSX.Element {
  const name = agentName(agent);
  return (
    <Row className={agent.state === "not_responding" ? "has-alert" : ""}>
      <HeadCell>
        <span>{name}</span>
        <small class="hint">{agent.trades.map((trade) => b(`agents.trade.${trade}`)).join(", ")}</small>
      </HeadCell>
      <Cell label={b("agents.state")}>
        <span class={`agent-state is-${agent.state}`}>
          <Icon name={ICONS[agent.state]} size={20} />
          <span>
            {agent.not_yet ? t("work.state_not_yet") : b(`state.${agent.state}`)}
            <small class="hint">{stateDetail(agent)}</small>
          </span>
        </span>
      </Cell>
      <Cell label={b("agents.since")} className="figure">
        {clock(now.value - agent.since)}
      </Cell>
      <Cell label={b("agents.notes")}>
        <Notes agent={agent} />
      </Cell>
      <Cell label={b("agents.act")}>
        <Button look="quiet" label={b("agents.act_on", { name })} onClick={() => desk.ask({ kind: "agent", agentId: agent.agent_id })}>
          {b("agents.act")}
        </Button>
      </Cell>
    </Row>
  );
}

function stateDetail(agent: BoardAgent): string {
  if (agent.kind === "relay" || agent.kind === "direct") return b(`agents.${agent.kind}`);
  return agent.state === "paused" && agent.reason !== null ? t(`work.reason.${agent.reason}`) : "";
}

function Notes({ agent }: { agent: BoardAgent }): JSX.Element {
  return (
    <>
      {agent.break_due && <span class="flag">{b("agents.break_due")}</span>}
      {agent.misses > 0 && <span class="flag">{b("agents.misses", { count: agent.misses })}</span>}
      {agent.pause_after_call && <span class="flag is-calm">{b("agents.pause_after_call")}</span>}
    </>
  );
}
