// Waiting: place, expected wait as a range, nothing to listen to.

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { clock, waitRange } from "../shared/format.ts";
import { isCalled } from "../shared/call_side.ts";
import { t } from "../shared/i18n.ts";
import { now } from "../shared/now.ts";
import type { CallStateMessage, QueueView } from "../shared/protocol.d.ts";
import { Button, Dialog } from "../shared/ui/basics.tsx";
import { OwnPicture } from "../shared/ui/own_picture.tsx";
import type { Caller } from "./caller.ts";

export function waitWords(queue: QueueView | null): string {
  const range = waitRange(queue?.wait_low_s ?? null, queue?.wait_high_s ?? null);
  if (range === null) return t("queue.wait_unknown");
  const [low, high] = range;
  if (high > 1) return low === 0 ? t("queue.wait_range", { low: 1, high }) : t("queue.wait_range", { low, high });
  return t("queue.wait_short");
}

/** Where one waits for a call of one's own, and where the other one waits on the telephone. */
const OWN = { title: "queue.title", leave: "queue.leave", leaveTitle: "queue.leave_title", leaveBody: "queue.leave_body", leaveYes: "queue.leave_yes" } as const;
const INCOMING = { title: "queue.incoming_title", leave: "queue.incoming_leave", leaveTitle: "queue.incoming_leave_title", leaveBody: "queue.incoming_leave_body", leaveYes: "queue.incoming_leave_yes" } as const;

export function InQueue({ caller, call }: { caller: Caller; call: CallStateMessage }): JSX.Element {
  const isAnswering = isCalled(call);
  const words = isAnswering ? INCOMING : OWN;
  const isLeaving = useSignal(false);
  const position = call.queue?.position ?? null;
  const since = caller.session.waitsSince.value;
  const isNobody = call.queue?.serving === 0 && call.state !== "alerting";
  return (
    <div class="in-queue">
      <section class="card queue-card">
        <div class={`calm ${call.state === "alerting" ? "is-near" : ""}`} aria-hidden="true">
          <span />
          <span />
          <span />
        </div>
        <div role="status" aria-live="polite">
          <h1>{t(call.state === "alerting" ? "queue.alerting" : words.title)}</h1>
          {isAnswering && <p>{t("queue.incoming_body")}</p>}
          {call.transferred ? <p>{t(call.kind === "relay" ? "second.signer_moving" : "second.signer_moving_direct")}</p> : call.together_at !== null && <p>{t("queue.again")}</p>}
          {isNobody && <p class="nobody">{t("queue.nobody")}</p>}
          <dl class="figures">
            {position !== null && (
              <div>
                <dt>{t("queue.position")}</dt>
                <dd class="position">{position}</dd>
              </div>
            )}
            {call.queue?.serving !== 0 && (
              <div>
                <dt>{t("queue.wait")}</dt>
                <dd class="wait">{waitWords(call.queue)}</dd>
              </div>
            )}
          </dl>
        </div>
        {since !== null && <p class="hint">{t("queue.since", { time: clock(now.value - since) })}</p>}
        <p>{t("queue.calm")}</p>
        <Partner queue={call.queue} />
        {caller.session.can("ask_callback") && (
          <>
            <Button look={isNobody ? "primary" : "plain"} icon="camera" onClick={() => (caller.callbacks.wanted.value = { isWaiting: true })}>
              {t("callback.ask")}
            </Button>
            <p class="hint">{t("callback.waiting_hint")}</p>
          </>
        )}
        <Button look="danger-outline" icon="close" onClick={() => (isLeaving.value = true)}>
          {t(words.leave)}
        </Button>
      </section>
      {caller.hasCamera.value && (
        <div class="queue-picture">
          <OwnPicture track={caller.session.local.video} />
        </div>
      )}
      {isLeaving.value && (
        <Dialog title={t(words.leaveTitle)} onCancel={() => (isLeaving.value = false)}>
          <p>{t(words.leaveBody)}</p>
          <div class="row">
            <Button look="danger" onClick={() => void caller.session.act("hang_up")}>
              {t(words.leaveYes)}
            </Button>
            <Button autofocus onClick={() => (isLeaving.value = false)}>
              {t("queue.leave_no")}
            </Button>
          </div>
        </Dialog>
      )}
    </div>
  );
}

/** Another centre that serves the same, named by the operator. */
function Partner({ queue }: { queue: QueueView | null }): JSX.Element | null {
  const name = queue?.partner_name ?? null;
  const url = queue?.partner_url ?? null;
  if (name === null || url === null || !/^https?:/.test(url)) return null;
  return (
    <p class="partner">
      {t("queue.partner")}{" "}
      <a href={url} target="_blank" rel="noopener noreferrer">
        {t("queue.partner_link", { name })}
      </a>
    </p>
  );
}
