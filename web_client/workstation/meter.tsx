// Readability of the signing: the level now, one piece of advice, the last minute as bars with their text, and the key
// that asks the signer to move the camera. Below it, without alarm, what is to be said of the own picture.

import type { JSX } from "preact";
import { adviceAboutSigner, adviceInShort, adviceWords } from "../shared/call_words.ts";
import { unbroken } from "../shared/format.ts";
import { t } from "../shared/i18n.ts";
import { now as clock } from "../shared/now.ts";
import type { VisibilityLevel } from "../shared/protocol.d.ts";
import { AdviceIcon } from "../shared/ui/advice_icons.tsx";
import { Button } from "../shared/ui/basics.tsx";
import type { Desk } from "./desk.ts";
import { causes, lastMinute, SECONDS, shares, type Moment } from "./minute.ts";

const HEIGHT: Record<VisibilityLevel, number> = { good: 24, fair: 16, poor: 8, off: 2 };
const BAR = 4;

export function Meter({ desk }: { desk: Desk }): JSX.Element {
  const now = desk.session.readability.other.value;
  const { cameraAsk } = desk;
  return (
    <section class={`meter is-${now?.level ?? "none"}`} aria-labelledby="meter-title">
      <h2 id="meter-title">{t("meter.title")}</h2>
      <p class="meter-now" role="status">
        {now === null ? <span class="dot" aria-hidden="true" /> : <AdviceIcon code={now.advice} size={28} />}
        <strong>{t(`meter.${now?.level ?? "none"}`)}</strong>
        {now !== null && now.advice !== "good" && <span>{adviceAboutSigner(now.advice)}</span>}
      </p>
      <LastMinute moments={lastMinute(desk.minute.moments.value, clock.value)} />
      <Button
        icon="camera"
        pressed={cameraAsk.isAsked.value}
        disabled={!cameraAsk.isPossible}
        shortcut={desk.keys.shown("ask_camera")}
        onClick={() => void cameraAsk.ask()}
      >
        {cameraAsk.words}
      </Button>
      <p class="visually-hidden" role="status">
        {cameraAsk.isAsked.value && t("meter.asked_said")}
      </p>
      <OwnWords desk={desk} />
    </section>
  );
}

function LastMinute({ moments }: { moments: readonly Moment[] }): JSX.Element {
  const said = causes(moments).map(({ advice, seconds }) =>
    unbroken(t("meter.cause", { words: adviceInShort({ advice, level: "poor" }) ?? "", seconds })),
  );
  const words = [t("meter.minute", shares(moments)), ...said].join(" · ");
  return (
    <div class="meter-minute">
      <svg viewBox={`0 0 ${SECONDS * BAR} 24`} class="minute" role="img" aria-label={words} preserveAspectRatio="none">
        <title>{words}</title>
        {moments.map(({ level, at }, index) => (
          <rect
            key={at}
            class={`is-${level}`}
            x={(SECONDS - 1 - Math.max(0, clock.value - at)) * BAR}
            y={24 - HEIGHT[level]}
            width={BAR * lasts(at, moments[index + 1]) - 1}
            height={HEIGHT[level]}
          />
        ))}
      </svg>
      <p class="meter-causes" aria-hidden="true">
        {said.join(" · ")}
      </p>
    </div>
  );
}

/** Seconds until the next reading; one that comes late leaves no gap, one that is missing does. */
function lasts(at: number, next: Moment | undefined): number {
  return next === undefined ? 1 : Math.min(Math.max(next.at - at, 0.5), 2);
}

/** Always as high: the signer's picture does not jump. */
function OwnWords({ desk }: { desk: Desk }): JSX.Element {
  const own = desk.session.readability.own.value;
  const isSaid = own !== null && adviceInShort(own) !== null && !(desk.session.call.value?.hidden ?? false);
  return (
    <p class="meter-own" role="status">
      {isSaid && (
        <>
          <AdviceIcon code={own.advice} size={20} />
          <span>
            <strong>{t("meter.own")}</strong> · {adviceWords(own.advice)}
          </span>
        </>
      )}
    </p>
  );
}
