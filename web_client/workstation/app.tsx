// Which screen is shown: sign-in, waiting for a call, call, wrap-up; over all of them the alert.

import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { clock } from "../shared/format.ts";
import { t } from "../shared/i18n.ts";
import { now } from "../shared/now.ts";
import type { PauseReason } from "../shared/protocol.d.ts";
import { Button, ConnectionBanner, Dialog, LanguageChoice, Mark, Notices } from "../shared/ui/basics.tsx";
import { CostDialog } from "../shared/ui/cost_dialog.tsx";
import { SignIn } from "../shared/ui/sign_in.tsx";
import { AlertDialog } from "./alert.tsx";
import { AtWork, isOnBreak, stateWords } from "./at_work.tsx";
import type { Desk } from "./desk.ts";
import { InCall } from "./in_call.tsx";
import { listen } from "./shortcuts.ts";
import { WrapUpScreen } from "./wrap_up_screen.tsx";

const REASONS: readonly PauseReason[] = [
  "break",
  "rest_eyes_hands",
  "meal",
  "meeting",
  "technical",
  "after_hard_call",
  "other",
];

export function App({ desk }: { desk: Desk }): JSX.Element {
  useEffect(() => listen(desk), []);
  const { session } = desk;
  return (
    <div class={`page workstation ${session.isTogether.value ? "is-in-call" : ""}`}>
      <TopBar desk={desk} />
      <ConnectionBanner session={session} />
      <Notices session={session} />
      <main id="main">
        <Screen desk={desk} />
      </main>
      <CostDialog session={session} />
      {desk.alert.value !== null && <AlertDialog desk={desk} alert={desk.alert.value} />}
      {desk.question.value === "pause" && <PauseDialog desk={desk} />}
    </div>
  );
}

function Screen({ desk }: { desk: Desk }): JSX.Element {
  if (desk.access.value === "unknown") return <p class="card">{t("app.loading")}</p>;
  if (desk.access.value === "unreachable") return <Unreachable desk={desk} />;
  if (desk.access.value === "sign_in") {
    return (
      <div class="narrow">
        <h1>{t("work.title")}</h1>
        <SignIn role="agent" onDone={(account) => desk.signedIn(account)} />
      </div>
    );
  }
  if (desk.session.isTogether.value) return <InCall desk={desk} />;
  if (desk.isWrappingUp.value) return <WrapUpScreen desk={desk} />;
  return <AtWork desk={desk} />;
}

function Unreachable({ desk }: { desk: Desk }): JSX.Element {
  return (
    <div class="card">
      <p role="alert">{t("sign_in.unreachable")}</p>
      <Button look="primary" onClick={() => void desk.start()}>
        {t("camera.retry")}
      </Button>
    </div>
  );
}

function TopBar({ desk }: { desk: Desk }): JSX.Element {
  const { agent, session } = desk;
  const view = agent.value;
  const demo = session.demoPhoneUrl.value;
  return (
    <header class="top">
      <a class="skip" href="#main">
        {t("app.skip")}
      </a>
      <Mark />
      {view !== null && (
        <>
          <p class={`state is-${desk.isCutOff.value ? "offline" : view.state}`} role="status">
            <span class="dot" aria-hidden="true" />
            <strong>{stateWords(desk, view)}</strong>
            <span class="hint">{view.state === "paused" && view.reason !== null ? t(`work.reason.${view.reason}`) : ""}</span>
            <span class="hint" aria-hidden="true">
              {clock(now.value - view.since)}
            </span>
          </p>
          <Presence desk={desk} />
          <p class="waiting">{view.waiting === 0 ? t("work.waiting_zero") : t("work.waiting", { count: view.waiting })}</p>
        </>
      )}
      <span class="spacer" />
      {demo !== null && (
        <a class="top-link" href={demo} target="_blank" rel="noopener">
          {t("work.demo_phone")}
        </a>
      )}
      <LanguageChoice />
      {desk.account.value !== null && !session.isTogether.value && (
        <Button look="quiet" label={`${t("app.sign_out")} – ${desk.account.value.name}`} onClick={() => void desk.signOut()}>
          {t("app.sign_out")}
        </Button>
      )}
    </header>
  );
}

function Presence({ desk }: { desk: Desk }): JSX.Element | null {
  const view = desk.agent.value;
  if (view === null) return null;
  if (view.state === "engaged" || view.state === "wrap_up" || view.state === "alerting") {
    return (
      <Button icon="pause" pressed={view.pause_after_call} shortcut={desk.shortcutsAreOn.value ? "P" : undefined} onClick={() => desk.togglePauseAfterCall()}>
        {t(view.pause_after_call ? "work.pause_after_call_on" : "work.pause_after_call")}
      </Button>
    );
  }
  return (
    <div class="row presence" role="group" aria-label={t("work.presence")}>
      {view.presence === "available" && view.state !== "not_responding" ? (
        <Button icon="pause" onClick={() => (desk.question.value = "pause")}>
          {t("work.pause")}
        </Button>
      ) : (
        <Button look="primary" icon="play" onClick={() => void desk.available()}>
          {t(view.state === "not_responding" ? "work.come_back" : isOnBreak(desk, view) ? "work.resume" : "work.available")}
        </Button>
      )}
      {view.presence !== "offline" && (
        <Button look="quiet" onClick={() => void desk.goOffline()}>
          {t("work.go_offline")}
        </Button>
      )}
    </div>
  );
}

function PauseDialog({ desk }: { desk: Desk }): JSX.Element {
  return (
    <Dialog title={t("work.pause_title")} onCancel={() => (desk.question.value = "none")}>
      <div class="choices">
        {REASONS.map((reason) => (
          <Button key={reason} onClick={() => void desk.pause(reason)}>
            {t(`work.reason.${reason}`)}
          </Button>
        ))}
      </div>
      <Button look="quiet" onClick={() => (desk.question.value = "none")}>
        {t("app.cancel")}
      </Button>
    </Dialog>
  );
}
