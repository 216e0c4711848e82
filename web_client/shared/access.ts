// Who works at this page: whether they are signed in, and asked to sign in again when the service no longer knows them.

import { effect, signal } from "@preact/signals";
import * as http from "./http.ts";
import type { Session } from "./session.ts";

export type Access = "unknown" | "sign_in" | "ready" | "unreachable";

export class StaffAccess {
  readonly state = signal<Access>("unknown");
  readonly account = signal<http.Account | null>(null);
  readonly #session: Session;
  readonly #onSignedIn: () => void;

  constructor(session: Session, onSignedIn: () => void = () => undefined) {
    this.#session = session;
    this.#onSignedIn = onSignedIn;
    effect(() => {
      if (session.needsSignIn.value) this.state.value = "sign_in";
    });
  }

  async start(): Promise<void> {
    try {
      const account = await http.me();
      if (account?.role === this.#session.role) this.signedIn(account);
      else this.state.value = "sign_in";
    } catch {
      this.state.value = "unreachable";
    }
  }

  signedIn(account: http.Account): void {
    this.account.value = account;
    this.state.value = "ready";
    this.#session.needsSignIn.value = false;
    this.#session.connection.open();
    this.#onSignedIn();
  }

  async signOut(): Promise<void> {
    this.#session.connection.close();
    await http.signOut().catch(() => undefined);
    location.reload();
  }
}
