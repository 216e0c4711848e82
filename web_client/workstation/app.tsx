// Which screen is shown: sign-in, waiting for a call, call, wrap-up; over all of them the alert.

import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { t } from "../shared/i18n.ts";
import { ConnectionBanner, Notices } from "../shared/ui/basics.tsx";
import { CostDialog } from "../shared/ui/cost_dialog.tsx";
import { useFocusOnHeading } from "../shared/ui/focus.ts";
import { QueueBanner } from "../shared/ui/queue_banner.tsx";
import { SignIn, Unreachable } from "../shared/ui/sign_in.tsx";
import { AlertDialog } from "./alert.tsx";
import { AtWork } from "./at_work.tsx";
import type { Desk } from "./desk.ts";
import { InCall } from "./in_call.tsx";
import { PauseDialog } from "./pause_dialog.tsx";
import { listen } from "./shortcuts.ts";
import { StaffNotices } from "./staff_notices.tsx";
import { TopBar } from "./top_bar.tsx";
import { WrapUpScreen } from "./wrap_up_screen.tsx";

export function App({ desk }: { desk: Desk }): JSX.Element {
  useEffect(() => listen(desk), []);
  useFocusOnHeading(screenOf(desk));
  const { session } = desk;
  return (
    <div class={`page workstation ${screenOf(desk) === "call" ? "is-in-call" : ""}`}>
      <TopBar desk={desk} />
      <ConnectionBanner session={session} />
      <QueueBanner session={session} />
      <StaffNotices desk={desk} />
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

function screenOf(desk: Desk): string {
  if (desk.access.state.value !== "ready") return desk.access.state.value;
  if (desk.isWrappingUp.value) return "wrap_up";
  return desk.session.isTogether.value ? "call" : "work";
}

function Screen({ desk }: { desk: Desk }): JSX.Element {
  switch (screenOf(desk)) {
    case "unknown":
      return <p class="card">{t("app.loading")}</p>;
    case "unreachable":
      return <Unreachable access={desk.access} />;
    case "sign_in":
      return (
        <div class="narrow">
          <h1>{t("work.title")}</h1>
          <SignIn role="agent" onDone={(account) => desk.access.signedIn(account)} />
        </div>
      );
    case "call":
      return <InCall desk={desk} />;
    case "wrap_up":
      return <WrapUpScreen desk={desk} />;
    default:
      return <AtWork desk={desk} />;
  }
}
