// A supervisor's words: under the bar, until they are read.

import type { JSX } from "preact";
import { t } from "../shared/i18n.ts";
import type { StaffNotice } from "../shared/protocol.d.ts";
import { Button } from "../shared/ui/basics.tsx";
import { Icon } from "../shared/ui/icons.tsx";
import type { Desk } from "./desk.ts";

export function StaffNotices({ desk }: { desk: Desk }): JSX.Element {
  const read = (notice: StaffNotice) => {
    desk.staff.read(notice);
    void desk.session.ask({ type: "staff.read", at: notice.at });
  };
  return (
    <div class="staff-notices" role="status">
      {desk.staff.unread.value.map((notice) => (
        <div key={`${notice.at} ${notice.text}`} class="staff-notice">
          <Icon name="text" />
          <p>
            <strong>{t("work.staff_title")}</strong> {notice.text}
          </p>
          <Button onClick={() => read(notice)} label={`${t("work.staff_read")} – ${notice.text}`}>
            {t("work.staff_read")}
          </Button>
        </div>
      ))}
    </div>
  );
}
