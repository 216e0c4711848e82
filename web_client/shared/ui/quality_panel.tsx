// The connection in plain words, for whoever wants to know: a button that always says the essential, a panel with the
// rest. The panel takes the place of the text beside the picture, never a place on it.

import { useComputed, useSignalEffect, type Signal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { receivedWords } from "../call_words.ts";
import { locale, t, type Key } from "../i18n.ts";
import type { CallStateMessage } from "../protocol.d.ts";
import { helpFor, type Line, type Picture, type Quality } from "../quality.ts";
import type { Session } from "../session.ts";
import { Icon } from "./icons.tsx";

const PANEL = "quality-panel";
const BUTTON = "quality-button";
const SLIGHT_DELAY_S = 0.15;
const TIPS: readonly Key[] = ["quality.tip_wifi", "quality.tip_others", "quality.tip_cable"];

interface ButtonProps {
  readonly session: Session;
  readonly call: CallStateMessage;
  readonly isOpen: Signal<boolean>;
}

/** How the other's picture arrives, in the bar above it; opens the panel. */
export function QualityButton({ session, call, isOpen }: ButtonProps): JSX.Element {
  const { receivedLevel, received } = session.watch;
  const isHidden = session.leg === "signer" && call.hidden;
  const words = isHidden ? null : receivedWords(receivedLevel.value, received.value.fps);
  return (
    <button
      type="button"
      id={BUTTON}
      class={`quality-button ${words === null ? "" : `is-${receivedLevel.value}`}`}
      aria-expanded={isOpen.value}
      aria-controls={isOpen.value ? PANEL : undefined}
      onClick={() => (isOpen.value = !isOpen.value)}
    >
      <Icon name="network" size={20} />
      <span class={words === null ? "" : "visually-hidden"}>{t("quality.title")}</span>
      {words !== null && <span class={`network is-${receivedLevel.value}`}>{words}</span>}
    </button>
  );
}

/** Words of the other side are never missed: the panel stands where they would. */
export function useGivesWayToText(session: Session, isOpen: Signal<boolean>): void {
  const heard = useComputed(() =>
    session.text.lines.value.reduce((sum, line) => sum + (line.who === "own" ? 0 : line.text.length), 0),
  );
  const known = useRef(heard.value);
  useSignalEffect(() => {
    if (heard.value > known.current) isOpen.value = false;
    known.current = heard.value;
  });
}

/** :param children: what only one of the pages has to say. */
export function QualityPanel({ session, call, isOpen, children }: ButtonProps & { children?: ComponentChildren }): JSX.Element {
  const panel = useRef<HTMLElement>(null);
  useEffect(() => panel.current?.scrollIntoView({ block: "nearest" }), []);
  const quality = session.watch.quality.value;

  function close(): void {
    isOpen.value = false;
    document.getElementById(BUTTON)?.focus();
  }

  return (
    <section
      ref={panel}
      id={PANEL}
      class="quality-panel"
      aria-labelledby="quality-title"
      onKeyDown={(event) => {
        if (event.key === "Escape") close();
      }}
    >
      <header>
        <h2 id="quality-title">{t("quality.title")}</h2>
        <button type="button" class="icon-button" aria-label={t("app.close")} onClick={close}>
          <Icon name="close" />
        </button>
      </header>
      <div class="quality-body" tabIndex={0} role="group" aria-labelledby="quality-title">
        {quality === null ? <p role="status">{t("quality.none_yet")}</p> : <Found quality={quality} session={session} call={call} />}
        {children}
      </div>
    </section>
  );
}

function Found({ quality, session, call }: { quality: Quality; session: Session; call: CallStateMessage }): JSX.Element {
  const isAgent = session.leg === "agent";
  return (
    <>
      <PictureCard titleKey="quality.own" picture={quality.own} isHidden={isAgent && call.hidden} />
      <PictureCard titleKey="quality.other" picture={quality.other} isHidden={!isAgent && call.hidden} />
      <div class="quality-card">
        <h3>{t("quality.lines")}</h3>
        <dl class="quality-lines">
          <LineWords nameKey="quality.own_line" line={quality.ownLine} />
          <LineWords nameKey="quality.other_line" line={quality.otherLine} />
        </dl>
      </div>
      <HelpCard quality={quality} />
      <Details quality={quality} />
    </>
  );
}

function PictureCard({ titleKey, picture, isHidden }: { titleKey: Key; picture: Picture; isHidden: boolean }): JSX.Element {
  const level = isHidden ? null : picture.level;
  return (
    <div class={`quality-card is-${level ?? "none"}`}>
      <h3>{t(titleKey)}</h3>
      <p class="quality-word" role="status">
        <span class="dot" aria-hidden="true" />
        <strong>{t(isHidden ? "quality.hidden" : `quality.level.${level ?? "none"}`)}</strong>
      </p>
      {level !== null && (
        <>
          <p>{rateWords(picture)}</p>
          <p>{delayWords(picture.delayS)}</p>
          {picture.isReduced && <p class="quality-done">{t("quality.reduced")}</p>}
          {picture.isRepaired && <p class="quality-done">{t("quality.repaired")}</p>}
        </>
      )}
    </div>
  );
}

function rateWords({ fps, width, height }: Picture): string {
  const rate = t("quality.rate", { fps: Math.round(fps ?? 0) });
  return width > 0 ? `${rate} · ${width}\u00a0×\u00a0${height}` : rate;
}

function delayWords(delayS: number | null): string {
  if (delayS === null) return t("quality.delay_unknown");
  if (delayS < SLIGHT_DELAY_S) return t("quality.delay_none");
  return t("quality.delay", { seconds: decimal(delayS, 1) });
}

function LineWords({ nameKey, line }: { nameKey: Key; line: Line }): JSX.Element {
  return (
    <div>
      <dt>{t(nameKey)}</dt>
      <dd class={`is-${line.state ?? "none"}`}>
        <strong>{t(`quality.line.${line.state ?? "none"}`)}</strong>
        {line.state !== null && line.loss !== null && <span>{t("quality.loss", { percent: percent(line.loss) })}</span>}
      </dd>
    </div>
  );
}

function HelpCard({ quality }: { quality: Quality }): JSX.Element {
  const help = helpFor(quality);
  return (
    <div class="quality-card quality-help">
      <h3>{t("quality.help_title")}</h3>
      {help === "own_line" ? (
        <ul>
          {TIPS.map((key) => (
            <li key={key}>{t(key)}</li>
          ))}
        </ul>
      ) : (
        <p>{t(`quality.help.${help}`)}</p>
      )}
    </div>
  );
}

function Details({ quality }: { quality: Quality }): JSX.Element {
  const { own, other, ownLine, otherLine, isRelayed } = quality;
  const path = isRelayed === null ? "–" : t(isRelayed ? "quality.relayed" : "quality.direct");
  const rows: readonly (readonly [Key, string, string])[] = [
    ["quality.row_rate", figure(own.fps), figure(other.fps)],
    ["quality.row_size", size(own), size(other)],
    ["quality.row_bitrate", figure(own.bps === null ? null : own.bps / 1000), figure(other.bps === null ? null : other.bps / 1000)],
    ["quality.row_loss", share(own.loss), share(other.loss)],
    ["quality.row_freezes", figure(own.freezes), figure(other.freezes)],
    ["quality.row_codec", own.codec ?? "–", other.codec ?? "–"],
  ];
  return (
    <details
      class="quality-details"
      onToggle={({ currentTarget }) => currentTarget.open && currentTarget.scrollIntoView({ block: "nearest" })}
    >
      <summary>{t("quality.details")}</summary>
      <table>
        <thead>
          <tr>
            <td />
            <th scope="col">{t("quality.column_own")}</th>
            <th scope="col">{t("quality.column_received")}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(([key, mine, theirs]) => (
            <tr key={key}>
              <th scope="row">{t(key)}</th>
              <td>{mine}</td>
              <td>{theirs}</td>
            </tr>
          ))}
        </tbody>
        <tbody>
          <tr>
            <td />
            <th scope="col">{t("quality.own_line")}</th>
            <th scope="col">{t("quality.other_line")}</th>
          </tr>
          <tr>
            <th scope="row">{t("quality.row_trip")}</th>
            <td>{milliseconds(ownLine.roundTripS)}</td>
            <td>{milliseconds(otherLine.roundTripS)}</td>
          </tr>
          <tr>
            <th scope="row">{t("quality.row_path")}</th>
            <td>{path}</td>
            <td>–</td>
          </tr>
        </tbody>
      </table>
    </details>
  );
}

function decimal(value: number, digits: number): string {
  return new Intl.NumberFormat(locale.value, { maximumFractionDigits: digits }).format(value);
}

function percent(part: number): string {
  return decimal(part * 100, part < 0.1 ? 1 : 0);
}

function figure(value: number | null): string {
  return value === null ? "–" : decimal(value, 0);
}

function share(loss: number | null): string {
  return loss === null ? "–" : percent(loss);
}

function milliseconds(seconds: number | null): string {
  return seconds === null ? "–" : decimal(seconds * 1000, 0);
}

function size({ width, height }: Picture): string {
  return width > 0 ? `${width} × ${height}` : "–";
}
