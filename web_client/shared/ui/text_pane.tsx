// Real-time text: what the other writes appears letter by letter, what was finished stays.
//
// Not announced letter by letter: finished lines are, and an unfinished one after a pause (W3C RAUR 18a).

import { useComputed, useSignal, useSignalEffect } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { t } from "../i18n.ts";
import { readPreference, writePreference } from "../preferences.ts";
import type { Conversation } from "../rtt.ts";
import type { Line, Writer } from "../t140.ts";
import { Button } from "./basics.tsx";
import { Icon } from "./icons.tsx";

const SIZES = [16, 20, 24, 30, 38] as const; // CSS px
const PAUSE_MS = 1_500;

interface TextPaneProps {
  readonly text: Conversation;
  /** After the call: reading, copying and saving only. */
  readonly isOver: boolean;
  readonly otherName: string;
  /** Of whoever else is in the call and writes (`second_words.ts`). */
  readonly secondName?: string;
  readonly maySave: boolean;
  /** The phone party reads and writes too. */
  readonly isToPhone?: boolean;
}

type Names = Pick<TextPaneProps, "otherName" | "secondName">;

function writerName(who: Writer, { otherName, secondName }: Names): string {
  if (who === "other") return otherName;
  return who === "second" ? (secondName ?? t("second.who.colleague")) : t(who === "own" ? "text.own" : "text.phone");
}

export function asPlainText(lines: readonly Line[], names: Names): string {
  return lines.map((line) => `${writerName(line.who, names)} : ${line.text}`).join("\n") + "\n";
}

export function TextPane({ text, isOver, maySave, isToPhone = false, ...names }: TextPaneProps): JSX.Element {
  const size = useSignal(Math.min(SIZES.length - 1, Number(readPreference("text_size") ?? 0)));
  const spoken = useSpoken(text);
  const lines = isOver ? text.whole : text.lines.value;
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => list.current?.scrollTo({ top: list.current.scrollHeight }), [lines]);

  function resize(step: number): void {
    size.value = Math.max(0, Math.min(SIZES.length - 1, size.value + step));
    writePreference("text_size", String(size.value));
  }

  return (
    <section class="text-pane" aria-labelledby="text-title">
      <header>
        <h2 id="text-title">{t("text.title")}</h2>
        <button type="button" class="icon-button" aria-label={t("text.smaller")} disabled={size.value === 0} onClick={() => resize(-1)}>
          A−
        </button>
        <button type="button" class="icon-button" aria-label={t("text.bigger")} disabled={size.value === SIZES.length - 1} onClick={() => resize(1)}>
          A+
        </button>
      </header>
      <div class="text-lines" ref={list} tabIndex={0} role="group" aria-label={t("text.title")} style={{ fontSize: `${SIZES[size.value]}px` }}>
        {lines.length === 0 && <p class="hint">{t("text.empty")}</p>}
        {lines.map((line, index) => (
          <p key={index} class={`text-line ${line.who}`} dir="auto">
            <span class="text-who">{writerName(line.who, names)}</span>
            {line.text}
            {line.open && !isOver && <span class="text-caret" aria-hidden="true" />}
          </p>
        ))}
      </div>
      <div class="visually-hidden" role="log" aria-live="polite">
        {spoken.value}
      </div>
      {isOver ? <KeepText text={text} names={names} maySave={maySave} /> : <Writing text={text} size={SIZES[size.value] ?? 16} isToPhone={isToPhone} />}
    </section>
  );
}

/** The other's last line, once it is finished or its writer pauses. */
function useSpoken(text: Conversation): { readonly value: string } {
  const last = useComputed(() => text.lines.value.findLast((line) => line.who !== "own") ?? null);
  const spoken = useSignal("");
  useSignalEffect(() => {
    const line = last.value;
    const timer = setTimeout(() => (spoken.value = line?.text ?? ""), line?.open === false ? 0 : PAUSE_MS);
    return () => clearTimeout(timer);
  });
  return spoken;
}

function Writing({ text, size, isToPhone }: { text: Conversation; size: number; isToPhone: boolean }): JSX.Element {
  return (
    <form
      class="text-writing"
      onSubmit={(event) => {
        event.preventDefault();
        text.endLine();
      }}
    >
      <label for="text-draft">{t("text.write")}</label>
      <div class="text-entry">
        <textarea
          id="text-draft"
          rows={2}
          maxLength={2000}
          style={{ fontSize: `${size}px` }}
          aria-describedby="text-hint"
          value={text.draft.value}
          onInput={(event) => text.type(event.currentTarget.value.replaceAll("\n", " "))}
          onKeyDown={(event) => {
            if (event.key !== "Enter" || event.isComposing) return;
            event.preventDefault();
            text.endLine();
          }}
        />
        <button type="submit" class="icon-button" aria-label={t("text.send_line")} title={t("text.send_line")}>
          <Icon name="check" />
        </button>
      </div>
      <p id="text-hint" class="hint">
        {t(!text.connected.value ? "text.off" : isToPhone ? "text.hint_phone" : "text.hint")}
      </p>
    </form>
  );
}

function KeepText({ text, names, maySave }: { text: Conversation; names: Names; maySave: boolean }): JSX.Element | null {
  const isCopied = useSignal(false);
  if (!maySave) return null;
  const whole = (): string => asPlainText(text.whole, names);

  async function copy(): Promise<void> {
    await navigator.clipboard.writeText(whole());
    isCopied.value = true;
  }

  function save(): void {
    const url = URL.createObjectURL(new Blob([whole()], { type: "text/plain;charset=utf-8" }));
    Object.assign(document.createElement("a"), { href: url, download: t("text.file_name") }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  }

  return (
    <footer class="text-keep">
      <div class="row">
        <Button icon="copy" onClick={() => void copy()}>
          {t("text.copy")}
        </Button>
        <Button icon="save" onClick={save}>
          {t("text.save")}
        </Button>
      </div>
      <p class="hint" role="status">
        {isCopied.value ? t("text.copied") : t("text.privacy")}
      </p>
    </footer>
  );
}
