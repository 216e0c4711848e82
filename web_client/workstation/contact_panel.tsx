// The contact record of a direct call (fiche contact). Relay calls have none.

import type { JSX } from "preact";
import { t } from "../shared/i18n.ts";
import type { ContactForm } from "../shared/protocol.d.ts";
import type { Desk } from "./desk.ts";

const FIELDS = ["name", "email", "phone", "reference"] as const;
const KINDS = { name: "text", email: "email", phone: "tel", reference: "text" } as const;

export function ContactPanel({ desk, isBrief = false }: { desk: Desk; isBrief?: boolean }): JSX.Element {
  const { wrapUp } = desk;
  const known = desk.contact.value;
  const contact: ContactForm = wrapUp.contact.value;
  return (
    <section class={`card contact ${isBrief ? "is-brief" : ""}`} aria-labelledby="contact-title">
      <header class="row">
        <h2 id="contact-title">{t("contact.title")}</h2>
        {known !== null && (
          <p class="hint">
            {known.earlier_calls === 0 ? t("contact.earlier_zero") : t("contact.earlier", { count: known.earlier_calls })}
          </p>
        )}
      </header>
      <div class="contact-fields">
        {FIELDS.map((field) => (
          <label key={field} class="field">
            <span>{t(`contact.${field}`)}</span>
            <input
              type={KINDS[field] as "text"}
              autocomplete="off"
              maxLength={200}
              value={contact[field] ?? ""}
              onInput={(event) => {
                const value = event.currentTarget.value;
                wrapUp.change(() => (wrapUp.contact.value = { ...contact, [field]: value === "" ? null : value }));
              }}
            />
          </label>
        ))}
      </div>
      {!isBrief && <p class="hint">{t("contact.known")}</p>}
    </section>
  );
}
