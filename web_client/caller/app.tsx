// Which screen is shown: sign-in, preparation, queue, call, after the call.

import type { JSX } from "preact";
import { ConnectionBanner, LanguageChoice, Mark, Notices } from "../shared/ui/basics.tsx";
import { Button } from "../shared/ui/basics.tsx";
import { SignIn } from "../shared/ui/sign_in.tsx";
import { accentOf } from "../shared/colours.ts";
import { t } from "../shared/i18n.ts";
import { AfterCall } from "./after_call.tsx";
import { InCall } from "./in_call.tsx";
import type { Caller } from "./caller.ts";
import { PublicWaits } from "./waits.tsx";
import { EmergencyButton, EmergencyDialog } from "./emergency.tsx";
import { Prepare, BrandCards } from "./prepare.tsx";
import { Calling, Incoming, OnOtherDevice } from "./incoming.tsx";
import { InQueue } from "./in_queue.tsx";
import { CallbackDialog } from "./callback_dialog.tsx";
import { useFocusOnHeading } from "../shared/ui/focus.ts";
import { QueueBanner } from "../shared/ui/queue_banner.tsx";
import { CostDialog } from "../shared/ui/cost_dialog.tsx";

export function App({ caller }: { caller: Caller }): JSX.Element {
  const asked = caller.emergency.value;
  const wanted = caller.callbacks.wanted.value;
  useFocusOnHeading(screenOf(caller));
  return (
    <>
      <Whole caller={caller} />
      <CostDialog session={caller.session} />
      {wanted !== null && <CallbackDialog caller={caller} wanted={wanted} />}
      {asked !== null && !caller.session.isTogether.value && <EmergencyDialog caller={caller} asked={asked} />}
    </>
  );
}

/** A name for what is shown: the focus follows it. */
function screenOf({ session, access }: Caller): string {
  if (session.isTogether.value) return "call";
  const call = session.call.value;
  if (call === null || session.isRinging.value) return call === null ? access.value : "ringing";
  return call.state === "alerting" ? "queued" : call.state;
}

function Whole({ caller }: { caller: Caller }): JSX.Element {
  const { session } = caller;
  const call = session.call.value;
  if (session.isTogether.value) return <InCall caller={caller} />;
  if (session.isRinging.value && call !== null) return <Incoming key={call.call_id} caller={caller} call={call} />;
  return <Page caller={caller} />;
}

function Page({ caller }: { caller: Caller }): JSX.Element {
  const { session } = caller;
  return (
    <div class="page">
      <Header caller={caller} />
      <ConnectionBanner session={session}>
        <EmergencyButton caller={caller} />
      </ConnectionBanner>
      <QueueBanner session={session} />
      <Notices session={session} />
      <main id="main">
        <Screen caller={caller} />
      </main>
    </div>
  );
}

function Screen({ caller }: { caller: Caller }): JSX.Element {
  const call = caller.session.call.value;
  if (call !== null && call.on_other_device) return <OnOtherDevice caller={caller} call={call} />;
  if (call?.state === "incoming") return <Calling caller={caller} call={call} />;
  if (call?.state === "calling_back") return <p class="card">{t("app.loading")}</p>;
  if (call?.state === "queued" || call?.state === "alerting") return <InQueue caller={caller} call={call} />;
  if (call?.state === "ended") return <AfterCall caller={caller} call={call} />;
  if (caller.brand.value === "missing") return <p class="card">{t("call_form.brand_unknown")}</p>;
  switch (caller.access.value) {
    case "unknown":
      return <p class="card">{t("app.loading")}</p>;
    case "unreachable":
      return (
        <div class="card">
          <p>{t("sign_in.unreachable")}</p>
          <Button look="primary" onClick={() => void caller.start()}>
            {t("camera.retry")}
          </Button>
        </div>
      );
    case "sign_in":
      return (
        <div class="narrow">
          <h1>{t("app.tagline")}</h1>
          <SignIn role="signer" onDone={(account) => caller.signedIn(account)} />
          <PublicWaits caller={caller} />
          <BrandCards caller={caller} />
        </div>
      );
    case "ready":
      return <Prepare caller={caller} />;
  }
}

function Header({ caller }: { caller: Caller }): JSX.Element {
  const demo = caller.session.demoPhoneUrl.value;
  const brand = caller.brand.value;
  const accent = brand === null || brand === "missing" ? null : accentOf(brand.colours);
  return (
    <header
      class={`top ${accent === null ? "" : "has-accent"}`}
      style={accent === null ? undefined : { "--accent": accent.background, "--on-accent": accent.text }}
    >
      <a class="skip" href="#main">
        {t("app.skip")}
      </a>
      <Mark />
      <span class="spacer" />
      <EmergencyButton caller={caller} />
      {demo !== null && !caller.place.isEmbedded && (
        <a class="top-link" href={demo} target="_blank" rel="noopener">
          {t("call_form.demo_phone")}
        </a>
      )}
      <LanguageChoice />
      {caller.account.value !== null && (
        <Button look="quiet" onClick={() => void caller.signOut()}>
          {t("app.sign_out")}
        </Button>
      )}
    </header>
  );
}
