// The shortcuts, listed, with their switch.

import type { JSX } from "preact";
import { t } from "../shared/i18n.ts";
import type { Desk } from "./desk.ts";
import { SHORTCUTS } from "./shortcuts.ts";

export function ShortcutList({ desk }: { desk: Desk }): JSX.Element {
  return (
    <details class="card shortcuts">
      <summary>{t("desk.shortcuts")}</summary>
      <label class="tick">
        <input type="checkbox" checked={desk.shortcutsAreOn.value} onChange={(event) => desk.setShortcuts(event.currentTarget.checked)} />
        <span>{t("desk.shortcuts_on")}</span>
      </label>
      <p class="hint">{t("desk.shortcuts_note")}</p>
      <dl class={desk.shortcutsAreOn.value ? "" : "is-off"}>
        {SHORTCUTS.map((shortcut) => (
          <div key={shortcut.key}>
            <dt>
              <kbd>{shortcut.key.toUpperCase()}</kbd>
            </dt>
            <dd>{t(`shortcut.${shortcut.name}`)}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
