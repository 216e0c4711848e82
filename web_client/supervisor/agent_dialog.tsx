// One agent: presence, words, and joining a direct call.

import type { JSX } from "preact";
import { t } from "../shared/i18n.ts";
import type { Presence } from "../shared/protocol.d.ts";
import { Button, Dialog } from "../shared/ui/basics.tsx";
import { agentName } from "./agents.tsx";
import type { Desk } from "./desk.ts";
import { b } from "./words.ts";

const PRESENCES: readonly Presence[] = ["available", "paused", "training", "offline"];

export function AgentDialog({ desk, agentId }: { desk: Desk; agentId: string }): JSX.Element {
  const agent = desk.agent(agentId);
  if (agent === null) {
    return (
      <Dialog title={b("agents.no_name")} onCancel={() => desk.close()}>
        <p>{b("agent_dialog.gone")}</p>
        <Button onClick={() => desk.close()}>{t("app.close")}</Button>
      </Dialog>
    );
  }
  const name = agentName(agent);
  const isInCall = agent.state === "engaged" || agent.state === "hold";
  return (
    <Dialog title={b("agent_dialog.title", { name })} onCancel={() => desk.close()}>
      <div role="group" aria-label={b("agent_dialog.presence")}>
        <h3>{b("agent_dialog.presence")}</h3>
        <div class="choices">
          {PRESENCES.map((presence) => (
            <Button
              key={presence}
              disabled={presence === agent.presence && agent.state !== "not_responding"}
              onClick={() => void desk.setPresence(agent, presence, presence === "paused" ? "other" : null)}
            >
              {b(`agent_dialog.${presence}`)}
            </Button>
          ))}
        </div>
      </div>
      <p class="hint">{b("agent_dialog.note")}</p>
      {isInCall && agent.call_id !== null && (
        <div>
          <Button icon="eye" onClick={() => void desk.join(agent)}>
            {b("agent_dialog.join")}
          </Button>
          <p class="hint">{b("agent_dialog.join_note", { name })}</p>
        </div>
      )}
      {isInCall && agent.kind === "relay" && <p class="hint">{b("agent_dialog.no_join")}</p>}
      <div class="row">
        <Button icon="text" onClick={() => desk.ask({ kind: "say", agentId })}>
          {b("agent_dialog.say")}
        </Button>
        <span class="spacer" />
        <Button look="quiet" onClick={() => desk.close()}>
          {t("app.close")}
        </Button>
      </div>
    </Dialog>
  );
}
