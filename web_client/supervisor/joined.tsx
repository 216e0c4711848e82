// A direct call that was joined after everyone's yes: who signs and who advises, side by side. Everybody sees who watches.

import type { JSX } from "preact";
import type { CallStateMessage } from "../shared/protocol.d.ts";
import { Button, Video } from "../shared/ui/basics.tsx";
import { RemoteAudio } from "../shared/ui/remote_audio.tsx";
import type { Desk } from "./desk.ts";
import { b } from "./words.ts";

export function Joined({ desk, call }: { desk: Desk; call: CallStateMessage }): JSX.Element {
  const { session } = desk;
  if (call.second?.state !== "joined") return <Asked desk={desk} call={call} />;
  return (
    <section class="card joined-call" aria-labelledby="joined-title">
      <div class="row">
        <h2 id="joined-title">{b("joined.title")}</h2>
        <p class="hint">{b("joined.visible")}</p>
        <span class="spacer" />
        <Button look="danger" icon="hangUp" onClick={() => void session.act("hang_up")}>
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
      </div>
      <RemoteAudio session={session} isWanted={true} />
    </section>
  );
}

function Asked({ desk, call }: { desk: Desk; call: CallStateMessage }): JSX.Element {
  const waitingFor = (call.second?.waiting_for ?? []).map((party) => b(party === "signer" ? "joined.signer" : "joined.agent"));
  return (
    <section class="card joined-call" aria-label={b("joined.title")}>
      <div class="row">
        <p role="status">{waitingFor.length === 0 ? b("joined.waiting") : b("joined.waiting_for", { who: waitingFor.join(", ") })}</p>
        <span class="spacer" />
        <Button onClick={() => void desk.session.act("hang_up")}>{b("joined.cancel")}</Button>
      </div>
    </section>
  );
}
