// Beside the first phone party: a second one, handing a party on, a voice message, the line that is watched.

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { clock } from "../shared/format.ts";
import { t, type Key } from "../shared/i18n.ts";
import { now } from "../shared/now.ts";
import type { CallStateMessage, PhoneView } from "../shared/protocol.d.ts";
import { Button } from "../shared/ui/basics.tsx";
import { Icon } from "../shared/ui/icons.tsx";
import type { Desk } from "./desk.ts";
import { NumberField } from "./number_field.tsx";

interface PartProps {
  readonly desk: Desk;
  readonly call: CallStateMessage;
}

/** The second phone party, with its own end, and both connected to each other. */
export function Joined({ desk, call }: PartProps): JSX.Element | null {
  const { session } = desk;
  const { joined } = call;
  if (joined === null || (joined.outcome !== null && call.state === "after_phone")) return null;
  return (
    <div class="joined" role="group" aria-labelledby="joined-title">
      <h3 id="joined-title">{t("desk.joined")}</h3>
      <p class="phone-now" role="status">
        <strong>{joined.number}</strong>
        <span>{t(joinedKey(joined))}</span>
        {joined.answered_at !== null && joined.outcome === null && <span aria-hidden="true">{clock(now.value - joined.answered_at)}</span>}
      </p>
      <div class="row">
        {session.can("transfer") && joined.progress === "answered" && (
          <Button icon="phone" onClick={() => void session.act("transfer")}>
            {t("desk.transfer_joined")}
          </Button>
        )}
        {session.can("hang_up_joined") && (
          <Button look="danger-outline" icon="hangUp" onClick={() => void session.act("hang_up_joined")}>
            {t("desk.hang_up_joined")}
          </Button>
        )}
      </div>
    </div>
  );
}

function joinedKey({ progress, outcome }: PhoneView): Key {
  if (outcome !== null) return `phone.outcome.${outcome}`;
  if (progress === "answered" || progress === "held") return "desk.on_line";
  return progress === "ringing" || progress === "early_media" ? "desk.ringing" : "desk.dialling";
}

/** One number, two things to do with it. */
export function AnotherParty({ desk }: { desk: Desk }): JSX.Element | null {
  const { session } = desk;
  const number = useSignal("");
  const mayJoin = session.can("join_phone");
  const mayTransfer = session.can("transfer");
  if (!mayJoin && !mayTransfer) return null;
  const act = (action: "join_phone" | "transfer"): void => {
    const typed = number.value.trim();
    if (typed !== "") void session.act(action, { number: typed }).then((isTaken) => (number.value = isTaken ? "" : number.value));
  };
  return (
    <details class="another-party">
      <summary>{t("desk.more")}</summary>
      <form
        class="dial-other"
        onSubmit={(event) => {
          event.preventDefault();
          act(mayJoin ? "join_phone" : "transfer");
        }}
      >
        <NumberField id="another-number" label={t("desk.number")} number={number} />
      </form>
      <div class="row">
        {mayJoin && (
          <Button icon="person" disabled={number.value.trim() === ""} onClick={() => act("join_phone")}>
            {t("desk.join_dial")}
          </Button>
        )}
        {mayTransfer && (
          <Button icon="phone" disabled={number.value.trim() === ""} onClick={() => act("transfer")}>
            {t("desk.transfer_dial")}
          </Button>
        )}
      </div>
    </details>
  );
}

/** A voice message that the signer wants interpreted. */
export function VoiceMessage({ desk, call }: PartProps): JSX.Element | null {
  const { session } = desk;
  if (!call.has_message) return null;
  const isPlaying = session.can("stop_message");
  return (
    <div class="voice-message">
      <p>
        <Icon name="speak" size={20} /> <strong>{t("desk.message")}</strong>
      </p>
      <Button
        look={isPlaying ? "plain" : "primary"}
        icon={isPlaying ? "hold" : "play"}
        disabled={!isPlaying && !session.can("play_message")}
        onClick={() => void session.act(isPlaying ? "stop_message" : "play_message")}
      >
        {t(isPlaying ? "desk.stop_message" : "desk.play_message")}
      </Button>
    </div>
  );
}

/** Hold music without having to listen to it. */
export function HoldWatch({ desk, call }: PartProps): JSX.Element | null {
  const { session } = desk;
  const isWatching = session.can("stop_watching");
  if (!isWatching && !session.can("watch_hold")) return null;
  const { sound } = call.phone;
  return (
    <>
      <Button icon="eye" pressed={isWatching} shortcut={desk.speechIsBack.value ? undefined : desk.keys.shown("watch")} onClick={() => desk.toggleWatch()}>
        {t(isWatching ? "desk.watching" : "desk.watch")}
      </Button>
      {isWatching && (
        <p class={`sound is-${sound ?? "none"}`} role="status">
          {soundWords(sound)}
        </p>
      )}
    </>
  );
}

function soundWords(sound: PhoneView["sound"]): string {
  if (sound === null) return t("desk.watch_hint");
  const heard = t(`phone.sound.${sound}`);
  return sound === "speech" ? heard : `${heard} · ${t("desk.watch_hint")}`;
}

/** The page flashes, at most once in 2.5 s, until somebody has seen it. */
export function SpeechBack({ desk }: { desk: Desk }): JSX.Element | null {
  if (!desk.speechIsBack.value) return null;
  return (
    <div class="card speech-back">
      <div class="pulse" aria-hidden="true" />
      <p role="alert">
        <Icon name="speak" /> <strong>{t("desk.speech_back")}</strong>
      </p>
      <Button look="primary" icon="check" shortcut={desk.keys.shown("watch")} onClick={() => desk.sawSpeech()}>
        {t("desk.stop_flash")}
      </Button>
    </div>
  );
}
