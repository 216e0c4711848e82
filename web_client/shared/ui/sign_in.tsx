// Sign-in, without any memory test: paste and password managers work, the password can be read (WCAG 3.3.8).

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import type { StaffAccess } from "../access.ts";
import * as http from "../http.ts";
import { t, type Key } from "../i18n.ts";
import type { PageRole } from "../protocol.d.ts";
import { Button } from "./basics.tsx";

interface SignInProps {
  readonly role: PageRole;
  readonly onDone: (account: http.Account) => void;
}

const NOT_OF_THIS_PAGE: Readonly<Record<PageRole, Key>> = {
  signer: "sign_in.not_a_signer",
  agent: "sign_in.not_an_agent",
  supervisor: "sign_in.not_a_supervisor",
};

function wordsOf(error: unknown): string {
  if (!(error instanceof http.ProblemError) || error.status >= 500) return t("sign_in.unreachable");
  if (error.status === 429) return t("sign_in.too_many");
  return t("sign_in.wrong");
}

export function SignIn({ role, onDone }: SignInProps): JSX.Element {
  const login = useSignal("");
  const password = useSignal("");
  const isShown = useSignal(false);
  const isSending = useSignal(false);
  const failure = useSignal<string | null>(null);
  const isOtherPages = useSignal(false);

  async function submit(event: Event): Promise<void> {
    event.preventDefault();
    isSending.value = true;
    failure.value = null;
    try {
      onDone(await http.signIn(login.value.trim(), password.value, role));
    } catch (error) {
      isOtherPages.value = error instanceof http.ProblemError && error.code === "wrong_role";
      failure.value = isOtherPages.value
        ? t(NOT_OF_THIS_PAGE[role])
        : wordsOf(error);
    }
    isSending.value = false;
  }

  return (
    <form class="card sign-in" onSubmit={(event) => void submit(event)}>
      <h2>{t("sign_in.title")}</h2>
      {role === "signer" && <p class="hint">{t("sign_in.why")}</p>}
      <div role="alert">
        {failure.value !== null && (
          <p class="field-error">
            {failure.value}{" "}
            {isOtherPages.value && (
              <a href={role === "signer" ? "/workstation" : "/"}>
                {t(role === "signer" ? "sign_in.open_workstation" : "sign_in.open_caller")}
              </a>
            )}
          </p>
        )}
      </div>
      <label class="field">
        <span>{t("sign_in.login")}</span>
        <input
          name="login"
          autocomplete="username"
          autocapitalize="none"
          spellcheck={false}
          required
          value={login.value}
          onInput={(event) => (login.value = event.currentTarget.value)}
        />
      </label>
      <label class="field">
        <span>{t("sign_in.password")}</span>
        <input
          type={(isShown.value ? "text" : "password") as "password"}
          name="password"
          autocomplete="current-password"
          required
          value={password.value}
          onInput={(event) => (password.value = event.currentTarget.value)}
        />
      </label>
      <label class="tick">
        <input type="checkbox" checked={isShown.value} onChange={() => (isShown.value = !isShown.value)} />
        <span>{t("sign_in.show_password")}</span>
      </label>
      <Button look="primary" type="submit" disabled={isSending.value}>
        {t(isSending.value ? "sign_in.sending" : "sign_in.submit")}
      </Button>
    </form>
  );
}

/** The service did not say who works here. */
export function Unreachable({ access }: { access: StaffAccess }): JSX.Element {
  return (
    <div class="card">
      <p role="alert">{t("sign_in.unreachable")}</p>
      <Button look="primary" onClick={() => void access.start()}>
        {t("camera.retry")}
      </Button>
    </div>
  );
}
