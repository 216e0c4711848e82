// Words to one agent or to all: shown at the workstation, kept nowhere.

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { t } from "../shared/i18n.ts";
import { Button, Dialog } from "../shared/ui/basics.tsx";
import { agentName } from "./agents.tsx";
import type { Desk } from "./desk.ts";
import { b } from "./words.ts";

const LONGEST = 200; // characters, signaling.messages.base.ShortText

export function SayDialog({ desk, agentId }: { desk: Desk; agentId: string | null }): JSX.Element {
  const text = useSignal("");
  const isSending = useSignal(false);
  const agent = agentId === null ? null : desk.agent(agentId);

  async function send(event: Event): Promise<void> {
    event.preventDefault();
    isSending.value = true;
    if (await desk.say(agentId, text.value.trim())) desk.close();
    isSending.value = false;
  }

  return (
    <Dialog
      title={agentId === null ? b("say_dialog.title_all") : b("say_dialog.title_person", { name: agent === null ? "" : agentName(agent) })}
      onCancel={() => desk.close()}
    >
      <form class="column" onSubmit={(event) => void send(event)}>
        <label class="field">
          <span>{b("say_dialog.text")}</span>
          <textarea rows={3} maxLength={LONGEST} required value={text.value} onInput={(event) => (text.value = event.currentTarget.value)} />
        </label>
        <p class="hint">{b("say_dialog.note")}</p>
        <div class="row">
          <Button look="primary" type="submit" disabled={isSending.value || text.value.trim() === ""}>
            {b("say_dialog.send")}
          </Button>
          <Button look="quiet" onClick={() => desk.close()}>
            {t("app.cancel")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
