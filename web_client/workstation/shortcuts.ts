// One key each, so that hands stay free. They can be changed and switched off, and never act while somebody writes
// (WCAG 2.1.4); a key with a modifier may, it writes nothing.

import type { Desk } from "./desk.ts";
import { combo, isSingle, NAMES, type Keymap, type KeyLike, type ShortcutName } from "./keymap.ts";

export const RUN: Readonly<Record<ShortcutName, (desk: Desk) => void>> = {
  mute: (desk) => desk.toggleMute(),
  hold: (desk) => desk.toggleHold(),
  watch: (desk) => desk.toggleWatch(),
  text: () => focus("text-draft"),
  dial: () => focus("dial-number"),
  hide_picture: (desk) => desk.togglePicture(),
  ask_camera: (desk) => void desk.cameraAsk.ask(),
  transfer: (desk) => desk.second.choose(),
  second: (desk) => desk.second.call(),
  swap: (desk) => desk.second.swap(),
  swap_pictures: (desk) => desk.second.swapPictures(),
  pause_after_call: (desk) => desk.shift.togglePauseAfterCall(),
  hard_call: (desk) => void desk.hardCall(),
  abuse: (desk) => {
    if (desk.session.can("end_and_report_abuse")) desk.question.value = "abuse";
  },
  come_back: (desk) => {
    if (desk.agent.value?.state === "not_responding") void desk.available();
  },
};

function focus(id: string): void {
  document.getElementById(id)?.focus();
}

/** :param isWriting: the focus is where letters are written. */
export function shortcutFor(event: KeyLike & { readonly repeat: boolean }, keys: Keymap, areOn: boolean, isWriting: boolean): ShortcutName | null {
  const key = combo(event);
  if (key === null || event.repeat || (isSingle(key) && (!areOn || isWriting))) return null;
  return NAMES.find((name) => keys[name] === key) ?? null;
}

function isWritten(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest("input, textarea, select, [contenteditable]") !== null;
}

export function listen(desk: Desk): () => void {
  const onKey = (event: KeyboardEvent): void => {
    if (document.querySelector("dialog[open]") !== null || event.defaultPrevented) return;
    const name = shortcutFor(event, desk.keys.map.value, desk.keys.areOn.value, isWritten(event.target));
    if (name === null) return;
    event.preventDefault();
    RUN[name](desk);
  };
  document.addEventListener("keydown", onKey);
  return () => document.removeEventListener("keydown", onKey);
}
