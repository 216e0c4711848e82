// What the workstation knows and may do. Presence, alerts and calls are the server's; this asks and shows.

import { computed, effect, signal } from "@preact/signals";
import { StaffAccess } from "../shared/access.ts";
import { OwnAnalysis } from "../shared/analysis.ts";
import { ScreenLock, setSituation } from "../shared/attention.ts";
import { cameraIsGranted } from "../shared/camera.ts";
import { t } from "../shared/i18n.ts";
import { lookAtClock, now } from "../shared/now.ts";
import { readPreference, writePreference } from "../shared/preferences.ts";
import type {
  AgentView,
  Alert,
  AlertEnded,
  AssignmentDecline,
  CallbackEntry,
  CallSummaryRow,
  ContactKnown,
  CallStateMessage,
  PhoneStats,
  ServerMessage,
  VisibilityMessage,
} from "../shared/protocol.d.ts";
import { Ring } from "../shared/ring.ts";
import { Session } from "../shared/session.ts";
import { CameraAsk } from "./camera_ask.ts";
import { speechCameBack } from "./line_words.ts";
import { Keys } from "./keymap.ts";
import { Minute } from "./minute.ts";
import { Second } from "./second.ts";
import { Shift } from "./shift.ts";
import { SoundCheck } from "./sound_check.ts";
import { StaffWords } from "./staff_words.ts";
import { WrapUp } from "./wrap_up.ts";

export type Question = "none" | "abuse" | "pause" | "decline" | "keypad" | "end";

const AT_A_CALL: ReadonlySet<AgentView["state"]> = new Set(["engaged", "hold"]);
const KEYS_SHOWN = 20;

export class Desk {
  readonly session: Session;
  readonly access: StaffAccess;
  readonly shift: Shift;
  readonly second: Second;
  readonly keys = new Keys();
  readonly staff = new StaffWords();
  /** Call-backs that this agent could serve. */
  readonly callbacks = signal<readonly CallbackEntry[]>([]);
  readonly alert = signal<Alert | null>(null);
  readonly today = signal<readonly CallSummaryRow[]>([]);
  readonly contact = signal<ContactKnown | null>(null);
  readonly question = signal<Question>("none");
  /** Keys that the phone party pressed, as long as it is on the line. */
  readonly phoneKeys = signal("");
  readonly phoneLine = signal<PhoneStats | null>(null);
  /** The hold watcher heard somebody, and nobody has seen it yet. */
  readonly speechIsBack = signal(false);
  readonly withoutMicrophone = signal(readPreference("without_microphone") === "yes");
  readonly isCutOff = computed(() => this.session.connection.status.value === "offline");
  readonly minute = new Minute();
  /** The agent wants advice about the own picture. */
  readonly wantsAdvice = signal(readPreference("watched") !== "no");
  readonly analysis: OwnAnalysis;
  readonly cameraAsk: CameraAsk;
  readonly sound = new SoundCheck();
  readonly wrapUp: WrapUp;
  readonly isWrappingUp = computed(
    () => this.agent.value?.state === "wrap_up" && this.session.call.value !== null,
  );
  readonly #lock = new ScreenLock();
  readonly #ring = new Ring();
  #before: CallStateMessage | null = null;

  constructor() {
    this.session = new Session({
      role: "agent",
      brand: null,
      keepsText: false,
      onMessage: (message) => this.#receive(message),
    });
    this.access = new StaffAccess(this.session, () => void this.#openGrantedDevices());
    this.session.wantsMicrophone = () => !this.withoutMicrophone.value;
    this.wrapUp = new WrapUp(this.session);
    this.shift = new Shift(this.session);
    this.second = new Second(this.session);
    this.cameraAsk = new CameraAsk(this.session);
    this.analysis = new OwnAnalysis(this.session, {
      isWished: () => this.wantsAdvice.peek(),
      keep: (isWished) => this.#keepWish(isWished),
    });
    effect(() => this.#tellOutside());
    window.addEventListener("beforeunload", (event) => {
      if (this.session.isTogether.value) event.preventDefault();
    });
  }

  get agent(): Shift["agent"] {
    return this.shift.agent;
  }

  async signOut(): Promise<void> {
    await this.session.ask({ type: "presence.set", presence: "offline" });
    this.shift.begun(false);
    await this.access.signOut();
  }

  async #openGrantedDevices(): Promise<void> {
    if (await cameraIsGranted()) await this.openDevices();
  }

  async openDevices(): Promise<void> {
    await this.session.local.openCamera();
    if (!this.withoutMicrophone.value) await this.session.local.openMicrophone();
  }

  chooseMicrophone(deviceId: string | null): void {
    this.withoutMicrophone.value = deviceId === null;
    writePreference("without_microphone", deviceId === null ? "yes" : "no");
    if (deviceId === null) this.session.local.closeMicrophone();
    else void this.session.local.openMicrophone(deviceId);
  }

  #keepWish(isWished: boolean): void {
    this.wantsAdvice.value = isWished;
    writePreference("watched", isWished ? "yes" : "no");
  }

  /** Available asks for camera and microphone first: whoever is available is seen at once when accepting. */
  async available(): Promise<void> {
    await this.openDevices();
    await this.session.ask({ type: "presence.set", presence: "available" });
  }

  /** One key, no reason asked: the pause begins now, or when the call and what belongs to it are over. */
  async hardCall(): Promise<void> {
    const view = this.agent.value;
    if (view === null || view.presence === "offline") return;
    if (!this.shift.isBusy.value) {
      await this.shift.pause("after_hard_call");
    } else if (await this.shift.pauseAfterCall(true, "after_hard_call")) {
      if (view.state === "wrap_up") await this.wrapUp.finish();
      else this.session.say(t("work.hard_call_asked"));
    }
  }

  async accept(): Promise<void> {
    const alert = this.alert.value;
    if (alert === null) return;
    this.second.handedOver.value = null; // the same call may come back
    await this.session.ask({ type: "assignment.accept", assignment_id: alert.assignment_id });
  }

  async decline(reason: NonNullable<AssignmentDecline["reason"]>): Promise<void> {
    const alert = this.alert.value;
    this.question.value = "none";
    if (alert !== null) await this.session.ask({ type: "assignment.decline", assignment_id: alert.assignment_id, reason });
  }

  toggleMute(): void {
    const { session } = this;
    if (session.can("unmute")) void session.act("unmute");
    else if (session.can("mute")) void session.act("mute");
  }

  toggleHold(): void {
    const { session } = this;
    if (session.can("resume")) void session.act("resume");
    else if (session.can("hold")) void session.act("hold");
  }

  toggleWatch(): void {
    const { session } = this;
    if (this.speechIsBack.value) this.sawSpeech();
    else if (session.can("stop_watching")) void session.act("stop_watching");
    else if (session.can("watch_hold")) void session.act("watch_hold");
  }

  sawSpeech(): void {
    this.speechIsBack.value = false;
    if (this.session.can("stop_watching")) void this.session.act("stop_watching");
  }

  togglePicture(): void {
    const { session } = this;
    if (session.can("show_picture")) void session.act("show_picture");
    else if (session.can("hide_picture")) void session.act("hide_picture");
  }

  reportAbuse(): void {
    this.question.value = "none";
    void this.session.act("end_and_report_abuse");
  }

  #receive(message: ServerMessage): void {
    switch (message.type) {
      case "agent.state":
        this.#agentCame(message);
        break;
      case "assignment.alert":
        this.#alerted(message);
        break;
      case "assignment.ended":
        this.#alertEnded(message);
        break;
      case "colleagues":
        this.second.came(message);
        break;
      case "callbacks":
        this.callbacks.value = message.entries;
        break;
      case "staff.notice":
        this.staff.came(message);
        break;
      case "calls.today":
        this.today.value = message.calls;
        break;
      case "contact":
        this.contact.value = message;
        this.wrapUp.contactCame(message.contact);
        break;
      case "call.state":
        if (message.call_id !== this.wrapUp.callId) {
          this.contact.value = null;
          this.minute.clear();
          this.wrapUp.begin(message.call_id);
        }
        if (message.state === "ended") this.second.close();
        this.#phoneCame(message);
        break;
      case "phone.key":
        this.phoneKeys.value = (this.phoneKeys.value + message.digit).slice(-KEYS_SHOWN);
        break;
      case "phone.line":
        this.phoneLine.value = message.stats;
        break;
      case "visibility":
        if (message.whose === "signer") this.#signerRead(message);
        break;
    }
  }

  #signerRead({ level, advice }: VisibilityMessage): void {
    lookAtClock();
    this.minute.add({ level, advice, at: now.value });
  }

  #phoneCame(call: CallStateMessage): void {
    const before = this.#before?.call_id === call.call_id ? this.#before.phone : null;
    const isUp = call.phone.answered_at !== null && call.phone.outcome === null && call.state !== "ended";
    if (!isUp || (before !== null && before.dialled_at !== call.phone.dialled_at)) {
      this.phoneKeys.value = "";
      this.phoneLine.value = null;
    }
    if (isUp && speechCameBack(before?.sound ?? null, call.phone.sound)) this.speechIsBack.value = true;
    else if (!isUp || call.phone.sound === null) this.speechIsBack.value = false;
    this.#before = call;
  }

  #agentCame(view: AgentView): void {
    const wasWrappingUp = this.agent.value?.state === "wrap_up";
    this.shift.came(view);
    if (view.state !== "alerting") this.alert.value = null;
    const call = this.session.call.value;
    if (call === null || AT_A_CALL.has(view.state) || view.state === "wrap_up") return;
    if (call.state === "ended" || call.leg === "second" || wasWrappingUp) this.#leave();
  }

  #leave(): void {
    this.session.forgetCall();
    this.second.close();
    this.wrapUp.begin("");
  }

  #alerted(alert: Alert): void {
    lookAtClock();
    this.alert.value = alert;
    this.question.value = "none";
  }

  #alertEnded(ended: AlertEnded): void {
    if (this.alert.value?.assignment_id !== ended.assignment_id) return;
    this.alert.value = null;
    this.question.value = "none";
    if (ended.reason === "cancelled") this.session.say(t("alert.cancelled"));
    if (ended.reason === "lost") this.session.say(t("alert.lost"));
  }

  #tellOutside(): void {
    this.#lock.want(this.session.isTogether.value || this.agent.value?.presence === "available");
    const alert = this.alert.value;
    if (alert !== null) this.#ring.start(t("alert.title"), t(`mode.${alert.mode}`));
    else if (this.speechIsBack.value) this.#ring.start(t("desk.speech_back"), "");
    else this.#ring.stop();
    if (alert !== null) setSituation("ringing", t("alert.title"));
    else if (this.speechIsBack.value) setSituation("ringing", t("desk.speech_back"));
    else if (this.session.isTogether.value) setSituation("call", t("work.state.engaged"));
    else setSituation("idle", this.agent.value === null ? "" : t(`work.state.${this.agent.value.state}`));
  }
}
