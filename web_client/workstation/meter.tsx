// Readability of the signing: the level now, one piece of advice, the last minute as bars with their text.

import type { JSX } from "preact";
import { adviceAboutSigner } from "../shared/call_words.ts";
import { t } from "../shared/i18n.ts";
import type { VisibilityLevel } from "../shared/protocol.d.ts";
import type { Desk } from "./desk.ts";
import { shares } from "./minute.ts";

const HEIGHT: Record<VisibilityLevel, number> = { good: 24, fair: 16, poor: 8, off: 2 };
const SECONDS = 60;
const BAR = 4;

export function Meter({ desk }: { desk: Desk }): JSX.Element {
  const now = desk.session.visibility.value;
  const levels = desk.minute.levels.value;
  const received = desk.session.watch.received.value;
  const words = t("meter.minute", shares(levels));
  return (
    <section class={`meter is-${now?.level ?? "none"}`} aria-labelledby="meter-title">
      <h2 id="meter-title">{t("meter.title")}</h2>
      <p class="meter-now" role="status">
        <span class="dot" aria-hidden="true" />
        <strong>{t(`meter.${now?.level ?? "none"}`)}</strong>
        {now !== null && now.level !== "good" && <span>{adviceAboutSigner(now.advice)}</span>}
      </p>
      <svg viewBox={`0 0 ${SECONDS * BAR} 24`} class="minute" role="img" aria-label={words} preserveAspectRatio="none">
        <title>{words}</title>
        {levels.map((level, index) => (
          <rect
            key={index}
            class={`is-${level}`}
            x={(SECONDS - levels.length + index) * BAR}
            y={24 - HEIGHT[level]}
            width={BAR - 1}
            height={HEIGHT[level]}
          />
        ))}
      </svg>
      {received.fps !== null && (
        <p class="hint">{t("meter.received", { fps: Math.round(received.fps), width: received.width, height: received.height })}</p>
      )}
    </section>
  );
}
