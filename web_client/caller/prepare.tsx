// Before the call: the own picture in its frame, then the number (or the brand) and the options.

import type { JSX } from "preact";
import { caretAfter, formatNumber, timeAt } from "../shared/format.ts";
import type { Brand } from "../shared/http.ts";
import { locale, t } from "../shared/i18n.ts";
import { now } from "../shared/now.ts";
import { Button, Tick } from "../shared/ui/basics.tsx";
import { Icon } from "../shared/ui/icons.tsx";
import { TextPane } from "../shared/ui/text_pane.tsx";
import type { Caller } from "./caller.ts";
import { CallbackOffer } from "./callback_offer.tsx";
import { CallbacksCard } from "./callbacks_card.tsx";
import { CameraCheck } from "./camera_check.tsx";
import { emergencyIn } from "./emergency_numbers.ts";
import { HowFields, WhoFields } from "./how_fields.tsx";
import { InboxCard } from "./inbox_card.tsx";
import { Reachable } from "./reachable.tsx";
import { WaitNow } from "./waits.tsx";
import { ANNOUNCES } from "./wishes.ts";

export function Prepare({ caller }: { caller: Caller }): JSX.Element {
  return (
    <div class="prepare">
      <CameraCheck caller={caller} />
      <div class="prepare-side">
        {caller.session.call.value?.state === "message" && (
          <p class="card" role="status">
            {t("incoming.message")}
          </p>
        )}
        {caller.place.brand === null ? <NumberForm caller={caller} /> : <BrandForm caller={caller} />}
        <CallbacksCard caller={caller} />
        <InboxCard caller={caller} />
        <Reachable caller={caller} />
        <BrandCards caller={caller} />
        <LastText caller={caller} />
      </div>
    </div>
  );
}

/** The text of the call before, until the next one begins or the tab closes. */
function LastText({ caller }: { caller: Caller }): JSX.Element | null {
  const { text } = caller.session;
  if (text.whole.length === 0) return null;
  return (
    <section class="card after-text">
      <TextPane text={text} isOver otherName={t("text.other")} maySave />
      <Button look="quiet" icon="close" onClick={() => text.clear()}>
        {t("text.delete")}
      </Button>
    </section>
  );
}

function NumberForm({ caller }: { caller: Caller }): JSX.Element {
  const problem = caller.numberProblem.value;
  const wishes = caller.wishes.value;

  function typed(event: InputEvent & { currentTarget: HTMLInputElement }): void {
    const input = event.currentTarget;
    const before = input.value.slice(0, input.selectionStart ?? input.value.length).replace(/[^\d+]/g, "").length;
    const formatted = formatNumber(input.value);
    input.value = formatted;
    const caret = caretAfter(formatted, before);
    input.setSelectionRange(caret, caret);
    caller.wish({ number: formatted });
    caller.numberProblem.value = null;
  }

  function submit(event: Event): void {
    event.preventDefault();
    caller.numberProblem.value = null;
    if (wishes.number.trim() === "") caller.blameNumber(t("call_form.number_missing"));
    else if (!caller.answersEmergency(wishes.number)) void caller.request();
  }

  const emergency = emergencyIn(wishes.number);
  return (
    <form class="card call-form" onSubmit={submit} noValidate>
      <h1>{t("call_form.title")}</h1>
      <label class="field" for="number">
        <span>{t("call_form.number")}</span>
      </label>
      <input
        id="number"
        name="number"
        class="number"
        type="tel"
        inputMode="tel"
        autocomplete="tel"
        maxLength={64}
        value={wishes.number}
        onInput={typed}
        aria-describedby="number-hint"
        aria-invalid={problem !== null}
      />
      {emergency !== null ? (
        <p id="number-hint" class="field-error" role="status">
          {t("emergency.hint", { number: emergency.number })}
        </p>
      ) : (
        <p id="number-hint" class={problem === null ? "hint" : "field-error"} role={problem === null ? undefined : "alert"}>
          {problem ?? t("call_form.number_hint")}
        </p>
      )}
      <Options caller={caller} />
      <WaitNow caller={caller} />
      <CallButton caller={caller} icon="phone" isUrgent={emergency !== null} />
      {emergency === null && <CallbackOffer caller={caller} />}
    </form>
  );
}

function BrandForm({ caller }: { caller: Caller }): JSX.Element | null {
  const brand = caller.brand.value;
  if (brand === null || brand === "missing") return null;
  return (
    <form
      class="card call-form"
      onSubmit={(event) => {
        event.preventDefault();
        void caller.request();
      }}
    >
      <h1>{t("call_form.brand_title", { name: brand.name })}</h1>
      <p>{t("call_form.brand_intro")}</p>
      <p class={`pill ${brand.is_open ? "is-open" : "is-closed"}`}>{openingWords(brand)}</p>
      {brand.hours.length > 0 && (
        <div class="hours">
          <h2>{t("call_form.hours")}</h2>
          <ul>
            {brand.hours.map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ul>
        </div>
      )}
      <Options caller={caller} />
      <CallButton caller={caller} icon="camera" />
      <CallbackOffer caller={caller} />
    </form>
  );
}

function openingWords(brand: Brand): string {
  const at = brand.is_open ? brand.closes_at : brand.opens_at;
  if (at === null) return t(brand.is_open ? "call_form.open" : "call_form.closed");
  const time = timeAt(at, now.value, brand.timezone, locale.value);
  return t(brand.is_open ? "call_form.open_until" : "call_form.closed_until", { time });
}

/** `isUrgent`: always in reach, 114 needs neither camera nor connection; Enter would do nothing without it. */
function CallButton({ caller, icon, isUrgent = false }: { caller: Caller; icon: "phone" | "camera"; isUrgent?: boolean }): JSX.Element {
  const isReady = caller.isReady.value;
  return (
    <>
      <Button
        look="primary"
        type="submit"
        icon={icon}
        disabled={!isUrgent && (!isReady || caller.isAsking.value || !caller.isOpen.value)}
      >
        {t(caller.isAsking.value ? "call_form.calling" : "call_form.call")}
      </Button>
      {!isReady && <p class="hint">{t("camera.why")}</p>}
    </>
  );
}

function Options({ caller }: { caller: Caller }): JSX.Element {
  return (
    <details class="options">
      <summary>{t("call_form.options")}</summary>
      <HowFields caller={caller} />
      <WhoFields caller={caller} />
      {caller.place.brand === null && <ToThePhone caller={caller} />}
      <Tick
        label={t("watched.tick")}
        hint={t("watched.what")}
        checked={caller.wishes.value.watched}
        onChange={(next) => void caller.analysis.wish(next)}
      />
    </details>
  );
}

/** What the person at the telephone learns. */
function ToThePhone({ caller }: { caller: Caller }): JSX.Element {
  const { announce, anonymous } = caller.wishes.value;
  return (
    <>
      <label class="field">
        <span>{t("announce.title")}</span>
        <select
          value={announce}
          aria-describedby="announce-hint"
          onChange={(event) => caller.wish({ announce: ANNOUNCES.find((one) => one === event.currentTarget.value) ?? "agent" })}
        >
          {ANNOUNCES.map((one) => (
            <option key={one} value={one}>
              {t(`announce.by.${one}`)}
            </option>
          ))}
        </select>
        <small id="announce-hint" class="hint">
          {t(announce === "none" ? "announce.hint_none" : "announce.hint")}
        </small>
      </label>
      <Tick
        label={t("call_form.anonymous")}
        hint={t("call_form.anonymous_hint")}
        checked={anonymous}
        onChange={(next) => caller.wish({ anonymous: next })}
      />
    </>
  );
}

/** The brands that can be reached directly, on the relay's own page. */
export function BrandCards({ caller }: { caller: Caller }): JSX.Element | null {
  if (caller.place.brand !== null || caller.brands.value.length === 0) return null;
  return (
    <section class="card brands">
      <h2>{t("call_form.brands_title")}</h2>
      <p class="hint">{t("call_form.brands_hint")}</p>
      <ul>
        {caller.brands.value.map((brand) => (
          <li key={brand.slug}>
            <a class="button plain" href={`/b/${encodeURIComponent(brand.slug)}`}>
              <Icon name="hand" />
              <span>{brand.name}</span>
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}
