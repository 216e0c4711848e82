// A waiting request: to the head of its line, to one agent, to another queue.

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { t } from "../shared/i18n.ts";
import type { Board, BoardAgent, BoardQueue, BoardRequest } from "../shared/protocol.d.ts";
import { Button, Dialog } from "../shared/ui/basics.tsx";
import { agentName } from "./agents.tsx";
import type { Desk } from "./desk.ts";
import { queueName } from "./figures.ts";
import { isEmergency } from "./requests.tsx";
import { b } from "./words.ts";

export function MoveDialog({ desk, callId }: { desk: Desk; callId: string }): JSX.Element {
  const request = desk.request(callId);
  const board = desk.board.value;
  return (
    <Dialog title={b("move_dialog.title")} onCancel={() => desk.close()}>
      {request === null || board === null ? (
        <p>{b("move_dialog.gone")}</p>
      ) : isEmergency(request) ? (
        <p>{b("move_dialog.emergency")}</p>
      ) : (
        <Moves desk={desk} board={board} request={request} />
      )}
      <Button look="quiet" onClick={() => desk.close()}>
        {t("app.cancel")}
      </Button>
    </Dialog>
  );
}

function Moves({ desk, board, request }: { desk: Desk; board: Board; request: BoardRequest }): JSX.Element {
  const agent = useSignal("");
  const queue = useSignal("");
  const queues = otherQueues(board, request);
  return (
    <>
      <div>
        <Button look="primary" autofocus onClick={() => void desk.move(request, { head: true })}>
          {b("move_dialog.head")}
        </Button>
        <p class="hint">{b("move_dialog.head_note")}</p>
      </div>
      <Choice
        label={b("move_dialog.to_agent")}
        button={b("move_dialog.to_agent_button")}
        value={agent.value}
        options={atWork(board, request).map((one) => [one.agent_id, `${agentName(one)} – ${b(`state.${one.state}`)}`])}
        onChange={(value) => (agent.value = value)}
        onDone={() => void desk.move(request, { agent_id: agent.value })}
      />
      <p class="hint">{b("move_dialog.to_agent_note")}</p>
      {queues.length > 0 && (
        <Choice
          label={b("move_dialog.to_queue")}
          button={b("move_dialog.to_queue_button")}
          value={queue.value}
          options={queues.map((one) => [one.queue, queueName(one)])}
          onChange={(value) => (queue.value = value)}
          onDone={() => void desk.move(request, { queue: queue.value })}
        />
      )}
    </>
  );
}

/** Agents who may have the trade for it; the service checks skills and refusals. */
function atWork(board: Board, request: BoardRequest): readonly BoardAgent[] {
  const isAdviser = (agent: BoardAgent): boolean => agent.trades.includes("adviser");
  const fits = (agent: BoardAgent): boolean =>
    request.kind === "direct" ? isAdviser(agent) : agent.trades.some((trade) => trade !== "adviser");
  return board.agents.filter((agent) => agent.state !== "offline" && fits(agent));
}

/** Of the same kind and mode: the mode is the signer's choice. */
function otherQueues(board: Board, request: BoardRequest): readonly BoardQueue[] {
  const isDirect = request.kind === "direct";
  return board.queues.filter(
    (queue) => queue.queue !== request.queue && queue.mode === request.mode && (queue.brand_name !== null) === isDirect,
  );
}

interface ChoiceProps {
  readonly label: string;
  readonly button: string;
  readonly value: string;
  readonly options: readonly (readonly [string, string])[];
  readonly onChange: (value: string) => void;
  readonly onDone: () => void;
}

function Choice({ label, button, value, options, onChange, onDone }: ChoiceProps): JSX.Element {
  return (
    <div class="choice">
      <label class="field">
        <span>{label}</span>
        <select value={value} onChange={(event) => onChange(event.currentTarget.value)}>
          <option value="">–</option>
          {options.map(([code, words]) => (
            <option key={code} value={code}>
              {words}
            </option>
          ))}
        </select>
      </label>
      <Button disabled={value === ""} onClick={onDone}>
        {button}
      </Button>
    </div>
  );
}
