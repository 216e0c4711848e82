// Every act of supervision: who, what, on whom. Read when asked for.

import type { JSX } from "preact";
import { locale } from "../shared/i18n.ts";
import type { AuditEntry } from "../shared/protocol.d.ts";
import { Button } from "../shared/ui/basics.tsx";
import type { Desk } from "./desk.ts";
import { Cell, HeadCell, Row, Table } from "./table.tsx";
import { b, type Word } from "./words.ts";

const DETAILS: ReadonlySet<string> = new Set(["available", "paused", "training", "offline", "head", "agent", "queue", "all", "sent_away", "call_ended"]);

export function AuditLog({ desk }: { desk: Desk }): JSX.Element {
  const audit = desk.audit.value;
  return (
    <section class="card board-audit" aria-labelledby="audit-title">
      <div class="row">
        <h2 id="audit-title">{b("audit.title")}</h2>
        <span class="spacer" />
        <Button look="quiet" onClick={() => void desk.readAudit()}>
          {b(audit === null ? "audit.open" : "audit.refresh")}
        </Button>
      </div>
      <p class="hint">{b("audit.note")}</p>
      {audit !== null && audit.entries.length === 0 && <p>{b("audit.empty")}</p>}
      {audit !== null && audit.entries.length > 0 && (
        <Table label={b("audit.title")} columns={[b("audit.at"), b("audit.by"), b("audit.act"), b("audit.subject")]}>
          {audit.entries.map((entry, index) => (
            <EntryRow key={`${entry.at} ${index}`} desk={desk} entry={entry} />
          ))}
        </Table>
      )}
      {audit?.has_more && <Button onClick={() => void desk.readOlder()}>{b("audit.older")}</Button>}
    </section>
  );
}

function EntryRow({ entry }: { desk: Desk; entry: AuditEntry }): JSX.Element {
  const time = new Intl.DateTimeFormat(locale.value, { dateStyle: "short", timeStyle: "medium" });
  const detail = entry.detail !== null && DETAILS.has(entry.detail) ? ` (${b(`audit.details.${entry.detail}` as Word)})` : "";
  return (
    <Row>
      <HeadCell>{time.format(entry.at * 1000)}</HeadCell>
      <Cell label={b("audit.by")}>{entry.by === "" ? b("audit.erased") : entry.by}</Cell>
      <Cell label={b("audit.act")}>
        {b(`audit.acts.${entry.act}`)}
        {detail}
      </Cell>
      <Cell label={b("audit.subject")}>{entry.subject ?? ""}</Cell>
    </Row>
  );
}
