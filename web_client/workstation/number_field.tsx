// A telephone number as typed or pasted, shown as people write it.

import type { Signal } from "@preact/signals";
import type { JSX } from "preact";
import { formatNumber } from "../shared/format.ts";

export function NumberField({ id, label, number }: { id: string; label: string; number: Signal<string> }): JSX.Element {
  return (
    <>
      <label for={id}>{label}</label>
      <input
        id={id}
        class="number"
        type="tel"
        inputMode="tel"
        autocomplete="off"
        maxLength={64}
        value={number.value}
        onInput={(event) => (number.value = formatNumber(event.currentTarget.value.replace(/^tel:/i, "")))}
      />
    </>
  );
}
