// What the signer's page knows and may do. The call itself is the server's; this asks and remembers the request.

import { computed, effect, signal } from "@preact/signals";
import { ScreenLock, setSituation, vibrate } from "../shared/attention.ts";
import { cameraIsGranted } from "../shared/camera.ts";
import * as http from "../shared/http.ts";
import { t } from "../shared/i18n.ts";
import type { EmergencyNotice, Mode, ServerMessage } from "../shared/protocol.d.ts";
import { Session } from "../shared/session.ts";
import { HostPage } from "./host_page.ts";

export interface Place {
  readonly brand: string | null;
  readonly isEmbedded: boolean;
  readonly hostOrigin: string | null;
}

export function placeOf(location: Location): Place {
  const [, first, slug] = location.pathname.split("/");
  const isEmbedded = first === "embed";
  return {
    brand: (first === "b" || isEmbedded) && slug ? decodeURIComponent(slug) : null,
    isEmbedded,
    hostOrigin: isEmbedded ? new URLSearchParams(location.search).get("origin") : null,
  };
}

/** `unknown`: still asking the server. */
export type Access = "unknown" | "sign_in" | "ready" | "unreachable";

export interface Wishes {
  readonly number: string;
  readonly mode: Mode;
  readonly voice: boolean;
  readonly hearing: boolean;
}

export class Caller {
  readonly place: Place;
  readonly session: Session;
  readonly access = signal<Access>("unknown");
  readonly account = signal<http.Account | null>(null);
  readonly brand = signal<http.Brand | "missing" | null>(null);
  readonly brands = signal<readonly http.Brand[]>([]);
  readonly emergency = signal<EmergencyNotice | null>(null);
  readonly wishes = signal<Wishes>({ number: "", mode: "LSF", voice: false, hearing: false });
  readonly isAsking = signal(false);
  readonly hasCamera = computed(() => this.session.local.video.value !== null);
  readonly goesWithoutCamera = signal(false);
  readonly #host: HostPage;
  readonly #lock = new ScreenLock();

  constructor(place: Place) {
    this.place = place;
    this.session = new Session({
      role: "signer",
      brand: place.brand,
      keepsText: true,
      onMessage: (message) => this.#receive(message),
    });
    this.session.text.restore();
    this.#host = new HostPage(place.hostOrigin, { close: () => void this.leaveFrame() });
    effect(() => this.#tellOutside());
    effect(() => {
      if (this.session.needsSignIn.value && place.brand === null) this.access.value = "sign_in";
    });
    window.addEventListener("beforeunload", (event) => {
      if (this.session.inCall.value) event.preventDefault();
    });
  }

  async start(): Promise<void> {
    try {
      if (this.place.brand === null) await this.#startRelay();
      else await this.#startBrand(this.place.brand);
    } catch {
      this.access.value = "unreachable";
    }
  }

  async #startRelay(): Promise<void> {
    http.brands().then(
      (found) => (this.brands.value = found),
      () => undefined, // the list is an offer, the page works without it
    );
    const account = await http.me();
    if (account?.role === "signer") this.signedIn(account);
    else this.access.value = "sign_in";
  }

  async #startBrand(slug: string): Promise<void> {
    try {
      this.brand.value = await http.brand(slug);
    } catch (error) {
      if (!(error instanceof http.ProblemError) || error.status !== 404) throw error;
      this.brand.value = "missing";
      this.#host.post("error", { code: "unknown_brand" });
      return;
    }
    this.#enter();
  }

  signedIn(account: http.Account): void {
    this.account.value = account;
    this.session.needsSignIn.value = false;
    this.#enter();
  }

  async signOut(): Promise<void> {
    this.session.connection.close();
    await http.signOut().catch(() => undefined);
    location.reload();
  }

  #enter(): void {
    this.access.value = "ready";
    this.session.connection.open();
    void cameraIsGranted().then((granted) => granted && this.startCamera());
  }

  startCamera(deviceId?: string): Promise<boolean> {
    this.goesWithoutCamera.value = false;
    this.session.withoutCamera = false;
    return this.session.local.openCamera(deviceId);
  }

  goWithoutCamera(): void {
    this.session.local.close();
    this.goesWithoutCamera.value = true;
    this.session.withoutCamera = true;
  }

  /** Asks for the call the page is about; with `isConfirmed` in spite of the emergency page. */
  async request(isConfirmed = false): Promise<void> {
    const { number, mode, voice, hearing } = this.wishes.value;
    const { brand } = this.place;
    this.isAsking.value = true;
    this.emergency.value = null;
    this.session.forgetCall();
    if (voice) await this.session.local.openMicrophone();
    await this.session.ask({
      type: "call.request",
      kind: brand === null ? "relay" : "direct",
      mode,
      number: brand === null ? number : null,
      brand,
      voice,
      hearing,
      emergency_confirmed: isConfirmed,
    });
    this.isAsking.value = false;
  }

  async rate(stars: number, problems: readonly ("picture" | "freeze" | "interpreter" | "wait" | "phone" | "other")[]): Promise<boolean> {
    const call_id = this.session.call.value?.call_id;
    return call_id !== undefined && (await this.session.ask({ type: "call.rate", call_id, stars, problems }));
  }

  async leaveFrame(): Promise<void> {
    if (this.session.can("hang_up")) await this.session.act("hang_up");
    this.#host.post("closed", {});
  }

  #receive(message: ServerMessage): void {
    if (message.type === "emergency") this.emergency.value = message;
    if (message.type === "welcome") this.#host.post("ready", {});
    if (message.type === "error" && message.re === null) this.#host.post("error", { code: message.code });
  }

  /** Title, favicon, vibration, screen lock and the business's page follow the state of the call. */
  #tellOutside(): void {
    const call = this.session.call.value;
    this.#lock.want(this.session.inCall.value);
    this.#host.callChanged(call);
    if (call === null || call.state === "ended") setSituation("idle", "");
    else if (call.state === "queued" || call.state === "alerting") setSituation("waiting", t("queue.title"));
    else {
      if (call.state === "briefing" || call.state === "talking") vibrate([200]);
      setSituation("call", t("phone.active_plain"));
    }
  }
}
