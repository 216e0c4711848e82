// A refusal in words, inside the dialog that asked: what lies behind a modal dialog is neither seen well nor reached.

import type { JSX } from "preact";
import { useLayoutEffect } from "preact/hooks";
import type { Session } from "../session.ts";

export function DialogError({ session }: { session: Session }): JSX.Element {
  useLayoutEffect(() => void (session.notice.value = null), []); // of something before
  const notice = session.notice.value;
  return <div role="alert">{notice?.isError && <p class="field-error">{notice.text}</p>}</div>;
}
