// What a supervisor may do, in dialogs: focus stays inside, Escape closes, focus goes back to the button that opened.

import type { JSX } from "preact";
import type { Desk } from "./desk.ts";
import { AgentDialog } from "./agent_dialog.tsx";
import { MoveDialog } from "./move_dialog.tsx";
import { SayDialog } from "./say_dialog.tsx";
import { ThresholdsDialog } from "./thresholds_dialog.tsx";

export function Dialogs({ desk }: { desk: Desk }): JSX.Element | null {
  const question = desk.question.value;
  switch (question.kind) {
    case "none":
      return null;
    case "agent":
      return <AgentDialog desk={desk} agentId={question.agentId} />;
    case "move":
      return <MoveDialog desk={desk} callId={question.callId} />;
    case "say":
      return <SayDialog desk={desk} agentId={question.agentId} />;
    case "thresholds":
      return <ThresholdsDialog desk={desk} name={question.queue} />;
  }
}
