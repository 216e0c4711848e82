// After the call: how it ended, one rating, the text to keep, call again.

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { isCalled } from "../shared/call_side.ts";
import { t, type Key } from "../shared/i18n.ts";
import type { CallStateMessage } from "../shared/protocol.d.ts";
import { Button } from "../shared/ui/basics.tsx";
import { Refusal } from "../shared/ui/refusal.tsx";
import { TextPane } from "../shared/ui/text_pane.tsx";
import type { Caller } from "./caller.ts";

const STARS = [1, 2, 3, 4, 5] as const;
const PROBLEMS = ["picture", "freeze", "interpreter", "wait", "phone", "other"] as const;
/** Mouths of the five faces, from sad to glad. */
const MOUTHS = ["M9 22c3-5 11-5 14 0", "M10 21c3-3 9-3 12 0", "M10 20h12", "M10 19c3 3 9 3 12 0", "M9 18c3 6 11 6 14 0"] as const;

export function AfterCall({ caller, call }: { caller: Caller; call: CallStateMessage }): JSX.Element {
  const { session } = caller;
  const hasText = session.text.isOf(call.call_id) && session.text.whole.length > 0;
  const [title, body] = endWords(call);
  const mayAgain = call.end_reason !== "callback_asked" && (caller.place.brand !== null || caller.lastNumber.value !== null);
  const again = isCalled(call) ? "ended.call_back" : "ended.again";
  return (
    <div class={`after-call ${hasText ? "has-text" : ""}`}>
      <section class="card">
        <h1>{t(title)}</h1>
        <p role="status">{t(body)}</p>
        {call.together_at !== null && call.kind !== "video" && <Rating caller={caller} />}
        <div class="row">
          {mayAgain && (
            <Button look="primary" icon="phone" disabled={caller.isAsking.value} onClick={() => void caller.again(call)}>
              {t(again)}
            </Button>
          )}
          <Button onClick={() => session.forgetCall()}>{t("ended.new")}</Button>
          {caller.place.isEmbedded && <Button onClick={() => void caller.leaveFrame()}>{t("ended.close_frame")}</Button>}
        </div>
        {call.together_at !== null && call.kind !== "video" && <Refusal session={session} call={call} />}
      </section>
      {hasText && (
        <div class="card after-text">
          <TextPane text={session.text} isOver otherName={t("text.other")} maySave />
        </div>
      )}
    </div>
  );
}

/** Who was called and did not answer reads other words than who called. */
function endWords(call: CallStateMessage): readonly [title: Key, body: Key] {
  const reason = call.end_reason ?? "completed";
  if (reason === "callback_asked") return ["ended.callback_title", "ended.callback_asked"];
  const body: Key = `ended.${reason}`;
  if (isCalled(call)) {
    if (reason === "declined" || reason === "abandoned") return ["ended.declined_title", "ended.declined"];
    if (reason === "completed") return ["ended.title", "ended.completed_called"];
    const isMissed = reason === "not_answered" || reason === "caller_gave_up" || reason === "message_left";
    return [isMissed ? "ended.missed_title" : "ended.title", body];
  }
  if (reason === "completed" && call.kind === "video") return ["ended.title", "ended.completed_called"];
  if (reason === "declined") return ["ended.title", "ended.declined_by_peer"];
  if (reason === "caller_gave_up") return ["ended.title", "ended.you_gave_up"];
  return ["ended.title", reason === "not_answered" ? "ended.peer_not_answered" : body];
}

function Rating({ caller }: { caller: Caller }): JSX.Element {
  const stars = useSignal<number | null>(null);
  const problems = useSignal<readonly (typeof PROBLEMS)[number][]>([]);
  const isSent = useSignal(false);
  if (isSent.value) return <p role="status">{t("rating.thanks")}</p>;

  function toggle(problem: (typeof PROBLEMS)[number]): void {
    const without = problems.value.filter((one) => one !== problem);
    problems.value = without.length === problems.value.length ? [...without, problem] : without;
  }

  return (
    <form
      class="rating"
      onSubmit={(event) => {
        event.preventDefault();
        if (stars.value !== null) void caller.rate(stars.value, problems.value).then((isTaken) => (isSent.value = isTaken));
      }}
    >
      <fieldset class="faces">
        <legend>{t("rating.title")}</legend>
        {STARS.map((value) => (
          <label key={value} class={`face face-${value}`}>
            <input type="radio" name="stars" value={value} checked={stars.value === value} onChange={() => (stars.value = value)} />
            <svg viewBox="0 0 32 32" width="48" height="48" aria-hidden="true">
              <circle cx="16" cy="16" r="14" />
              <path d={`M11 12h.01M21 12h.01${MOUTHS[value - 1]}`} />
            </svg>
            <span>{t(`rating.${value}`)}</span>
          </label>
        ))}
      </fieldset>
      {stars.value !== null && (
        <>
          <fieldset class="ticks">
            <legend>{t("rating.problems")}</legend>
            {PROBLEMS.map((problem) => (
              <label key={problem} class="tick">
                <input type="checkbox" checked={problems.value.includes(problem)} onChange={() => toggle(problem)} />
                <span>{t(`rating.problem.${problem}`)}</span>
              </label>
            ))}
          </fieldset>
          <Button look="primary" type="submit">
            {t("rating.send")}
          </Button>
        </>
      )}
    </form>
  );
}
