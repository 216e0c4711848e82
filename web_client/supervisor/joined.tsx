// A direct call that was joined after everyone's yes: who signs and who advises, side by side. Everybody sees who watches.

import type { JSX, RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { t } from "../shared/i18n.ts";
import type { CallStateMessage } from "../shared/protocol.d.ts";
import { Button, Video } from "../shared/ui/basics.tsx";
import { OwnPicture } from "../shared/ui/own_picture.tsx";
import { RemoteAudio } from "../shared/ui/remote_audio.tsx";
import type { Desk } from "./desk.ts";
import { b } from "./words.ts";

export function Joined({ desk, call }: { desk: Desk; call: CallStateMessage }): JSX.Element {
  const { session } = desk;
  const isJoined = call.second?.state === "joined";
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    title.current?.focus();
    title.current?.scrollIntoView({ block: "center" });
  }, [isJoined]);
  if (!isJoined) return <Asked desk={desk} call={call} title={title} />;
  return (
    <section class="card joined-call" aria-labelledby="joined-title">
      <div class="row">
        <h2 id="joined-title" ref={title} tabIndex={-1}>
          {b("joined.title")}
        </h2>
        <p class="hint">{b("joined.visible")}</p>
        <span class="spacer" />
        <OwnDevices desk={desk} call={call} />
        <Button look="danger" icon="hangUp" onClick={() => desk.leave()}>
          {b("joined.leave")}
        </Button>
      </div>
      <div class="joined-tiles">
        <figure>
          <Video stream={session.media.remoteVideo} label={b("joined.signer")} />
          <figcaption>{b("joined.signer")}</figcaption>
        </figure>
        <figure>
          <Video stream={session.media.secondVideo} label={b("joined.agent")} />
          <figcaption>{b("joined.agent")}</figcaption>
        </figure>
        <figure class="joined-own">
          {call.hidden || session.local.video.value === null ? <p class="no-picture">{b("joined.no_picture")}</p> : <OwnPicture track={session.local.video} />}
          <figcaption>{b("joined.own")}</figcaption>
        </figure>
      </div>
      <RemoteAudio session={session} isWanted={true} />
    </section>
  );
}

/** Whoever watches is seen and heard, and may stop either. */
function OwnDevices({ desk, call }: { desk: Desk; call: CallStateMessage }): JSX.Element {
  const { session } = desk;
  const sound = call.muted ? "unmute" : "mute";
  const picture = call.hidden ? "show_picture" : "hide_picture";
  return (
    <>
      {session.can(sound) && (
        <Button icon={call.muted ? "micOff" : "mic"} pressed={call.muted} onClick={() => void session.act(sound)}>
          {t(call.muted ? "desk.unmute" : "desk.mute")}
        </Button>
      )}
      {session.can(picture) && (
        <Button icon={call.hidden ? "eye" : "eyeOff"} pressed={call.hidden} onClick={() => void session.act(picture)}>
          {t(call.hidden ? "desk.show_picture" : "desk.hide_picture")}
        </Button>
      )}
    </>
  );
}

function Asked({ desk, call, title }: { desk: Desk; call: CallStateMessage; title: RefObject<HTMLHeadingElement | null> }): JSX.Element {
  const waitingFor = (call.second?.waiting_for ?? []).map((party) => b(party === "signer" ? "joined.signer" : "joined.agent"));
  return (
    <section class="card joined-call" aria-labelledby="joined-title">
      <div class="row">
        <h2 id="joined-title" ref={title} tabIndex={-1}>
          {b("joined.title_asked")}
        </h2>
        <p role="status">{waitingFor.length === 0 ? b("joined.waiting") : b("joined.waiting_for", { who: waitingFor.join(", ") })}</p>
        <span class="spacer" />
        <Button onClick={() => desk.leave()}>{b("joined.cancel")}</Button>
      </div>
    </section>
  );
}
