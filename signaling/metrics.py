"""Prometheus figures of this process, under ``/metrics``. No label ever holds a person, a number or a call."""

from collections import Counter as Counts
from collections.abc import Mapping
from typing import Literal, get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from interpreter_queue.model import REHEARSAL_SKILL, AgentState, QueueSnapshot
from relay.model import AdviceCode, Encoding, WebLeg
from signaling.call_model import Call
from signaling.call_terms import CallState
from signaling.messages.serving import CallbackState
from signaling.quality_series import Reading

WAIT_BUCKETS_S = (5, 10, 20, 60, 120, 180, 300, 600, 1200)  # 120 and 180: FCC and ARCEP service levels
RATE_BUCKETS = (1, 5, 8, 10, 12, 15, 18, 20, 22, 25, 28, 30)  # /s; 12, 20: RFC 7742, EN 301 549 §6.5.3
BITRATE_BUCKETS = (60e3, 100e3, 250e3, 384e3, 600e3, 1e6, 1.5e6, 2.5e6, 5e6)  # bit/s; 100, 384: PRODUCT, numbers
LOSS_BUCKETS = (0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
TRIP_BUCKETS_S = (0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6)  # 0.8: there and back of 400 ms, EN 301 549 §6.5.1
#: ``worker_lost``: both legs go to another media worker; ``asked``: a page's network changed or failed.
ReconnectCause = Literal["worker_lost", "worker_left", "asked"]


class Metrics:
    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._queues: set[str] = set()  # that had somebody waiting: shown as empty afterwards
        self.calls = Counter(
            "relay_calls", "Calls ended", ["kind", "direction", "mode", "reason", "fault"], registry=self.registry
        )
        self._add_telephone()
        self.wait_s = Histogram(
            "relay_wait_seconds",
            "Wait until an agent was there",
            ["kind"],
            buckets=WAIT_BUCKETS_S,
            registry=self.registry,
        )
        self.talk_s = Histogram(
            "relay_talk_seconds", "Signer and agent together", ["kind"], buckets=WAIT_BUCKETS_S, registry=self.registry
        )
        self.readings = Counter(
            "relay_signing_visibility_readings", "Seconds by level", ["leg", "level"], registry=self.registry
        )
        self.cameras_asked = Counter(
            "relay_cameras_asked",
            "Signers asked by whoever serves to move their camera, by the advice shown",
            ["advice"],
            registry=self.registry,
        )
        self.camera_checks = Counter("relay_camera_checks", "Camera checks ended", ["end"], registry=self.registry)
        self._add_legs()
        self.pages = Gauge("relay_ws_clients", "Open pages", ["role"], registry=self.registry)
        self.runners = Gauge("relay_calls_owned", "Calls this process owns", registry=self.registry)
        self._add_queue()
        self.refused = Counter("relay_ws_refused", "Messages and connections refused", ["code"], registry=self.registry)
        self.dialling_refused = Counter(
            "relay_dialling_refused", "Numbers not dialled: caps, block lists, brakes", ["code"], registry=self.registry
        )
        self.dialling_alarms = Counter(
            "relay_dialling_alarms", "Alarms about what is dialled", ["kind", "payer"], registry=self.registry
        )

    def _add_telephone(self) -> None:
        registry = self.registry
        self.phone_legs = Counter("relay_phone_legs", "Phone legs ended", ["outcome"], registry=registry)
        self.dismissed = Counter(
            "relay_incoming_dismissed", "Telephones that called and were not put through", ["why"], registry=registry
        )
        self.announcements = Counter(
            "relay_announcements", "Announcements that came to their end", ["name"], registry=registry
        )
        self.inbox = Counter("relay_inbox_entries", "Missed calls and voice messages kept", ["what"], registry=registry)
        self.pushes = Counter("relay_pushes", "Web Push", ["type", "result"], registry=registry)

    def _add_queue(self) -> None:
        registry = self.registry
        self.waiting = Gauge("relay_queue_waiting", "Requests waiting", ["queue"], registry=registry)
        self.oldest_s = Gauge("relay_queue_oldest_seconds", "Age of the oldest request", ["queue"], registry=registry)
        self.agents = Gauge("relay_agents", "Agents by state", ["state"], registry=registry)
        self.reservations = Counter(
            "relay_reservations",
            "Alerts that ended: accepted, declined, not_responding…",
            ["result"],
            registry=registry,
        )
        self.callbacks = Gauge("relay_callbacks", "Call-backs by state", ["state"], registry=registry)

    def _add_legs(self) -> None:
        """Each connected leg is observed once every 2 s: shares of the time of all calls together."""
        both, registry = ["leg", "direction"], self.registry
        self.leg_rate = Histogram(
            "relay_leg_frames_per_second",
            "Pictures per second, seen from the service",
            both,
            buckets=RATE_BUCKETS,
            registry=registry,
        )
        self.leg_bitrate = Histogram(
            "relay_leg_bitrate_bits_per_second", "Sound and picture", both, buckets=BITRATE_BUCKETS, registry=registry
        )
        self.leg_loss = Histogram(
            "relay_leg_packet_loss_ratio", "Share of packets lost, 0..1", both, buckets=LOSS_BUCKETS, registry=registry
        )
        self.leg_round_trip = Histogram(
            "relay_leg_round_trip_seconds",
            "Service to leg and back",
            ["leg"],
            buckets=TRIP_BUCKETS_S,
            registry=registry,
        )
        self.leg_available = Histogram(
            "relay_leg_available_outgoing_bitrate_bits_per_second",
            "What the line to the leg carries, estimated",
            ["leg"],
            buckets=BITRATE_BUCKETS,
            registry=registry,
        )
        self.leg_freezes = Counter("relay_leg_freezes", "Freezes of the picture received", ["leg"], registry=registry)
        self.leg_frozen_s = Counter("relay_leg_frozen_seconds", "Time frozen", ["leg"], registry=registry)
        self.encodings = Counter(
            "relay_leg_encodings_asked", "Changes of encoding asked of a leg", ["leg", "picture"], registry=registry
        )
        self.reconnects = Counter("relay_reconnects", "Peer connections begun again", ["cause"], registry=registry)

    def leg(self, leg: WebLeg, reading: Reading) -> None:
        for direction, rate, bps, loss in (
            ("received", reading.frames_per_second, reading.received_bps, reading.loss_received),
            ("sent", reading.sent_frames_per_second, reading.sent_bps, reading.loss_sent),
        ):
            self.leg_bitrate.labels(leg, direction).observe(bps)
            if rate is not None:
                self.leg_rate.labels(leg, direction).observe(rate)
            if loss is not None:
                self.leg_loss.labels(leg, direction).observe(loss)
        if reading.round_trip_s is not None:
            self.leg_round_trip.labels(leg).observe(reading.round_trip_s)
        if reading.available_bps is not None:
            self.leg_available.labels(leg).observe(reading.available_bps)
        self.leg_freezes.labels(leg).inc(reading.freezes)
        self.leg_frozen_s.labels(leg).inc(reading.frozen_s)

    def encoding_asked(self, leg: WebLeg, encoding: Encoding) -> None:
        picture = "reduced" if encoding.scale_resolution_down_by > 1 else "full"
        self.encodings.labels(leg, picture).inc()

    def reconnect(self, cause: ReconnectCause) -> None:
        self.reconnects.labels(cause).inc()

    def dismissal(self, why: str) -> None:
        self.dismissed.labels(why).inc()

    def announcement(self, name: str) -> None:
        self.announcements.labels(name).inc()

    def inbox_entry(self, what: str) -> None:
        self.inbox.labels(what).inc()

    def push(self, type_: str, result: str) -> None:
        self.pushes.labels(type_, result).inc()

    def transition(self, before: Call, after: Call) -> None:
        if after.together_at is not None and before.together_at is None and after.callback_id is None:
            self.wait_s.labels(after.kind).observe(max(0.0, after.together_at - after.queued_at))
        if after.state is CallState.ENDED:
            reason, fault = after.end_reason or "", after.end_fault or ""
            self.calls.labels(after.kind, after.direction, after.mode, reason, fault).inc()
            for leg in after.phone_legs:
                self.phone_legs.labels(leg.outcome or "").inc()
            if after.together_at is not None and after.ended_at is not None:
                self.talk_s.labels(after.kind).observe(max(0.0, after.ended_at - after.together_at))

    def visibility(self, leg: WebLeg, level: str) -> None:
        self.readings.labels(leg, level).inc()

    def camera_asked(self, advice: AdviceCode | None) -> None:
        self.cameras_asked.labels(advice or "none").inc()

    def queue(self, snapshot: QueueSnapshot) -> None:
        """Rehearsals are no load, and no agents: they are left out."""
        ages: dict[str, list[float]] = {queue: [] for queue in self._queues}
        for entry in snapshot.waiting:
            if not entry.record.request.rehearsal:
                ages.setdefault(entry.record.request.queue, []).append(snapshot.at - entry.record.queued_at)
        self._queues |= ages.keys()
        for queue, waited in ages.items():
            self.waiting.labels(queue).set(len(waited))
            self.oldest_s.labels(queue).set(max(waited, default=0.0))
        real = (record for record in snapshot.agents if REHEARSAL_SKILL not in record.agent.skills)
        counts = Counts(record.state for record in real)
        for state in get_args(AgentState):
            self.agents.labels(state).set(counts[state])

    def reservation(self, result: str) -> None:
        self.reservations.labels(result).inc()

    def callback_states(self, counts: Mapping[str, int]) -> None:
        for state in get_args(CallbackState):
            self.callbacks.labels(state).set(counts.get(state, 0))

    def exposition(self) -> bytes:
        return generate_latest(self.registry)
