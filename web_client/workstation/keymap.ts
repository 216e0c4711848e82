// Which key does what at this workstation: the usual ones, changed on this device, or none. Pure but for `Keys`.

import { signal } from "@preact/signals";
import { keptFields, readPreference, writePreference } from "../shared/preferences.ts";

export const NAMES = [
  "mute",
  "hold",
  "watch",
  "text",
  "dial",
  "hide_picture",
  "ask_camera",
  "transfer",
  "second",
  "swap",
  "swap_pictures",
  "pause_after_call",
  "hard_call",
  "abuse",
  "come_back",
] as const;
export type ShortcutName = (typeof NAMES)[number];
/** A key as `combo` writes it; null: none. */
export type Keymap = Readonly<Record<ShortcutName, string | null>>;

export const USUAL: Keymap = {
  mute: "m",
  hold: "g",
  watch: "w",
  text: "t",
  dial: "n",
  hide_picture: "i",
  ask_camera: "b",
  transfer: "c",
  second: "e",
  swap: "s",
  swap_pictures: "v",
  pause_after_call: "p",
  hard_call: "d",
  abuse: "a",
  come_back: "r",
};

export interface KeyLike {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly altKey: boolean;
  readonly metaKey: boolean;
}

const MODIFIERS: ReadonlySet<string> = new Set(["Control", "Alt", "AltGraph", "Shift", "Meta", "CapsLock", "Dead"]);
/** What a page needs to be walked through by keyboard, and what browsers keep for themselves. */
const RESERVED = /^(Tab|Enter|Escape|Delete|Backspace| |Arrow.*|Page.*|Home|End|F1|F5|F6|F11|F12|Ctrl\+[acfhjlnoprstuvwxz0-9+-]|Alt\+(Arrow.*|F4|d|e|f|Home))$/;

/** `m`, `Ctrl+Alt+m`, `F8`; null: a modifier alone, or a key of the system. */
export function combo({ key, ctrlKey, altKey, metaKey }: KeyLike): string | null {
  if (metaKey || MODIFIERS.has(key)) return null;
  const name = key.length === 1 ? key.toLowerCase() : key;
  return `${ctrlKey ? "Ctrl+" : ""}${altKey ? "Alt+" : ""}${name}`;
}

export function isReserved(key: string): boolean {
  return RESERVED.test(key);
}

/** A single character alone: it can be meant as writing, or be said by somebody who dictates (WCAG 2.1.4). */
export function isSingle(key: string): boolean {
  return key.length === 1;
}

/** What the key already does, for somebody else than `name`. */
export function takenBy(keys: Keymap, name: ShortcutName, key: string): ShortcutName | null {
  return NAMES.find((other) => other !== name && keys[other] === key) ?? null;
}

/** As kept on this device; what this version does not know, or cannot be told apart, is as usual. */
export function keymapFrom(kept: string | null): Keymap {
  const found = keptFields(kept);
  const keys = Object.fromEntries(NAMES.map((name) => [name, readable(found[name], USUAL[name])])) as Record<ShortcutName, string | null>;
  const given = NAMES.map((name) => keys[name]).filter((key) => key !== null);
  return new Set(given).size === given.length ? keys : USUAL;
}

function readable(value: unknown, usual: string | null): string | null {
  if (value === null) return null;
  return typeof value === "string" && value.length <= 24 && !isReserved(value) ? value : usual;
}

/** A key as people read it: `M`, `Ctrl+Alt+M`. */
export function shownKey(key: string): string {
  return key.replace(/.$/, (last) => last.toUpperCase());
}

/** The keys of this device. */
export class Keys {
  readonly map = signal<Keymap>(keymapFrom(readPreference("shortcut_keys")));
  /** Single characters act. Keys with a modifier, and function keys, always do. */
  readonly areOn = signal(readPreference("shortcuts") !== "off");

  set(name: ShortcutName, key: string | null): void {
    this.map.value = { ...this.map.value, [name]: key };
    writePreference("shortcut_keys", JSON.stringify(this.map.value));
  }

  reset(): void {
    this.map.value = USUAL;
    writePreference("shortcut_keys", JSON.stringify(USUAL));
  }

  switch(areOn: boolean): void {
    this.areOn.value = areOn;
    writePreference("shortcuts", areOn ? "on" : "off");
  }

  /** To be written on a button; undefined: no key acts. */
  shown(name: ShortcutName): string | undefined {
    const key = this.map.value[name];
    return key === null || (isSingle(key) && !this.areOn.value) ? undefined : shownKey(key);
  }
}
