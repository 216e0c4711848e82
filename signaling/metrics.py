"""Prometheus figures of this process, under ``/metrics``. No label ever holds a person, a number or a call."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from interpreter_queue.model import QueueSnapshot
from signaling.call_model import Call, CallState

WAIT_BUCKETS_S = (5, 10, 20, 60, 120, 180, 300, 600, 1200)  # 120 and 180: FCC and ARCEP service levels


class Metrics:
    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.calls = Counter("relay_calls", "Calls ended", ["kind", "mode", "reason", "fault"], registry=self.registry)
        self.phone_legs = Counter("relay_phone_legs", "Phone legs ended", ["outcome"], registry=self.registry)
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
            "relay_signing_visibility_readings", "Seconds by level", ["level"], registry=self.registry
        )
        self.pages = Gauge("relay_ws_clients", "Open pages", ["role"], registry=self.registry)
        self.runners = Gauge("relay_calls_owned", "Calls this process owns", registry=self.registry)
        self.workers = Gauge("relay_workers", "Workers connected", ["kind"], registry=self.registry)
        self.waiting = Gauge("relay_queue_waiting", "Requests waiting", registry=self.registry)
        self.oldest_s = Gauge("relay_queue_oldest_seconds", "Age of the oldest request", registry=self.registry)
        self.agents = Gauge("relay_agents", "Agents by state", ["state"], registry=self.registry)
        self.refused = Counter("relay_ws_refused", "Messages and connections refused", ["code"], registry=self.registry)

    def transition(self, before: Call, after: Call) -> None:
        if after.together_at is not None and before.together_at is None:
            self.wait_s.labels(after.kind).observe(max(0.0, after.together_at - after.queued_at))
        if after.state is CallState.ENDED:
            self.calls.labels(after.kind, after.mode, after.end_reason or "", after.end_fault or "").inc()
            for leg in after.phone_legs:
                self.phone_legs.labels(leg.outcome or "").inc()
            if after.together_at is not None and after.ended_at is not None:
                self.talk_s.labels(after.kind).observe(max(0.0, after.ended_at - after.together_at))

    def visibility(self, level: str) -> None:
        self.readings.labels(level).inc()

    def queue(self, snapshot: QueueSnapshot) -> None:
        self.waiting.set(len(snapshot.waiting))
        ages = [snapshot.at - entry.record.queued_at for entry in snapshot.waiting]
        self.oldest_s.set(max(ages, default=0.0))
        counts: dict[str, int] = {}
        for record in snapshot.agents:
            counts[record.state] = counts.get(record.state, 0) + 1
        for state in ("idle", "alerting", "engaged", "wrap_up", "paused", "not_responding"):
            self.agents.labels(state).set(counts.get(state, 0))

    def exposition(self) -> bytes:
        return generate_latest(self.registry)
