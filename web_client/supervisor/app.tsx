// Which screen is shown: sign-in, the board; over it the call that was joined and the dialogs.

import type { JSX } from "preact";
import { t } from "../shared/i18n.ts";
import { Button, ConnectionBanner, LanguageChoice, Mark, Notices } from "../shared/ui/basics.tsx";
import { Icon } from "../shared/ui/icons.tsx";
import { QueueBanner } from "../shared/ui/queue_banner.tsx";
import { SignIn, Unreachable } from "../shared/ui/sign_in.tsx";
import { Agents } from "./agents.tsx";
import { AuditLog } from "./audit.tsx";
import type { Desk } from "./desk.ts";
import { Dialogs } from "./dialogs.tsx";
import { Joined } from "./joined.tsx";
import { Queues } from "./queues.tsx";
import { Requests } from "./requests.tsx";
import { Tiles } from "./tiles.tsx";
import { b } from "./words.ts";

export function App({ desk }: { desk: Desk }): JSX.Element {
  return (
    <div class="page board-page">
      <TopBar desk={desk} />
      <ConnectionBanner session={desk.session} />
      <QueueBanner session={desk.session} />
      <Notices session={desk.session} />
      <main id="main">
        <Screen desk={desk} />
      </main>
      <Dialogs desk={desk} />
    </div>
  );
}

function Screen({ desk }: { desk: Desk }): JSX.Element {
  if (desk.access.state.value === "unknown") return <p class="card">{t("app.loading")}</p>;
  if (desk.access.state.value === "unreachable") return <Unreachable access={desk.access} />;
  if (desk.access.state.value === "sign_in") {
    return (
      <div class="narrow">
        <h1>{b("title")}</h1>
        <SignIn role="supervisor" onDone={(account) => desk.access.signedIn(account)} />
      </div>
    );
  }
  return <Board desk={desk} />;
}

function Board({ desk }: { desk: Desk }): JSX.Element {
  const board = desk.board.value;
  const call = desk.session.call.value;
  return (
    <>
      <h1 class="visually-hidden">{b("title")}</h1>
      {call !== null && call.state !== "ended" && <Joined desk={desk} call={call} />}
      {board === null ? (
        <p class="card">{b("loading")}</p>
      ) : (
        <>
          <Tiles desk={desk} board={board} />
          <div class="board">
            <Queues desk={desk} board={board} />
            <Requests desk={desk} board={board} />
            <Agents desk={desk} board={board} />
          </div>
          <AuditLog desk={desk} />
        </>
      )}
    </>
  );
}

function TopBar({ desk }: { desk: Desk }): JSX.Element {
  const account = desk.access.account.value;
  return (
    <header class="top">
      <a class="skip" href="#main">
        {t("app.skip")}
      </a>
      <Mark />
      {account !== null && (
        <p class={`board-alarm ${desk.alarm.value === "" ? "" : "is-raised"}`} role="status">
          <Icon name={desk.alarm.value === "" ? "check" : "sos"} />
          <span>{desk.alarm.value === "" ? b("calm") : desk.alarm.value}</span>
        </p>
      )}
      <span class="spacer" />
      {account !== null && (
        <Button icon="text" onClick={() => desk.ask({ kind: "say", agentId: null })}>
          {b("say_all")}
        </Button>
      )}
      <LanguageChoice />
      {account !== null && (
        <Button look="quiet" label={`${t("app.sign_out")} – ${account.name}`} onClick={() => void desk.access.signOut()}>
          {t("app.sign_out")}
        </Button>
      )}
    </header>
  );
}
