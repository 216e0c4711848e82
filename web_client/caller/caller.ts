// What the signer's page knows and may do. The call itself is the server's; this asks and remembers the request.

import { computed, effect, signal } from "@preact/signals";
import type { Access } from "../shared/access.ts";
import { OwnAnalysis } from "../shared/analysis.ts";
import { cameraIsGranted } from "../shared/camera.ts";
import * as http from "../shared/http.ts";
import { isCalled } from "../shared/call_side.ts";
import { t } from "../shared/i18n.ts";
import type { CallRequest, CallStateMessage, InboxEntry, ModeWait, ServerMessage } from "../shared/protocol.d.ts";
import { Session } from "../shared/session.ts";
import { Bell } from "./bell.ts";
import { Callbacks, wantedOf, type Wanted } from "./callbacks.ts";
import type { Emergency } from "./emergency.tsx";
import { emergencyIn, type EmergencyNumber } from "./emergency_numbers.ts";
import { HostPage } from "./host_page.ts";
import { Inbox } from "./inbox.ts";
import { Course, Outside } from "./outside.ts";
import type { Place } from "./place.ts";
import { Position } from "./position.ts";
import { remember, rememberedWishes, type Wishes } from "./wishes.ts";

const LEAVING_MS = 2_000; // from the tap on a link to the messages

/** `unknown`: still asking the server. */

const ABOUT_NUMBER: ReadonlySet<string> = new Set(["not_a_number", "number_missing", "number_refused", "own_number", "signer_number", "premium", "short_number"]);

export class Caller {
  readonly place: Place;
  readonly session: Session;
  readonly access = signal<Access>("unknown");
  readonly account = signal<http.Account | null>(null);
  readonly brand = signal<http.Brand | "missing" | null>(null);
  readonly brands = signal<readonly http.Brand[]>([]);
  readonly emergency = signal<Emergency | null>(null);
  readonly wishes = signal<Wishes>(rememberedWishes());
  readonly analysis: OwnAnalysis;
  readonly inbox: Inbox;
  readonly bell: Bell;
  readonly callbacks: Callbacks;
  /** How long it takes now, for each mode of the relay. */
  readonly waits = signal<readonly ModeWait[]>([]);
  /** The service could not take the call, and offers to ring later. */
  readonly offer = signal<Wanted | null>(null);
  /** What is wrong with the number in its field, in words. */
  readonly numberProblem = signal<string | null>(null);
  readonly position = new Position();
  /** A message for an answering machine, on this screen until the call is over. */
  readonly draft = signal("");
  readonly isAsking = signal(false);
  readonly hasCamera = computed(() => this.session.local.video.value !== null);
  readonly goesWithoutCamera = signal(false);
  readonly isReady = computed(() => this.hasCamera.value || this.goesWithoutCamera.value);
  readonly isOpen = computed(() => this.session.connection.status.value === "open");
  /** Whether a relay may be asked for at this moment: signed in, connected, and no call or the call's next number. */
  readonly canRelayNow = computed(() => {
    const mayBegin = this.access.value === "ready" && this.place.brand === null && !this.session.inCall.value;
    return this.isOpen.value && (mayBegin || this.session.can("dial"));
  });
  /** The number that calls again after the call: it went there, or came from there. Null: none is known here. */
  readonly lastNumber = computed(() => {
    const call = this.session.call.value;
    const asked = call !== null && isCalled(call) ? null : this.wishes.value.number.trim() || null;
    return call?.phone.number ?? asked;
  });
  #relaysEmergencies = false;
  readonly #course: Course;
  #leavesAt = Number.NEGATIVE_INFINITY;
  readonly #host: HostPage;

  constructor(place: Place) {
    this.place = place;
    this.session = new Session({
      role: "signer",
      brand: place.brand,
      keepsText: true,
      onMessage: (message) => this.#receive(message),
    });
    this.session.text.restore();
    this.analysis = new OwnAnalysis(this.session, {
      isWished: () => this.wishes.peek().watched,
      keep: (watched) => this.wish({ watched }),
    });
    this.inbox = new Inbox(this.session);
    this.callbacks = new Callbacks(this.session);
    this.bell = new Bell(this.session);
    this.#host = new HostPage(place.hostOrigin, { close: () => void this.leaveFrame() });
    this.#course = new Course(this.session, () => (this.draft.value = ""));
    const outside = new Outside(this.session, this.inbox, this.#host);
    effect(() => outside.tell());
    effect(() => {
      if (this.session.needsSignIn.value && place.brand === null) this.access.value = "sign_in";
    });
    window.addEventListener("beforeunload", (event) => {
      const isForMessages = performance.now() - this.#leavesAt < LEAVING_MS;
      if (this.session.inCall.value && !isForMessages) event.preventDefault();
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
    http.mayRelayEmergencies().then(
      (may) => (this.#relaysEmergencies = may),
      () => undefined, // 114 is offered all the same
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
    await this.bell.turnOff().catch(() => undefined);
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
    this.session.check.stop();
    this.session.local.close();
    this.goesWithoutCamera.value = true;
    this.session.withoutCamera = true;
  }

  /** What the person chooses; all but the number is remembered on this device. */
  wish(change: Partial<Wishes>): void {
    this.wishes.value = { ...this.wishes.value, ...change };
    remember(this.wishes.value);
  }

  /** Asks for the call the page is about; with `isConfirmed` in spite of the emergency page. */
  async request(isConfirmed = false): Promise<void> {
    const { number, announce, anonymous } = this.wishes.value;
    const { brand } = this.place;
    const location = isConfirmed || emergencyIn(number) !== null ? this.#whereHelpMustCome() : null;
    if (brand !== null) await this.#ask({ kind: "direct", brand });
    else await this.#ask({ kind: "relay", number, announce, anonymous, emergency_confirmed: isConfirmed, location });
  }

  /** The next number of the call that is going on. */
  async dialNext(number: string): Promise<void> {
    if (this.answersEmergency(number)) return;
    const location = emergencyIn(number) !== null ? this.#whereHelpMustCome() : null;
    await this.session.act("dial", { number, location });
  }

  #whereHelpMustCome(): string | null {
    return this.position.words.value.trim() || null;
  }

  /** An interpreter listens to the message and signs it. */
  async relayMessage(entry: InboxEntry): Promise<void> {
    this.inbox.seen(entry);
    await this.#ask({ kind: "relay", message_id: entry.entry_id });
  }

  async callBack(entry: InboxEntry): Promise<void> {
    if (entry.number === null) return;
    this.inbox.seen(entry);
    this.wish({ number: entry.number });
    if (!this.answersEmergency(entry.number)) await this.request();
  }

  /** Said at the field, which gets the focus. */
  blameNumber(words: string): void {
    this.numberProblem.value = words;
    document.getElementById("number")?.focus();
  }

  async #ask(what: Pick<CallRequest, "kind"> & Partial<CallRequest>): Promise<void> {
    const { mode, voice, hearing, gender, watched } = this.wishes.value;
    const [domain, language] = [this.wishes.value.domain || null, this.wishes.value.language || null];
    this.offer.value = null;
    this.isAsking.value = true;
    this.emergency.value = null;
    this.session.forgetCall();
    if (voice) await this.session.local.openMicrophone();
    const answer = await this.session.request({ mode, voice, hearing, gender, domain, language, watched, ...what, type: "call.request" });
    if (answer.type === "error" && ABOUT_NUMBER.has(answer.code) && document.getElementById("number") !== null) this.blameNumber(answer.message);
    else this.session.settle(answer);
    if (answer.type === "error") this.#host.post("error", { code: answer.code });
    if (answer.type === "error" && answer.callback) this.offer.value = wantedOf(this.place, this.wishes.value);
    this.isAsking.value = false;
  }

  /** Takes the call that rings, and only then asks for the camera. */
  async accept(): Promise<void> {
    const call = this.session.call.value;
    const { mode, voice, hearing } = call?.state === "calling_back" ? call : this.wishes.value; // as it was asked for
    const answer = this.session.act("accept", { mode, voice, hearing });
    const { local } = this.session;
    const hasCamera = this.goesWithoutCamera.value || (await this.startCamera());
    if (voice) await local.openMicrophone();
    const problem = local.videoProblem.value;
    if ((await answer) && !hasCamera && problem !== null) this.session.say(t(`camera.problem.${problem}`), true);
  }

  async decline(): Promise<void> {
    await this.session.act("decline");
  }

  async continueHere({ call_id }: CallStateMessage): Promise<void> {
    await this.session.ask({ type: "call.continue_here", call_id });
  }

  /** The same call once more. */
  async again(call: CallStateMessage): Promise<void> {
    const number = this.lastNumber.value ?? "";
    this.wish({ number, mode: call.mode, voice: call.voice, hearing: call.hearing });
    if (this.place.brand !== null || !this.answersEmergency(number)) await this.request();
  }

  /**
   * What a number leads to: 114 at once for an emergency, whatever else works or does not; else a call.
   *
   * @returns whether the page has answered it by itself.
   */
  answersEmergency(number: string): boolean {
    const found = emergencyIn(number);
    if (found === null || !this.#isForDialog(found)) return false;
    const may_relay = found.kind === "relay_first" || this.#relaysEmergencies;
    this.emergency.value = { ...found, may_relay };
    return true;
  }

  /** Those that are relayed first go their usual way when it is open. */
  #isForDialog({ kind }: EmergencyNumber): boolean {
    if (kind === "offer_114") return true;
    return !this.canRelayNow.value || (!this.isReady.value && !this.session.inCall.value);
  }

  /** In spite of the emergency page; without a camera where there is none. */
  async relayEmergency(number: string): Promise<void> {
    this.emergency.value = null;
    if (this.session.inCall.value) {
      await this.session.act("dial", { number, location: this.#whereHelpMustCome() });
      return;
    }
    if (!this.isReady.value) this.goWithoutCamera();
    this.wishes.value = { ...this.wishes.value, number };
    await this.request(true);
  }

  /** The link to the messages opens another app: the browser must not ask whether to leave the call. */
  leavesForMessages(): void {
    this.#leavesAt = performance.now();
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
    if (message.type === "inbox") this.inbox.entries.value = message.entries;
    if (message.type === "callbacks") this.callbacks.entries.value = message.entries;
    if (message.type === "waits") this.waits.value = message.modes;
    if (message.type === "call.state") this.#course.came(message);
    if (message.type === "welcome") {
      this.#host.post("ready", {});
      if (message.gender !== null) this.wish({ gender: message.gender });
    }
    if (message.type === "error" && message.re === null) this.#host.post("error", { code: message.code });
  }
}
