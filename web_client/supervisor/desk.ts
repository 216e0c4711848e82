// What the supervisors' page knows and may do. The board is the server's; this asks and shows.

import { effect, signal } from "@preact/signals";
import { StaffAccess } from "../shared/access.ts";
import { setSituation } from "../shared/attention.ts";
import { serverSaid } from "../shared/now.ts";
import type { Outgoing } from "../shared/connection.ts";
import type {
  Audit,
  Board,
  BoardAgent,
  BoardQueue,
  BoardRequest,
  CallStateMessage,
  PauseReason,
  Presence,
  ServerMessage,
} from "../shared/protocol.d.ts";
import { Session } from "../shared/session.ts";
import { queueName } from "./figures.ts";
import { b } from "./words.ts";

/** Which dialog is open, and about what. */
export type Question =
  | { readonly kind: "none" }
  | { readonly kind: "agent"; readonly agentId: string }
  | { readonly kind: "move"; readonly callId: string }
  | { readonly kind: "say"; readonly agentId: string | null }
  | { readonly kind: "thresholds"; readonly queue: string };

const NONE: Question = { kind: "none" };

export class Desk {
  readonly session: Session;
  readonly access: StaffAccess;
  readonly board = signal<Board | null>(null);
  readonly audit = signal<Audit | null>(null);
  readonly question = signal<Question>(NONE);
  /** Said once when it changes, to assistive technology too. */
  readonly alarm = signal("");
  #alarmed = "";
  #isLeaving = false;

  constructor() {
    this.session = new Session({
      role: "supervisor",
      brand: null,
      keepsText: false,
      onMessage: (message) => this.#receive(message),
    });
    this.access = new StaffAccess(this.session);
    effect(() => setSituation(this.session.isTogether.value ? "call" : "idle", this.alarm.value));
    window.addEventListener("beforeunload", (event) => {
      if (this.session.isTogether.value) event.preventDefault();
    });
  }

  ask(question: Question): void {
    this.question.value = question;
  }

  close(): void {
    this.question.value = NONE;
  }

  agent(agentId: string): BoardAgent | null {
    return this.board.value?.agents.find((one) => one.agent_id === agentId) ?? null;
  }

  request(callId: string): BoardRequest | null {
    return this.board.value?.requests.find((one) => one.call_id === callId) ?? null;
  }

  queue(name: string): BoardQueue | null {
    return this.board.value?.queues.find((one) => one.queue === name) ?? null;
  }

  async setPresence(agent: BoardAgent, presence: Presence, reason: PauseReason | null = null): Promise<void> {
    this.close();
    await this.#do({ type: "supervise.agent", agent_id: agent.agent_id, presence, reason }, b("done.presence", { name: agent.name }));
  }

  async move(request: BoardRequest, to: { readonly head?: true; readonly queue?: string; readonly agent_id?: string }): Promise<void> {
    this.close();
    await this.#do({ type: "supervise.move", call_id: request.call_id, ...to }, b("done.move"));
  }

  async say(agentId: string | null, text: string): Promise<boolean> {
    return this.#do({ type: "supervise.say", agent_id: agentId, text }, b(agentId === null ? "done.say_all" : "done.say"));
  }

  async setThresholds(queue: string, waiting: number | null, longest_wait_s: number | null, service_level: number | null): Promise<void> {
    this.close();
    await this.#do({ type: "supervise.thresholds", queue, waiting, longest_wait_s, service_level }, b("done.thresholds"));
  }

  async join(agent: BoardAgent): Promise<void> {
    this.close();
    if (agent.call_id === null) return;
    await this.session.local.openCamera();
    await this.session.local.openMicrophone();
    await this.#do({ type: "supervise.join", call_id: agent.call_id }, b("done.join"));
  }

  /** Out of the call, or no longer wanting in. */
  leave(): void {
    this.#isLeaving = true;
    void this.session.act("hang_up");
  }

  async readAudit(): Promise<void> {
    await this.session.ask({ type: "audit.list" });
  }

  async readOlder(): Promise<void> {
    const oldest = this.audit.value?.entries.at(-1);
    if (oldest !== undefined) await this.session.ask({ type: "audit.list", before: oldest.at });
  }

  async #do(message: Outgoing, words: string): Promise<boolean> {
    const isDone = await this.session.ask(message);
    if (isDone) this.session.say(words);
    if (isDone && this.audit.value !== null) await this.readAudit();
    return isDone;
  }

  #receive(message: ServerMessage): void {
    if (message.type === "board") this.#boardCame(message);
    else if (message.type === "audit") this.#auditCame(message);
    else if (message.type === "call.state" && message.state === "ended") this.#left(message);
  }

  #boardCame(board: Board): void {
    serverSaid(board.now);
    this.board.value = board;
    const raised = board.queues.filter((queue) => queue.alerts.length > 0).map(queueName);
    const key = raised.join("|");
    if (key === this.#alarmed) return;
    this.#alarmed = key;
    this.alarm.value = raised.length === 0 ? "" : b("alarm", { count: raised.length, queues: raised.join(", ") });
  }

  /** Older ones come below those that are shown; the newest replace them all. */
  #auditCame(audit: Audit): void {
    const shown = this.audit.value?.entries ?? [];
    const oldest = shown.at(-1)?.at;
    const first = audit.entries[0]?.at;
    const isOlder = oldest !== undefined && first !== undefined && first < oldest;
    this.audit.value = isOlder ? { ...audit, entries: [...shown, ...audit.entries] } : audit;
  }

  /** Words for whoever did not leave by themselves: refused, sent away, or the call is over. */
  #left(call: CallStateMessage): void {
    const wasIn = call.second?.state === "joined";
    const isEnd = call.end_reason !== "completed";
    if (!this.#isLeaving) this.session.say(b(isEnd ? "joined.over" : wasIn ? "joined.sent_away" : "joined.refused"));
    this.#isLeaving = false;
    this.session.local.close();
    this.session.forgetCall();
  }
}
