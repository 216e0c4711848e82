// The quality of the phone leg, below that of the two pictures.

import type { JSX } from "preact";
import { locale, t, type Key } from "../shared/i18n.ts";
import type { PhoneStats } from "../shared/protocol.d.ts";
import { lineWord } from "./line_words.ts";

export function PhoneLineCard({ stats }: { stats: PhoneStats }): JSX.Element {
  const word = lineWord(stats);
  const codec = stats.is_encrypted ? `${stats.codec} · ${t("quality.encrypted")}` : stats.codec;
  const rows: readonly (readonly [Key, string])[] = [
    ["quality.row_phone_codec", codec],
    ["quality.row_phone_loss", `${percent(stats.fraction_lost)} / ${percent(stats.remote_fraction_lost)}`],
    ["quality.row_phone_delay", milliseconds(stats.delay_s)],
    ["quality.row_phone_trip", milliseconds(stats.round_trip_time_s)],
    ["quality.row_phone_echo", `${decimal(stats.echo_return_loss_db)} · ${milliseconds(stats.echo_delay_s)}`],
  ];
  return (
    <div class={`quality-card is-${word === "phone_clear" ? "good" : "warn"}`}>
      <h3>{t("quality.phone")}</h3>
      <p class="quality-word" role="status">
        <span class="dot" aria-hidden="true" />
        <strong>{t(`quality.${word}`)}</strong>
      </p>
      <dl class="quality-lines">
        {rows.map(([key, value]) => (
          <div key={key}>
            <dt>{t(key)}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

function decimal(value: number | null, digits = 0): string {
  return value === null ? "–" : new Intl.NumberFormat(locale.value, { maximumFractionDigits: digits }).format(value);
}

function percent(part: number | null): string {
  return part === null ? "–" : decimal(part * 100, 1);
}

function milliseconds(seconds: number | null): string {
  return seconds === null ? "–" : decimal(seconds * 1000, 1);
}
