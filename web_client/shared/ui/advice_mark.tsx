// Advice at the edge of the own picture: a pictogram, and a word or two where there is room. The whole sentence stands
// elsewhere on the page, where assistive technology reads it too.

import type { JSX } from "preact";
import { adviceInShort } from "../call_words.ts";
import type { VisibilityMessage } from "../protocol.d.ts";
import { AdviceIcon } from "./advice_icons.tsx";

export function AdviceMark({ reading }: { reading: VisibilityMessage | null }): JSX.Element | null {
  const words = reading === null ? null : adviceInShort(reading);
  if (reading === null || words === null) return null;
  return (
    <p class={`advice-mark is-${reading.level}`} aria-hidden="true">
      <AdviceIcon code={reading.advice} />
      <span>{words}</span>
    </p>
  );
}
