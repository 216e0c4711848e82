// Four figures in large, before anything else.

import type { JSX } from "preact";
import { now } from "../shared/now.ts";
import type { Board } from "../shared/protocol.d.ts";
import type { Desk } from "./desk.ts";
import { NOTHING, percent, totals, waited } from "./figures.ts";
import { b } from "./words.ts";

export function Tiles({ board }: { desk: Desk; board: Board }): JSX.Element {
  const all = totals(board, now.value);
  return (
    <section aria-label={b("now")}>
      <dl class="tiles">
        <Tile label={b("tile.waiting")} value={String(all.waiting)} note={all.callbacks > 0 ? b("tile.callbacks", { count: all.callbacks }) : ""} />
        <Tile label={b("tile.longest")} value={waited(all.longest)} note={all.longest === null ? b("tile.none") : ""} />
        <Tile label={b("tile.level")} value={all.level === null ? NOTHING : percent(all.level)} note={b("tile.target", { percent: percent(0.8) })} />
        <Tile label={b("tile.idle")} value={String(all.idle)} note={b("tile.at_work", { count: all.atWork })} />
      </dl>
    </section>
  );
}

function Tile({ label, value, note }: { label: string; value: string; note: string }): JSX.Element {
  return (
    <div class="tile">
      <dt>{label}</dt>
      <dd>
        <strong>{value}</strong> <span class="hint">{note}</span>
      </dd>
    </div>
  );
}
