// Why a pause: one press, or one figure.

import type { JSX } from "preact";
import { t } from "../shared/i18n.ts";
import type { PauseReason } from "../shared/protocol.d.ts";
import { Button, Dialog } from "../shared/ui/basics.tsx";
import { Figures } from "./figures.tsx";
import type { Desk } from "./desk.ts";

export const REASONS: readonly PauseReason[] = [
  "break",
  "rest_eyes_hands",
  "meal",
  "meeting",
  "technical",
  "after_hard_call",
  "other",
];

export function PauseDialog({ desk }: { desk: Desk }): JSX.Element {
  const close = (): void => void (desk.question.value = "none");
  const choices = [
    ...REASONS.map((reason) => ({ words: t(`work.reason.${reason}`), run: () => void desk.shift.pause(reason).then(close) })),
    { words: t("work.training"), run: () => void desk.shift.train().then(close) },
  ];
  return (
    <Dialog title={t("work.pause_title")} onCancel={close}>
      <Figures desk={desk} choices={choices} />
      <Button look="quiet" onClick={close}>
        {t("app.cancel")}
      </Button>
    </Dialog>
  );
}
