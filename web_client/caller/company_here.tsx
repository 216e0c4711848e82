// Whoever comes beside the interpreter or the adviser, as the signer sees it: a picture to wait with, and a yes or a no.

import type { JSX } from "preact";
import { isConsulting } from "../shared/company.ts";
import { unbroken } from "../shared/format.ts";
import { t } from "../shared/i18n.ts";
import type { CallStateMessage, SecondView } from "../shared/protocol.d.ts";
import { supervisorHereWords } from "../shared/second_words.ts";
import { Button } from "../shared/ui/basics.tsx";
import type { Session } from "../shared/session.ts";

/** In the place of the picture while two colleagues speak with each other. */
export function WaitingPicture({ call }: { call: CallStateMessage }): JSX.Element | null {
  if (!isConsulting(call)) return null;
  return (
    <div class="waiting-picture" role="status">
      <div class="calm" aria-hidden="true">
        <span />
        <span />
        <span />
      </div>
      <p class="waiting-title">{t("second.signer_wait_title")}</p>
      <p>{t(call.kind === "relay" ? "second.signer_wait_relay" : "second.signer_wait_direct")}</p>
    </div>
  );
}

/** A supervisor asks to join, or is there: below the picture. A yes may be taken back at any time. */
export function Supervisor({ session, call }: { session: Session; call: CallStateMessage }): JSX.Element | null {
  const { second } = call;
  if (second?.role !== "supervisor") return null;
  const isAsked = second.state !== "joined";
  const mayAllow = session.can("allow_supervisor");
  return (
    <section class="supervisor-asks" aria-labelledby="supervisor-title">
      <div role="status">
        <h2 id="supervisor-title">{isAsked ? asksWords(second) : supervisorHereWords(call)}</h2>
        {isAsked && <p>{t(mayAllow ? "second.ask_body" : "second.ask_waiting")}</p>}
      </div>
      <div class="row">
        {mayAllow && (
          <Button look="primary" icon="check" onClick={() => void session.act("allow_supervisor")}>
            {t("second.ask_yes")}
          </Button>
        )}
        {session.can("refuse_supervisor") && (
          <Button look="danger-outline" icon="close" onClick={() => void session.act("refuse_supervisor")}>
            {t(isAsked ? "second.ask_no" : "second.ask_leave")}
          </Button>
        )}
      </div>
    </section>
  );
}

function asksWords({ name }: SecondView): string {
  return name === null ? t("second.ask_title") : t("second.ask_named", { name: unbroken(name) });
}
