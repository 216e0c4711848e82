// Generated from signaling/messages by `python -m signaling.typescript`. Do not edit.

export type Action = "accept" | "decline" | "hang_up" | "dial" | "hang_up_phone" | "voicemail" | "transfer" | "join_phone" | "hang_up_joined" | "play_message" | "stop_message" | "watch_hold" | "stop_watching" | "hold" | "resume" | "dtmf" | "mute" | "unmute" | "hide_picture" | "show_picture" | "end_and_report_abuse" | "ask_callback" | "consult" | "bring_in" | "hand_over" | "transfer_call" | "call_second" | "swap" | "dismiss_second" | "allow_supervisor" | "refuse_supervisor";
export type AdviceCode = "good" | "no_person" | "hands_cut" | "hands_hidden" | "face_cut" | "mouth_hidden" | "too_near" | "too_far" | "off_centre" | "sideways" | "too_dark" | "too_bright" | "backlit" | "blurred" | "covered" | "frozen" | "low_frame_rate" | "low_resolution" | "idle";
export type CallKind = "relay" | "direct" | "video";
export type Disposition = "resolved" | "call_back" | "follow_up" | "transferred" | "wrong_service" | "abuse" | "other";
export type EndFault = "nobody" | "signer" | "agent" | "phone" | "service";
export type EndReason = "completed" | "abandoned" | "signer_lost" | "agent_lost" | "agent_ended" | "abuse_reported" | "no_agent" | "emergency_handed_over" | "not_answered" | "declined" | "caller_gave_up" | "message_left" | "callback_asked" | "callback_unanswered" | "callback_declined" | "failed";
export type Mode = "LSF" | "LSFA" | "LfPC" | "LfPCA" | "TTH" | "TTA" | "CAS" | "CAA";
export type OffReason = "no_video" | "not_measured" | "models_missing" | "switched_off";
export type PageRole = "signer" | "agent" | "supervisor";
export type Party = "signer" | "agent" | "second";
export type PauseReason = "break" | "rest_eyes_hands" | "meal" | "meeting" | "technical" | "after_hard_call" | "other";
export type PhoneOutcome = "hung_up" | "released" | "busy" | "no_answer" | "wrong_number" | "declined" | "unreachable" | "refused" | "trunk_failed" | "voicemail" | "hung_up_at_announcement" | "transferred";
export type PhoneProgress = "trying" | "ringing" | "early_media" | "answered" | "held" | "ended";
export type Presence = "offline" | "available" | "paused" | "training";
export type Trade = "interpreter" | "lfpc_coder" | "transcriber" | "adviser";
export type VisibilityLevel = "good" | "fair" | "poor" | "off";
export interface AgentView {
  type: "agent.state";
  presence: Presence;
  state: "offline" | "idle" | "alerting" | "engaged" | "hold" | "wrap_up" | "paused" | "training" | "not_responding";
  reason: PauseReason | null;
  since: number;
  pause_after_call: boolean;
  waiting: number;
  wrap_up_until: number | null;
  wrap_up_extensions_left: number;
  load: Load;
  break_advice: "none" | "proposed" | "due";
}
export interface Alert {
  type: "assignment.alert";
  assignment_id: string;
  call_id: string;
  kind: CallKind;
  mode: Mode;
  trade: Trade;
  brand_name: string | null;
  queued_at: number;
  expires_at: number;
  resumed: boolean;
  transferred: boolean;
  direction: "outgoing" | "incoming";
  callback: boolean;
  role: "consulted" | "team" | "interpreter" | "expert" | "supervisor" | null;
}
export interface AlertEnded {
  type: "assignment.ended";
  assignment_id: string;
  reason: "accepted" | "declined" | "not_responding" | "cancelled" | "lost";
}
export interface AssignmentAccept {
  ref?: string | null;
  type: "assignment.accept";
  assignment_id: string;
}
export interface AssignmentDecline {
  ref?: string | null;
  type: "assignment.decline";
  assignment_id: string;
  reason?: "conflict_of_interest" | "known_person" | "skill" | "fatigue" | "technical" | "other";
}
export interface Audit {
  type: "audit";
  entries: readonly AuditEntry[];
  has_more: boolean;
}
export interface AuditEntry {
  at: number;
  by: string;
  act: "presence" | "move" | "say" | "join_asked" | "joined" | "join_refused" | "left" | "thresholds" | "sign_in";
  subject: string | null;
  detail: string | null;
}
export interface AuditList {
  ref?: string | null;
  type: "audit.list";
  before?: number | null;
}
export interface Board {
  type: "board";
  now: number;
  queues: readonly BoardQueue[];
  agents: readonly BoardAgent[];
  requests: readonly BoardRequest[];
  more_requests: number;
}
export interface BoardAgent {
  agent_id: string;
  name: string;
  trades: readonly Trade[];
  presence: Presence;
  state: "offline" | "idle" | "alerting" | "engaged" | "hold" | "wrap_up" | "paused" | "training" | "not_responding";
  reason: PauseReason | null;
  since: number;
  not_yet: boolean;
  pause_after_call: boolean;
  break_due: boolean;
  misses: number;
  kind: CallKind | null;
  call_id: string | null;
}
export interface BoardQueue {
  queue: string;
  brand_name: string | null;
  mode: Mode | null;
  waiting: number;
  callbacks: number;
  serving: number;
  idle: number;
  longest_wait_s: number | null;
  wait_low_s: number | null;
  wait_high_s: number | null;
  target_s: number;
  answered: number;
  abandoned: number;
  called_back: number;
  mean_wait_s: number | null;
  service_level: number | null;
  service_level_now: number | null;
  thresholds: BoardThresholds;
  alerts: readonly ("waiting" | "longest_wait" | "service_level" | "nobody")[];
}
export interface BoardRequest {
  call_id: string;
  queue: string;
  kind: CallKind;
  mode: Mode;
  state: CallState;
  queued_at: number;
  priority: number;
  callback: boolean;
  position: number | null;
}
export interface BoardThresholds {
  waiting: number | null;
  longest_wait_s: number | null;
  service_level: number | null;
}
export interface CallAct {
  ref?: string | null;
  type: "call.act";
  call_id: string;
  action: Action;
  number?: string | null;
  digits?: string | null;
  mode?: Mode;
  voice?: boolean;
  hearing?: boolean;
  cost_confirmed?: boolean;
  to?: TransferTarget | null;
  at?: number | null;
  location?: string | null;
  watched?: boolean;
}
export interface CallContinueHere {
  ref?: string | null;
  type: "call.continue_here";
  call_id: string;
}
export interface CallRate {
  ref?: string | null;
  type: "call.rate";
  call_id: string;
  stars: number;
  problems?: readonly ("picture" | "freeze" | "interpreter" | "wait" | "phone" | "other")[];
}
export interface CallRequest {
  ref?: string | null;
  type: "call.request";
  kind: CallKind;
  mode?: Mode;
  number?: string | null;
  brand?: string | null;
  voice?: boolean;
  hearing?: boolean;
  announce?: "agent" | "recorded" | "none";
  anonymous?: boolean;
  message_id?: string | null;
  cost_confirmed?: boolean;
  emergency_confirmed?: boolean;
  location?: string | null;
  gender?: "f" | "m" | "any" | null;
  domain?: string | null;
  language?: string | null;
  watched?: boolean;
}
export type CallState = "incoming" | "queued" | "alerting" | "calling_back" | "briefing" | "talking" | "dialing" | "ringing" | "active" | "after_phone" | "message" | "ended";
export interface CallStateMessage {
  type: "call.state";
  call_id: string;
  kind: CallKind;
  state: CallState;
  mode: Mode;
  leg: Party;
  brand: string | null;
  brand_name: string | null;
  trade: Trade | null;
  voice: boolean;
  hearing: boolean;
  muted: boolean;
  hidden: boolean;
  watched: boolean;
  direction: "outgoing" | "incoming";
  announce: "agent" | "recorded" | "none";
  phone: PhoneView;
  joined: PhoneView | null;
  peer_name: string | null;
  ring_until: number | null;
  on_other_device: boolean;
  has_message: boolean;
  location: string | null;
  signer: PartyView;
  agent: PartyView;
  agent_hears: boolean;
  second: SecondView | null;
  active: "agent" | "second";
  swapping: boolean;
  callback: boolean;
  transferred: boolean;
  queue: QueueView | null;
  queued_at: number;
  together_at: number | null;
  ended_at: number | null;
  end_reason: EndReason | null;
  end_fault: EndFault | null;
  wrap_up_until: number | null;
  actions: readonly Action[];
  now: number;
}
export interface CallSummaryRow {
  call_id: string;
  kind: CallKind;
  mode: Mode;
  brand_name: string | null;
  began_at: number;
  talk_s: number;
  end_reason: EndReason | null;
  disposition: Disposition | null;
  frame_rates: readonly (number | null)[];
}
export interface CallbackCancel {
  ref?: string | null;
  type: "callback.cancel";
  callback_id: string;
}
export interface CallbackEntry {
  callback_id: string;
  state: "waiting" | "trying" | "done" | "cancelled" | "expired" | "unanswered";
  kind: CallKind;
  mode: Mode;
  brand: string | null;
  brand_name: string | null;
  number: string | null;
  asked_at: number;
  due_at: number;
  next_at: number | null;
  attempts: number;
  expires_at: number;
}
export interface CallbackRequest {
  ref?: string | null;
  type: "callback.request";
  kind: "relay" | "direct";
  mode?: Mode;
  brand?: string | null;
  number?: string | null;
  voice?: boolean;
  hearing?: boolean;
  announce?: "agent" | "recorded" | "none";
  anonymous?: boolean;
  at?: number | null;
  domain?: string | null;
  language?: string | null;
}
export interface Callbacks {
  type: "callbacks";
  entries: readonly CallbackEntry[];
}
export interface CallsToday {
  type: "calls.today";
  calls: readonly CallSummaryRow[];
}
export interface CameraAsk {
  ref?: string | null;
  type: "camera.ask";
  call_id: string;
  advice?: AdviceCode | null;
}
export interface CameraAsked {
  type: "camera.asked";
  call_id: string;
  advice: AdviceCode | null;
}
export interface CheckStart {
  ref?: string | null;
  type: "check.start";
}
export interface CheckState {
  type: "check.state";
  check_id: string;
  running: boolean;
  until: number | null;
  ended: "stopped" | "over" | "call" | "no_worker" | "busy" | null;
}
export interface CheckStop {
  ref?: string | null;
  type: "check.stop";
}
export interface Colleague {
  agent_id: string;
  name: string;
  state: "offline" | "idle" | "alerting" | "engaged" | "hold" | "wrap_up" | "paused" | "training" | "not_responding";
  trades: readonly Trade[];
  second_level: boolean;
}
export interface Colleagues {
  type: "colleagues";
  call_id: string;
  people: readonly Colleague[];
  skills: readonly string[];
  second_level: boolean;
}
export interface ColleaguesList {
  ref?: string | null;
  type: "colleagues.list";
  call_id: string;
}
export interface ContactForm {
  name?: string | null;
  email?: string | null;
  phone?: string | null;
  reference?: string | null;
}
export interface ContactKnown {
  type: "contact";
  call_id: string;
  contact: ContactForm;
  earlier_calls: number;
}
export interface CostNotice {
  type: "call.cost";
  number: string;
  reason: "special" | "abroad" | "satellite";
  call_id: string | null;
}
export interface EmergencyNotice {
  type: "emergency";
  number: string;
  kind: "offer_114" | "relay_first";
  may_relay: boolean;
}
export interface Encoding {
  max_bitrate_bps: number;
  scale_resolution_down_by: number;
  max_framerate: number;
}
export interface Error {
  type: "error";
  code: string;
  message: string;
  re: string | null;
  callback: boolean;
}
export interface Hello {
  ref?: string | null;
  type: "hello";
  v?: 1;
  role: PageRole;
  locale?: "fr" | "en";
  resume_token?: string | null;
  brand?: string | null;
  device?: string | null;
  operator_token?: string | null;
  live_generation?: number | null;
  device_type?: "phone" | "tablet" | "computer" | null;
}
export interface IceServer {
  urls: readonly string[];
  username: string | null;
  credential: string | null;
}
export interface Inbox {
  type: "inbox";
  entries: readonly InboxEntry[];
}
export interface InboxBlock {
  ref?: string | null;
  type: "inbox.block";
  entry_id: string;
}
export interface InboxDelete {
  ref?: string | null;
  type: "inbox.delete";
  entry_id: string;
}
export interface InboxEntry {
  entry_id: string;
  number: string | null;
  at: number;
  message_s: number | null;
  heard: boolean;
  expires_at: number;
}
export interface InboxHeard {
  ref?: string | null;
  type: "inbox.heard";
  entry_id: string;
}
export interface LegStats {
  frames_per_second: number;
  bitrate_bps: number;
  packets_received: number;
  packets_lost: number;
  jitter_s: number | null;
  audio_level: number | null;
  frame_width: number | null;
  frame_height: number | null;
  freeze_count: number;
  total_freezes_duration_s: number;
  nack_count: number;
  pli_count: number;
  codec: "VP8" | "H264" | null;
  fraction_lost: number;
  round_trip_time_s: number | null;
  sent_frames_per_second: number;
  sent_second_frames_per_second: number;
  sent_bitrate_bps: number;
  available_outgoing_bitrate_bps: number | null;
  packets_sent: number;
  retransmitted_packets_sent: number;
}
export interface Load {
  signing_s: number;
  engaged_s: number;
  served: number;
  signed_in_at: number | null;
}
export interface MediaAnswer {
  ref?: string | null;
  type: "media.answer";
  call_id: string;
  generation: number;
  sdp: string;
}
export interface MediaClosed {
  type: "media.closed";
  call_id: string;
}
export interface MediaEncoding {
  type: "media.encoding";
  call_id: string;
  generation: number;
  encoding: Encoding;
}
export interface MediaOffer {
  type: "media.offer";
  call_id: string;
  generation: number;
  sdp: string;
  ice_servers: readonly IceServer[];
}
export interface MediaRenew {
  ref?: string | null;
  type: "media.renew";
  call_id: string;
}
export interface ModeWait {
  mode: Mode;
  is_open: boolean;
  serving: number;
  wait_low_s: number | null;
  wait_high_s: number | null;
  opens_at: number | null;
}
export interface NetworkMessage {
  type: "network";
  call_id: string;
  whose: Party;
  stats: LegStats;
}
export interface Ok {
  type: "ok";
  re: string | null;
}
export interface PartyView {
  present: boolean;
  connected: boolean;
  lost_since: number | null;
}
export interface PauseAfterCall {
  ref?: string | null;
  type: "pause_after_call";
  enabled: boolean;
  reason?: PauseReason | null;
}
export interface Person {
  name: string;
  trades: readonly Trade[];
}
export interface PhoneKey {
  type: "phone.key";
  call_id: string;
  digit: string;
}
export interface PhoneLine {
  type: "phone.line";
  call_id: string;
  stats: PhoneStats;
}
export interface PhoneStats {
  codec: string;
  is_encrypted: boolean;
  packets_received: number;
  packets_sent: number;
  fraction_lost: number;
  remote_fraction_lost: number | null;
  jitter_s: number | null;
  round_trip_time_s: number | null;
  delay_s: number | null;
  echo_return_loss_db: number | null;
  echo_delay_s: number | null;
}
export interface PhoneView {
  number: string | null;
  progress: PhoneProgress | null;
  outcome: PhoneOutcome | null;
  held: boolean;
  speaking: boolean;
  dialled_at: number | null;
  answered_at: number | null;
  sound: "speech" | "music" | "silence" | null;
  text: boolean;
}
export interface Ping {
  ref?: string | null;
  type: "ping";
}
export interface Pong {
  type: "pong";
  re: string | null;
}
export interface PresenceSet {
  ref?: string | null;
  type: "presence.set";
  presence: Presence;
  reason?: PauseReason | null;
}
export interface PushKeys {
  p256dh: string;
  auth: string;
}
export interface PushSubscribe {
  ref?: string | null;
  type: "push.subscribe";
  endpoint: string;
  keys: PushKeys;
}
export interface PushUnsubscribe {
  ref?: string | null;
  type: "push.unsubscribe";
  endpoint: string;
}
export interface QueueView {
  position: number | null;
  wait_low_s: number | null;
  wait_high_s: number | null;
  serving: number | null;
  partner_name: string | null;
  partner_url: string | null;
}
export interface RefusalSet {
  ref?: string | null;
  type: "refusal.set";
  call_id: string;
  enabled: boolean;
}
export interface Replaced {
  type: "replaced";
}
export interface SecondView {
  role: "consulted" | "team" | "interpreter" | "expert" | "supervisor";
  state: "asked" | "sought" | "alerting" | "joined";
  since: number;
  trade: Trade | null;
  name: string | null;
  present: boolean;
  connected: boolean;
  lost_since: number | null;
  waiting_for: readonly Party[];
}
export interface ServiceNotice {
  type: "service.notice";
  code: "queue_away" | "queue_back";
}
export interface StaffNotice {
  type: "staff.notice";
  text: string;
  at: number;
}
export interface StaffRead {
  ref?: string | null;
  type: "staff.read";
  at: number;
}
export interface SuperviseAgent {
  ref?: string | null;
  type: "supervise.agent";
  agent_id: string;
  presence: Presence;
  reason?: PauseReason | null;
}
export interface SuperviseJoin {
  ref?: string | null;
  type: "supervise.join";
  call_id: string;
}
export interface SuperviseMove {
  ref?: string | null;
  type: "supervise.move";
  call_id: string;
  head?: boolean;
  queue?: string | null;
  agent_id?: string | null;
}
export interface SuperviseSay {
  ref?: string | null;
  type: "supervise.say";
  agent_id?: string | null;
  text: string;
}
export interface SuperviseThresholds {
  ref?: string | null;
  type: "supervise.thresholds";
  queue: string;
  waiting?: number | null;
  longest_wait_s?: number | null;
  service_level?: number | null;
}
export interface TransferTarget {
  agent_id?: string | null;
  skill?: string | null;
  second_level?: boolean;
}
export interface VisibilityMessage {
  type: "visibility";
  call_id: string;
  whose: Party;
  level: VisibilityLevel;
  advice: AdviceCode | OffReason;
  measures: Record<string, number | null>;
}
export interface VisibilitySet {
  ref?: string | null;
  type: "visibility.set";
  call_id: string;
  enabled: boolean;
}
export interface Waits {
  type: "waits";
  modes: readonly ModeWait[];
}
export interface Welcome {
  type: "welcome";
  v: 1;
  role: PageRole;
  person: Person | null;
  resume_token: string;
  heartbeat_s: number;
  resumed: boolean;
  demo_phone_url: string | null;
  number: string | null;
  push_key: string | null;
  gender: "f" | "m" | null;
}
export interface WrapUpExtend {
  ref?: string | null;
  type: "wrap_up.extend";
}
export interface WrapUpFinish {
  ref?: string | null;
  type: "wrap_up.finish";
}
export interface WrapUpSubmit {
  ref?: string | null;
  type: "wrap_up.submit";
  call_id: string;
  disposition?: Disposition | null;
  note?: string | null;
  contact?: ContactForm | null;
}
export type ClientMessage = Hello | Ping | CallRequest | CallAct | CallContinueHere | InboxHeard | InboxDelete | InboxBlock | PushSubscribe | PushUnsubscribe | CallRate | MediaAnswer | MediaRenew | PresenceSet | PauseAfterCall | AssignmentAccept | AssignmentDecline | WrapUpSubmit | WrapUpExtend | WrapUpFinish | ColleaguesList | StaffRead | RefusalSet | CallbackRequest | CallbackCancel | CameraAsk | VisibilitySet | CheckStart | CheckStop | SuperviseAgent | SuperviseMove | SuperviseSay | SuperviseJoin | SuperviseThresholds | AuditList;
export type ServerMessage = Welcome | Pong | Ok | Error | CallStateMessage | EmergencyNotice | CostNotice | PhoneKey | PhoneLine | Inbox | MediaOffer | MediaClosed | MediaEncoding | VisibilityMessage | CameraAsked | CheckState | NetworkMessage | Alert | AlertEnded | AgentView | CallsToday | ContactKnown | Colleagues | Callbacks | Waits | ServiceNotice | StaffNotice | Board | Audit | Replaced;
