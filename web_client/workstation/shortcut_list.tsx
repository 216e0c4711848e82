// The shortcuts: their switch, and each key to be changed or taken away, on this device.

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { t } from "../shared/i18n.ts";
import { Button } from "../shared/ui/basics.tsx";
import type { Desk } from "./desk.ts";
import { combo, isReserved, isSingle, NAMES, shownKey, takenBy, type Keys, type ShortcutName } from "./keymap.ts";

export function ShortcutList({ desk }: { desk: Desk }): JSX.Element {
  const { keys } = desk;
  const words = useSignal("");
  const asked = useSignal<ShortcutName | null>(null); // whose words they are
  const changing = useSignal<ShortcutName | null>(null);
  return (
    <details class="card shortcuts">
      <summary>{t("desk.shortcuts")}</summary>
      <label class="tick">
        <input type="checkbox" checked={keys.areOn.value} onChange={(event) => keys.switch(event.currentTarget.checked)} />
        <span>{t("desk.shortcuts_on")}</span>
      </label>
      <p class="hint">{t("desk.shortcuts_note")}</p>
      <p class="hint">{t("keys.combos_note")}</p>
      <ul class="shortcut-rows">
        {NAMES.map((name) => (
          <Row
            key={name}
            keys={keys}
            name={name}
            isChanging={changing.value === name}
            said={asked.value === name ? words.value : ""}
            onChanging={(is) => (changing.value = is ? name : null)}
            say={(next) => {
              asked.value = name;
              words.value = next;
            }}
          />
        ))}
      </ul>
      <p class="shortcut-words" role="status">
        {asked.value === null ? words.value : ""}
      </p>
      <Button
        look="quiet"
        onClick={() => {
          keys.reset();
          asked.value = null;
          words.value = t("keys.reset_done");
        }}
      >
        {t("keys.reset")}
      </Button>
    </details>
  );
}

interface RowProps {
  readonly keys: Keys;
  readonly name: ShortcutName;
  readonly isChanging: boolean;
  /** What came of the last key, beside its button. */
  readonly said: string;
  readonly onChanging: (is: boolean) => void;
  readonly say: (words: string) => void;
}

function Row({ keys, name, isChanging, said, onChanging, say }: RowProps): JSX.Element {
  const button = useRef<HTMLButtonElement>(null);
  const key = keys.map.value[name];
  const words = t(`shortcut.${name}`);
  const isOff = key !== null && isSingle(key) && !keys.areOn.value;

  function finish(next: string): void {
    onChanging(false);
    say(next);
  }

  function give(next: string | null): void {
    keys.set(name, next);
    finish(t("keys.changed", { name: words, key: next === null ? t("keys.none") : shownKey(next) }));
  }

  function pressed(event: KeyboardEvent): void {
    if (event.key === "Tab") return finish("");
    event.preventDefault();
    event.stopPropagation();
    if (event.key === "Escape") return finish("");
    if (event.key === "Delete" || event.key === "Backspace") return give(null);
    const found = combo(event);
    if (found === null) return;
    const other = takenBy(keys.map.value, name, found);
    if (isReserved(found)) say(t("keys.reserved", { key: shownKey(found) }));
    else if (other !== null) say(t("keys.taken", { key: shownKey(found), name: t(`shortcut.${other}`) }));
    else give(found);
  }

  useEffect(() => {
    if (isChanging) button.current?.focus(); // Safari gives a pressed button no focus
  }, [isChanging]);

  return (
    <li class={isOff ? "is-off" : ""}>
      <span>{words}</span>
      <button
        ref={button}
        type="button"
        class="icon-button key-button"
        aria-label={`${t("keys.change", { name: words })} (${key === null ? t("keys.none") : shownKey(key)})`}
        aria-pressed={isChanging}
        onClick={() => {
          onChanging(!isChanging);
          say(isChanging ? "" : `${t("keys.press")} ${t("keys.press_hint")}`);
        }}
        onKeyDown={isChanging ? pressed : undefined}
        onBlur={() => isChanging && finish("")}
      >
        {isChanging ? t("keys.press_short") : key === null ? "–" : shownKey(key)}
      </button>
      <small class="key-words" role="status">
        {said}
      </small>
    </li>
  );
}
