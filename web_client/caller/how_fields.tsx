// How the person communicates: asked before calling and when answering, remembered in between.

import type { JSX } from "preact";
import { t } from "../shared/i18n.ts";
import { Tick } from "../shared/ui/basics.tsx";
import type { Caller } from "./caller.ts";
import { DOMAINS, GENDERS, LANGUAGES, MODES } from "./wishes.ts";

interface HowProps {
  readonly caller: Caller;
  readonly isBrief?: boolean;
  /** Between two signers nobody interprets: there is no mode. */
  readonly hasMode?: boolean;
}

export function HowFields({ caller, isBrief = false, hasMode = true }: HowProps): JSX.Element {
  const { voice, hearing } = caller.wishes.value;
  return (
    <>
      {hasMode && <ModeChoice caller={caller} />}
      <Tick label={t("call_form.voice")} hint={isBrief ? null : t("call_form.voice_hint")} checked={voice} onChange={(next) => caller.wish({ voice: next })} />
      <Tick label={t("call_form.hearing")} hint={isBrief ? null : t("call_form.hearing_hint")} checked={hearing} onChange={(next) => caller.wish({ hearing: next })} />
    </>
  );
}

function ModeChoice({ caller }: { caller: Caller }): JSX.Element {
  const { mode } = caller.wishes.value;
  return (
    <label class="field">
      <span>{t("call_form.mode")}</span>
      <select value={mode} onChange={(event) => caller.wish({ mode: MODES.find((one) => one === event.currentTarget.value) ?? "LSF" })}>
        {MODES.map((one) => (
          <option key={one} value={one}>
            {t(`mode.${one}`)}
          </option>
        ))}
      </select>
    </label>
  );
}

/** The sign language; whom one would rather have, and what the call is about: both best effort. */
export function WhoFields({ caller }: { caller: Caller }): JSX.Element {
  const { gender, domain, language } = caller.wishes.value;
  return (
    <>
      <label class="field">
        <span>{t("wish.language")}</span>
        <select value={language} onChange={(event) => caller.wish({ language: LANGUAGES.find((one) => one === event.currentTarget.value) ?? "" })}>
          <option value="">{t("wish.in.lsf")}</option>
          {LANGUAGES.map((one) => (
            <option key={one} value={one}>
              {t(`wish.in.${one}`)}
            </option>
          ))}
        </select>
      </label>
      <label class="field">
        <span>{t("wish.gender")}</span>
        <select value={gender} onChange={(event) => caller.wish({ gender: GENDERS.find((one) => one === event.currentTarget.value) ?? "any" })}>
          {GENDERS.map((one) => (
            <option key={one} value={one}>
              {t(`wish.by.${one}`)}
            </option>
          ))}
        </select>
      </label>
      <label class="field">
        <span>{t("wish.domain")}</span>
        <select value={domain} aria-describedby="wish-hint" onChange={(event) => caller.wish({ domain: event.currentTarget.value })}>
          <option value="">{t("wish.domain_any")}</option>
          {DOMAINS.map((one) => (
            <option key={one} value={one}>
              {t(`wish.about.${one}`)}
            </option>
          ))}
        </select>
        <small id="wish-hint" class="hint">
          {t("wish.hint")}
        </small>
      </label>
    </>
  );
}
