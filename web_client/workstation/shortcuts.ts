// One key each, so that hands stay free. They can be switched off and never act while somebody writes (WCAG 2.1.4).

import type { Desk } from "./desk.ts";

export interface Shortcut {
  readonly key: string;
  readonly name: "mute" | "hold" | "pause_after_call" | "abuse" | "hide_picture" | "text" | "dial" | "come_back" | "watch";
  readonly run: (desk: Desk) => void;
}

export const SHORTCUTS: readonly Shortcut[] = [
  { key: "m", name: "mute", run: (desk) => desk.toggleMute() },
  { key: "g", name: "hold", run: (desk) => desk.toggleHold() },
  { key: "p", name: "pause_after_call", run: (desk) => desk.togglePauseAfterCall() },
  { key: "i", name: "hide_picture", run: (desk) => desk.togglePicture() },
  { key: "w", name: "watch", run: (desk) => desk.toggleWatch() },
  { key: "t", name: "text", run: () => focus("text-draft") },
  { key: "n", name: "dial", run: () => focus("dial-number") },
  {
    key: "a",
    name: "abuse",
    run: (desk) => {
      if (desk.session.can("end_and_report_abuse")) desk.question.value = "abuse";
    },
  },
  {
    key: "r",
    name: "come_back",
    run: (desk) => {
      if (desk.agent.value?.state === "not_responding") void desk.available();
    },
  },
];

function focus(id: string): void {
  document.getElementById(id)?.focus();
}

interface KeyLike {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly altKey: boolean;
  readonly metaKey: boolean;
  readonly repeat: boolean;
}

/** :param isWriting: the focus is where letters are written, or a dialog is open. */
export function shortcutFor(event: KeyLike, areOn: boolean, isWriting: boolean): Shortcut | null {
  if (!areOn || isWriting || event.repeat || event.ctrlKey || event.altKey || event.metaKey) return null;
  return SHORTCUTS.find((shortcut) => shortcut.key === event.key.toLowerCase()) ?? null;
}

function isWritten(target: EventTarget | null): boolean {
  if (document.querySelector("dialog[open]") !== null) return true;
  return target instanceof Element && target.closest("input, textarea, select, [contenteditable]") !== null;
}

export function listen(desk: Desk): () => void {
  const onKey = (event: KeyboardEvent): void => {
    const shortcut = shortcutFor(event, desk.shortcutsAreOn.value, isWritten(event.target));
    if (shortcut === null) return;
    event.preventDefault();
    shortcut.run(desk);
  };
  document.addEventListener("keydown", onKey);
  return () => document.removeEventListener("keydown", onKey);
}
