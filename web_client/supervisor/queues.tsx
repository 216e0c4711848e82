// The queues: what waits, who serves, how well it goes, and what to look at.

import type { JSX } from "preact";
import { tCode } from "../shared/i18n.ts";
import { now } from "../shared/now.ts";
import type { Board, BoardQueue } from "../shared/protocol.d.ts";
import { Button } from "../shared/ui/basics.tsx";
import { Icon, type IconName } from "../shared/ui/icons.tsx";
import type { Desk } from "./desk.ts";
import { expected, longestWait, percent, queueName, waited } from "./figures.ts";
import { Cell, HeadCell, Row, Table } from "./table.tsx";
import { b, type Word } from "./words.ts";

type Alert = BoardQueue["alerts"][number];

const ALERTS: Readonly<Record<Alert, readonly [IconName, Word]>> = {
  waiting: ["person", "alert.waiting"],
  longest_wait: ["clock", "alert.longest_wait"],
  service_level: ["flag", "alert.service_level"],
  nobody: ["sos", "alert.nobody"],
};

/** With its mode in full for whoever does not know the letters. */
export function QueueName({ queue }: { queue: Parameters<typeof queueName>[0] }): JSX.Element {
  const inFull = queue.mode === null ? undefined : tCode("mode", queue.mode);
  return (
    <abbr class="queue-name" title={inFull}>
      {queueName(queue)}
    </abbr>
  );
}

export function Queues({ desk, board }: { desk: Desk; board: Board }): JSX.Element {
  const columns: readonly Word[] = [
    "queues.name",
    "queues.waiting",
    "queues.longest",
    "queues.expected",
    "queues.serving",
    "queues.level_now",
    "queues.level",
    "queues.answered",
    "queues.abandoned",
    "queues.thresholds",
  ];
  return (
    <section class="card board-queues" aria-labelledby="queues-title">
      <h2 id="queues-title">{b("queues.title")}</h2>
      {board.queues.length === 0 ? (
        <p class="hint">{b("queues.empty")}</p>
      ) : (
        <>
          <Table label={b("queues.title")} columns={columns.map((column) => b(column))}>
            {board.queues.map((queue) => (
              <QueueRow key={queue.queue} desk={desk} board={board} queue={queue} />
            ))}
          </Table>
          <p class="hint">{b("queues.level_hint")}</p>
        </>
      )}
    </section>
  );
}

function QueueRow({ desk, board, queue }: { desk: Desk; board: Board; queue: BoardQueue }): JSX.Element {
  const name = queueName(queue);
  const raised = new Set<Alert>(queue.alerts);
  return (
    <Row className={raised.size > 0 ? "has-alert" : ""}>
      <HeadCell>
        <QueueName queue={queue} />
        {queue.alerts.map((alert) => (
          <span key={alert} class="flag">
            <Icon name={ALERTS[alert][0]} size={18} />
            {b(ALERTS[alert][1])}
          </span>
        ))}
      </HeadCell>
      <Cell label={b("queues.waiting")} className={`figure ${raised.has("waiting") ? "is-over" : ""}`}>
        {queue.waiting}
        {queue.callbacks > 0 && <small class="hint">{b("tile.callbacks", { count: queue.callbacks })}</small>}
      </Cell>
      <Cell label={b("queues.longest")} className={`figure ${raised.has("longest_wait") ? "is-over" : ""}`}>
        {waited(longestWait(queue, board, now.value))}
      </Cell>
      <Cell label={b("queues.expected")} className="figure">
        {expected(queue)}
      </Cell>
      <Cell label={b("queues.serving")} className={`figure ${raised.has("nobody") ? "is-over" : ""}`}>
        {b("queues.serving_value", { serving: queue.serving, count: queue.idle })}
      </Cell>
      <Cell label={b("queues.level_now")} className="figure">
        {percent(queue.service_level_now)}
      </Cell>
      <Cell label={b("queues.level")} className={`figure ${raised.has("service_level") ? "is-over" : ""}`}>
        {percent(queue.service_level)}
      </Cell>
      <Cell label={b("queues.answered")} className="figure">
        {queue.answered}
        {queue.called_back > 0 && <small class="hint">{b("tile.callbacks", { count: queue.called_back })}</small>}
        {queue.mean_wait_s !== null && <small class="hint">{b("queues.mean_wait", { wait: waited(queue.mean_wait_s) })}</small>}
      </Cell>
      <Cell label={b("queues.abandoned")} className="figure">
        {queue.abandoned}
      </Cell>
      <Cell label={b("queues.thresholds")}>
        <Button look="quiet" label={b("queues.thresholds_of", { queue: name })} onClick={() => desk.ask({ kind: "thresholds", queue: queue.queue })}>
          {b("queues.thresholds")}
        </Button>
      </Cell>
    </Row>
  );
}
