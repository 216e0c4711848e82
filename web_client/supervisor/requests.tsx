// Who waits: kind, mode, place, since when. No name and no number ever comes here.

import type { JSX } from "preact";
import { clock } from "../shared/format.ts";
import { now } from "../shared/now.ts";
import type { Board, BoardRequest } from "../shared/protocol.d.ts";
import { Button } from "../shared/ui/basics.tsx";
import type { Desk } from "./desk.ts";
import { NOTHING, queueName } from "./figures.ts";
import { QueueName } from "./queues.tsx";
import { Cell, HeadCell, Row, Table } from "./table.tsx";
import { b } from "./words.ts";

const EMERGENCY = 100; // interpreter_queue.config, emergency_priority
const HEAD = 60; // signaling.supervision.PRIORITY_HEAD

export function isEmergency(request: BoardRequest): boolean {
  return request.priority >= EMERGENCY;
}

export function Requests({ desk, board }: { desk: Desk; board: Board }): JSX.Element {
  const columns = [b("requests.place"), b("requests.what"), b("requests.waited"), b("requests.state"), b("requests.move")];
  return (
    <section class="card board-requests" aria-labelledby="requests-title">
      <h2 id="requests-title">{b("requests.title")}</h2>
      {board.requests.length === 0 ? (
        <p class="hint">{b("requests.empty")}</p>
      ) : (
        <Table label={b("requests.title")} columns={columns}>
          {board.requests.map((request) => (
            <RequestRow key={request.call_id} desk={desk} board={board} request={request} />
          ))}
        </Table>
      )}
      {board.more_requests > 0 && <p>{b("requests.more", { count: board.more_requests })}</p>}
      <p class="hint">{b("requests.note")}</p>
    </section>
  );
}

function RequestRow({ desk, board, request }: { desk: Desk; board: Board; request: BoardRequest }): JSX.Element {
  const queue = board.queues.find((one) => one.queue === request.queue) ?? request;
  const what = queueName(queue);
  const place = request.position ?? NOTHING;
  return (
    <Row>
      <HeadCell>{place}</HeadCell>
      <Cell label={b("requests.what")}>
        <QueueName queue={queue} />
        {request.callback && <span class="flag is-calm">{b("requests.callback")}</span>}
        {isEmergency(request) && <span class="flag">{b("requests.emergency")}</span>}
        {request.priority === HEAD && <span class="flag is-calm">{b("requests.head")}</span>}
      </Cell>
      <Cell label={b("requests.waited")} className="figure">
        {clock(now.value - request.queued_at)}
      </Cell>
      <Cell label={b("requests.state")}>{b(request.state === "alerting" ? "requests.alerting" : "requests.queued")}</Cell>
      <Cell label={b("requests.move")}>
        <Button look="quiet" label={b("requests.move_of", { what, place })} onClick={() => desk.ask({ kind: "move", callId: request.call_id })}>
          {b("requests.move")}
        </Button>
      </Cell>
    </Row>
  );
}
