// How hearing people reach this person: the own number, and being rung while the page is closed.

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { unbroken } from "../shared/format.ts";
import { t } from "../shared/i18n.ts";
import { Button } from "../shared/ui/basics.tsx";
import type { Bell } from "./bell.ts";
import type { Caller } from "./caller.ts";

export function Reachable({ caller }: { caller: Caller }): JSX.Element | null {
  const number = caller.session.ownNumber.value;
  const hasBell = caller.bell.state.value !== "impossible";
  if (caller.place.brand !== null || (number === null && !hasBell)) return null;
  return (
    <section class="card reachable">
      {number !== null && <OwnNumber number={number} />}
      {hasBell && <BellSwitch bell={caller.bell} />}
    </section>
  );
}

function OwnNumber({ number }: { number: string }): JSX.Element {
  const isCopied = useSignal(false);

  async function copy(): Promise<void> {
    await navigator.clipboard.writeText(number);
    isCopied.value = true;
  }

  return (
    <>
      <h2>{t("own_number.title")}</h2>
      <p class="own-number">{unbroken(number)}</p>
      <p class="hint">{t("own_number.body")}</p>
      <div class="row">
        <Button icon="copy" onClick={() => void copy()}>
          {t("own_number.copy")}
        </Button>
        <span role="status">{isCopied.value && t("own_number.copied")}</span>
      </div>
    </>
  );
}

function BellSwitch({ bell }: { bell: Bell }): JSX.Element {
  const state = bell.state.value;
  const isOn = state === "on";
  if (state === "ios") {
    return (
      <>
        <h2>{t("bell.title")}</h2>
        <p>{t("bell.ios")}</p>
      </>
    );
  }
  return (
    <>
      <h2>{t("bell.title")}</h2>
      <p role="status">{t(isOn ? "bell.on" : "bell.off")}</p>
      {(state === "denied" || state === "failed") && <p class="field-error">{t(`bell.${state}`)}</p>}
      <Button icon={isOn ? "close" : "flag"} disabled={bell.isBusy.value} onClick={() => void (isOn ? bell.turnOff() : bell.turnOn())}>
        {t(isOn ? "bell.turn_off" : "bell.turn_on")}
      </Button>
    </>
  );
}
