// The queue is away for a while: what goes on, what is kept.

import type { JSX } from "preact";
import { t } from "../i18n.ts";
import type { Session } from "../session.ts";
import { Icon } from "./icons.tsx";

export function QueueBanner({ session }: { session: Session }): JSX.Element | null {
  if (!session.queueIsAway.value || session.connection.status.value !== "open") return null;
  return (
    <div class="banner" role="status">
      <Icon name="clock" />
      <span>{t("service.queue_away")}</span>
    </div>
  );
}
