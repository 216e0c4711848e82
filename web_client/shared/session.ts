// What both pages share of a session: the connection, the call as the server states it, its media and its text.

import { computed, effect, signal } from "@preact/signals";
import { LocalMedia } from "./camera.ts";
import { CameraCheck } from "./camera_check.ts";
import { isConsulting, isJoined, waitsSince } from "./company.ts";
import { Connection, socketUrl, type Answer, type Outgoing } from "./connection.ts";
import { DarkCamera } from "./dark_camera.ts";
import { deviceId } from "./device.ts";
import { locale, t, tCode } from "./i18n.ts";
import { CallMedia } from "./media.ts";
import { serverSaid } from "./now.ts";
import type {
  Action,
  CallAct,
  CallState,
  CallStateMessage,
  CostNotice,
  LegStats,
  PageRole,
  Party,
  Person,
  ServerMessage,
  VisibilityMessage,
} from "./protocol.d.ts";
import { QualityWatch } from "./quality_watch.ts";
import { Readability } from "./readability.ts";
import { Conversation } from "./rtt.ts";
import { onWake } from "./wake.ts";

const NOTICE_MS = 10_000; // long enough to read two sentences
const TOGETHER: ReadonlySet<CallState> = new Set(["briefing", "talking", "dialing", "ringing", "active", "after_phone"]);
const RINGING: ReadonlySet<CallState> = new Set(["incoming", "calling_back"]);
const PHONING: ReadonlySet<Action> = new Set(["dial", "join_phone", "transfer"]);

export interface SessionOptions {
  readonly role: PageRole;
  readonly brand: string | null;
  readonly keepsText: boolean;
  readonly onMessage: (message: ServerMessage) => void;
}

/** A short message to the person; `serial` makes the same words twice two messages. */
export interface Notice {
  readonly text: string;
  readonly isError: boolean;
  readonly serial: number;
}

export class Session {
  readonly local = new LocalMedia();
  readonly text: Conversation;
  readonly media: CallMedia;
  readonly connection: Connection;
  readonly role: PageRole;
  readonly person = signal<Person | null>(null);
  readonly demoPhoneUrl = signal<string | null>(null);
  /** The own relay number, for hearing people to call. */
  readonly ownNumber = signal<string | null>(null);
  readonly pushKey = signal<string | null>(null);
  /** What was asked for costs extra: the person decides. */
  readonly cost = signal<CostNotice | null>(null);
  readonly call = signal<CallStateMessage | null>(null);
  /** Since when the signer waits (`waitsSince`). */
  readonly waitsSince = signal<number | null>(null);
  readonly readability = new Readability();
  /** Before a call. */
  readonly check: CameraCheck;
  readonly network = signal<Partial<Record<Party, LegStats>>>({});
  readonly watch: QualityWatch;
  readonly notice = signal<Notice | null>(null);
  /** The queue cannot be asked for a while: calls go on, waiting resumes by itself. */
  readonly queueIsAway = signal(false);
  /** With two pictures: the second one is the large one. */
  readonly isSwapped = signal(false);
  /** The server's session is gone: the page must ask who is there again. */
  readonly needsSignIn = signal(false);
  /** The call rings on all devices of the person who is called, this one too. */
  readonly isRinging = computed(() => RINGING.has(this.call.value?.state ?? "ended") && this.can("accept"));
  /** This device takes part. */
  readonly inCall = computed(() => {
    const call = this.call.value;
    const isElsewhere = call === null || call.on_other_device || this.isRinging.value;
    return !isElsewhere && call.state !== "ended" && call.state !== "message";
  });
  readonly isTogether = computed(() => this.inCall.value && TOGETHER.has(this.call.value?.state ?? "ended"));
  readonly #isConsulting = computed(() => this.call.value !== null && isConsulting(this.call.value));
  readonly #darkCamera = new DarkCamera(this.local.video);
  readonly #options: SessionOptions;
  #phoned: Outgoing | null = null;
  #serial = 0;
  #noticeTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.role = options.role;
    this.text = new Conversation(options.keepsText, options.role);
    this.media = new CallMedia({
      local: this.local,
      answer: (call_id, generation, sdp) => this.connection.send({ type: "media.answer", call_id, generation, sdp }),
      renew: (call_id) => this.connection.send({ type: "media.renew", call_id }),
      isServiceThere: () => this.connection.check(),
      onText: (channel, peer) => this.text.attach(channel, peer),
    });
    this.check = new CameraCheck({ ask: (message) => this.connection.ask(message), media: this.media });
    this.watch = new QualityWatch(() => this.leg, this.media, this.network, this.#isConsulting);
    this.connection = new Connection({
      url: socketUrl(location, options.brand),
      tokenName: `resume.${options.role}.${options.brand ?? ""}`,
      hello: () => ({
        role: options.role,
        locale: locale.value,
        brand: options.brand,
        device: options.role === "signer" ? deviceId() : null,
        live_generation: this.check.isOn ? null : this.media.liveGeneration,
      }),
      onMessage: (message) => this.#receive(message),
    });
    onWake(() => {
      void this.connection.check();
      this.media.doubt();
    });
    effect(() => this.#followMutes());
  }

  /** Which of the call's web legs this page is: not the role, for a call between two signers or a second party. */
  get leg(): Party {
    return this.call.value?.leg ?? (this.role === "signer" ? "signer" : "agent");
  }

  /** Sends and shows the server's refusal to the person. Resolves to whether it was taken. */
  async ask(message: Outgoing): Promise<boolean> {
    return this.settle(await this.request(message));
  }

  /** Sends; what may cost extra is kept, to be asked again once the person agrees. */
  request(message: Outgoing): Promise<Answer> {
    if (message.type === "call.request" || (message.type === "call.act" && PHONING.has(message.action))) {
      this.#phoned = message;
    }
    return this.connection.ask(message);
  }

  async confirmCost(): Promise<void> {
    const asked = this.#phoned;
    this.cost.value = null;
    if (asked?.type === "call.request" || asked?.type === "call.act") await this.ask({ ...asked, cost_confirmed: true });
  }

  /** Shows a refusal; what was taken makes an earlier one old. Returns whether it was taken. */
  settle(answer: Answer): boolean {
    if (answer.type === "error") this.showError(answer);
    else this.#forgetError();
    return answer.type === "ok";
  }

  act(action: Action, more: Partial<Omit<CallAct, "type" | "ref" | "call_id" | "action">> = {}): Promise<boolean> {
    const call_id = this.call.value?.call_id;
    if (call_id === undefined) return Promise.resolve(false);
    return this.ask({ type: "call.act", call_id, action, ...more });
  }

  can(action: Action): boolean {
    return this.call.value?.actions.includes(action) ?? false;
  }

  say(text: string, isError = false): void {
    clearTimeout(this.#noticeTimer);
    this.notice.value = { text, isError, serial: ++this.#serial };
    this.#noticeTimer = setTimeout(() => (this.notice.value = null), NOTICE_MS);
  }

  #forgetError(): void {
    if (this.notice.value?.isError) this.notice.value = null;
  }

  showError(answer: Answer): void {
    if (answer.type === "error") this.say(answer.message || (tCode("error", answer.code) ?? t("error.unknown")), true);
  }

  /** Forgets a call that is over. The signer's own text stays until the next call, a workstation's does not. */
  forgetCall(): void {
    this.media.close();
    if (!this.#options.keepsText) this.text.clear();
    this.readability.forget();
    this.network.value = {};
    this.call.value = null;
  }

  #receive(message: ServerMessage): void {
    switch (message.type) {
      case "welcome":
        this.person.value = message.person;
        this.demoPhoneUrl.value = message.demo_phone_url;
        this.ownNumber.value = message.number;
        this.pushKey.value = message.push_key;
        this.queueIsAway.value = false; // said again if it is
        if (!message.resumed && this.call.value !== null && this.call.value.state !== "ended") this.forgetCall();
        this.check.connected();
        break;
      case "call.state":
        this.#stateCame(message);
        break;
      case "call.cost":
        this.cost.value = message;
        break;
      case "media.offer":
        void this.#offerCame(message);
        break;
      case "media.encoding":
        this.media.handleEncoding(message);
        break;
      case "media.closed":
        if (message.call_id === this.media.callId) this.media.close();
        break;
      case "visibility":
        this.#readingCame(message);
        break;
      case "camera.asked":
        this.readability.cameraAsked(message);
        break;
      case "check.state":
        this.check.stateCame(message);
        break;
      case "service.notice":
        this.#noticeCame(message.code);
        break;
      case "network":
        this.network.value = { ...this.network.value, [message.whose]: message.stats };
        break;
      case "error":
        this.#errorCame(message.code, message.message, message.re);
        break;
    }
    this.#options.onMessage(message);
  }

  #readingCame(reading: VisibilityMessage): void {
    const isCheck = this.check.knows(reading.call_id);
    const isOwn = isCheck || reading.whose === this.leg;
    if (isCheck) this.check.readingCame(reading);
    else this.readability.came(reading, isOwn);
    if (isOwn) void this.#darkCamera.came(reading);
  }

  #noticeCame(code: "queue_away" | "queue_back"): void {
    if (code === "queue_back" && this.queueIsAway.value) this.say(t("service.queue_back"));
    this.queueIsAway.value = code === "queue_away";
  }

  #stateCame(state: CallStateMessage): void {
    serverSaid(state.now);
    const before = this.call.value;
    if (state.state !== before?.state) this.#forgetError();
    if (state.call_id !== before?.call_id) {
      this.readability.forget();
      this.network.value = {};
    }
    if (state.second === null) this.isSwapped.value = false;
    this.waitsSince.value = waitsSince(this.waitsSince.value, before, state);
    this.call.value = state;
    if (this.inCall.value) {
      this.check.giveWay();
      this.text.begin(state.call_id);
    }
    this.#followReaders(before, state);
    if (state.state === "ended") this.#callEnded(state, before);
    else if (state.on_other_device) this.media.close();
  }

  /** Who else may read: each telephone, and each second party, reads what is written while it is there. */
  #followReaders(before: CallStateMessage | null, state: CallStateMessage): void {
    if (before === null || before.call_id !== state.call_id) return;
    for (const [label, was, is] of [
      ["phone", before.phone.text, state.phone.text],
      ["second", isJoined(before), isJoined(state)],
    ] as const) {
      if (was && !is) this.text.leave(label);
      else if (!was && is) this.text.join(label);
    }
  }

  #callEnded(state: CallStateMessage, before: CallStateMessage | null): void {
    this.media.close();
    this.cost.value = null;
    if (!this.#options.keepsText) this.text.clear();
    const isLeft = before?.call_id === state.call_id && before.state === "message";
    if (state.on_other_device || isLeft) this.call.value = null; // not here, or this page went on before its end
  }

  /** A reload in a call: the camera is opened again before answering, so that the other side sees at once. */
  async #offerCame(message: Extract<ServerMessage, { type: "media.offer" }>): Promise<void> {
    if (this.check.isOver(message.call_id)) return;
    const wantsCamera = this.local.videoProblem.value === null && !this.withoutCamera;
    if (wantsCamera) await this.local.openCamera();
    if (this.wantsMicrophone()) await this.local.openMicrophone();
    await this.media.handleOffer(message);
  }

  /** The person chose to go without (set by the page). */
  withoutCamera = false;
  wantsMicrophone: () => boolean = () => this.call.value?.voice ?? false;

  #errorCame(code: string, message: string, re: string | null): void {
    if (code === "sign_in_required") {
      this.needsSignIn.value = true;
      this.connection.close();
    } else if (re === null) {
      this.say(tCode("error", code) ?? (message || t("error.unknown")), true);
    }
  }

  /** What the server withholds also stops leaving this device. */
  #followMutes(): void {
    const call = this.call.value;
    const audio = this.local.audio.value;
    const video = this.local.video.value;
    if (audio !== null) audio.enabled = !(call?.muted ?? false);
    if (video !== null) video.enabled = !(this.leg !== "signer" && (call?.hidden ?? false) && this.inCall.value);
  }
}
