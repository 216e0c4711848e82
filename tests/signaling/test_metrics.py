"""What Prometheus reads: of whole sides of calls, never of one call or one person."""

import re
from pathlib import Path

from interpreter_queue.model import QueueSnapshot, WaitingRequest
from relay.control import ControlClient
from relay.control_messages import VisibilityFigures, WorkerState
from relay.model import Encoding, LegStats
from signaling.call_incoming import incoming_call
from signaling.call_model import Grace
from signaling.call_terms import CallState
from signaling.metrics import Metrics
from signaling.quality_series import LegReadings
from signaling.worker_metrics import WorkerCollector
from signaling.workers import WorkerLink
from tests.interpreter_queue.samples import NOW, agent, request

DOCS = Path(__file__).parents[2] / "docs" / "operations.md"
ALLOWED = {"leg", "direction", "picture", "cause", "le"}
PLENTY = LegStats(
    frames_per_second=24.0,
    bitrate_bps=1_200_000,
    codec="VP8",
    round_trip_time_s=0.06,
    fraction_lost=0.01,
    sent_frames_per_second=19.0,
    sent_bitrate_bps=900_000,
    available_outgoing_bitrate_bps=1_100_000,
)


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def test_a_reading_is_counted_for_its_leg_and_direction() -> None:
    metrics, leg = Metrics(), LegReadings()
    leg.next(PLENTY.model_copy(update={"packets_received": 100}))
    changed = {"packets_received": 190, "packets_lost": 10, "freeze_count": 2, "total_freezes_duration_s": 1.5}
    metrics.leg("signer", leg.next(PLENTY.model_copy(update=changed)))
    rate = "relay_leg_frames_per_second_bucket"
    assert value(metrics, rate, leg="signer", direction="received", le="22.0") == 0
    assert value(metrics, rate, leg="signer", direction="received", le="25.0") == 1
    assert value(metrics, rate, leg="signer", direction="sent", le="20.0") == 1
    assert value(metrics, "relay_leg_packet_loss_ratio_sum", leg="signer", direction="received") == 0.1
    assert value(metrics, "relay_leg_packet_loss_ratio_sum", leg="signer", direction="sent") == 0.01
    assert value(metrics, "relay_leg_round_trip_seconds_sum", leg="signer") == 0.06
    assert value(metrics, "relay_leg_available_outgoing_bitrate_bits_per_second_sum", leg="signer") == 1_100_000
    assert value(metrics, "relay_leg_freezes_total", leg="signer") == 2
    assert value(metrics, "relay_leg_frozen_seconds_total", leg="signer") == 1.5


def test_a_leg_without_camera_does_not_look_like_a_frozen_one() -> None:
    metrics = Metrics()
    metrics.leg("agent", LegReadings().next(LegStats()))
    assert value(metrics, "relay_leg_frames_per_second_count", leg="agent", direction="received") is None
    assert value(metrics, "relay_leg_packet_loss_ratio_count", leg="agent", direction="received") is None


def test_reduced_pictures_and_reconnections_are_counted() -> None:
    metrics = Metrics()
    for scale in (1.0, 2.0, 4.0):
        encoding = Encoding(max_bitrate_bps=300_000, scale_resolution_down_by=scale, max_framerate=25)
        metrics.encoding_asked("signer", encoding)
    metrics.reconnect("worker_lost")
    assert value(metrics, "relay_leg_encodings_asked_total", leg="signer", picture="reduced") == 2
    assert value(metrics, "relay_leg_encodings_asked_total", leg="signer", picture="full") == 1
    assert value(metrics, "relay_reconnects_total", cause="worker_lost") == 1


def test_incoming_calls_are_told_from_outgoing_ones_with_how_they_ended() -> None:
    metrics = Metrics()
    base = incoming_call(
        call_id="c",
        now=1.0,
        signer_key="c",
        signer_id="c",
        caller=None,
        display=None,
        grace=Grace(signer_s=1, agent_s=1),
    )
    ended = {"state": CallState.ENDED, "end_reason": "message_left", "ended_at": 9.0}
    metrics.transition(base, base.model_copy(update=ended))
    labels = {"kind": "relay", "mode": base.mode, "fault": "", "reason": "message_left"}
    assert value(metrics, "relay_calls_total", direction="incoming", **labels) == 1
    assert value(metrics, "relay_calls_total", direction="outgoing", **labels) is None


def test_trunks_are_up_or_down_by_name() -> None:
    link = worker("host-phone", 0.0)
    link.state = link.state.model_copy(update={"kind": "phone", "trunks": {"carrier": True, "spare": False}})
    metrics = Metrics()
    metrics.registry.register(WorkerCollector(lambda kind: [link] if kind == "phone" else []))
    assert value(metrics, "relay_trunk_up", worker="host-phone", trunk="carrier") == 1
    assert value(metrics, "relay_trunk_up", worker="host-phone", trunk="spare") == 0


def test_no_label_of_a_leg_tells_a_call_or_a_person() -> None:
    metrics = Metrics()
    metrics.leg("signer", LegReadings().next(PLENTY))
    labels = {
        label
        for family in metrics.registry.collect()
        if family.name.startswith(("relay_leg", "relay_reconnects"))
        for sample in family.samples
        for label in sample.labels
    }
    assert labels <= ALLOWED


def test_the_line_is_told_by_queue_without_rehearsals_and_an_empty_queue_is_zero() -> None:
    metrics = Metrics()
    lines = (request("c1", queue="relay/LSF", queued_at=NOW - 70), request("c2", queue="relay/LSF", rehearsal=True))
    waiting = tuple(
        WaitingRequest(record=record, position=1, wait_low_s=None, wait_high_s=None, serving=0) for record in lines
    )
    agents = (agent("ines"), agent("ghost", skills=("rehearsal",)))
    full = QueueSnapshot(at=NOW, waiting=waiting, assigned=(), agents=agents)
    metrics.queue(full)
    assert value(metrics, "relay_queue_waiting", queue="relay/LSF") == 1
    assert value(metrics, "relay_queue_oldest_seconds", queue="relay/LSF") == 70
    assert (value(metrics, "relay_agents", state="idle"), value(metrics, "relay_agents", state="training")) == (1, 0)
    metrics.queue(full.model_copy(update={"waiting": ()}))
    assert value(metrics, "relay_queue_waiting", queue="relay/LSF") == 0
    assert value(metrics, "relay_queue_oldest_seconds", queue="relay/LSF") == 0


def worker(worker_id: str, load: float, **said: bool) -> WorkerLink:
    """Greeted, and never talked to."""
    state = WorkerState(worker_id=worker_id, kind="media", capacity=40, load=load, **said)
    return WorkerLink(state, ControlClient(lambda _: None, lambda: None))


def test_what_a_visibility_worker_says_of_its_work_is_shown_by_its_name() -> None:
    link = worker("host-visibility", 0.0)
    metrics = Metrics()
    metrics.registry.register(WorkerCollector(lambda kind: [link] if kind == "visibility" else []))
    assert value(metrics, "relay_visibility_looks_total", worker="host-visibility") is None
    link.figures = VisibilityFigures(looks=70, dropped=3, replaced=1, budget_share=0.4, stretch=1.5)
    assert value(metrics, "relay_visibility_looks_total", worker="host-visibility") == 70
    assert value(metrics, "relay_visibility_frames_dropped_total", worker="host-visibility") == 3
    assert value(metrics, "relay_visibility_processes_replaced_total", worker="host-visibility") == 1
    assert value(metrics, "relay_visibility_budget_ratio", worker="host-visibility") == 0.4
    assert value(metrics, "relay_visibility_stretch_ratio", worker="host-visibility") == 1.5


def test_every_figure_is_explained_to_operators_and_no_other_is() -> None:
    metrics = Metrics()
    metrics.registry.register(WorkerCollector(lambda _: []))
    told = {
        f"{family.name}_total" if family.type == "counter" else family.name for family in metrics.registry.collect()
    }
    rows = DOCS.read_text(encoding="utf-8").split("| Name | Labels | Meaning |")[1].split("\n\n")[0]
    first_cells = [row.split("|")[1] for row in rows.splitlines() if row.startswith("|")]
    explained = set(re.findall(r"`(relay_\w+)`", " ".join(first_cells)))
    assert explained == told


def test_workers_are_read_when_asked_and_a_lost_one_is_gone() -> None:
    links = [worker("host-media-0", 0.25), worker("host-media-1", 0.5, draining=True, compiled=True)]
    links[0].placed = 3
    metrics = Metrics()
    metrics.registry.register(WorkerCollector(lambda kind: links if kind == "media" else []))
    first, second = {"kind": "media", "worker": "host-media-0"}, {"kind": "media", "worker": "host-media-1"}
    assert value(metrics, "relay_workers", kind="media") == 2
    assert value(metrics, "relay_workers", kind="phone") == 0
    assert value(metrics, "relay_worker_load_ratio", **first) == 0.25
    assert value(metrics, "relay_worker_capacity_calls", **first) == 40
    assert value(metrics, "relay_worker_calls_placed_total", **first) == 3
    assert value(metrics, "relay_worker_draining", **second) == 1
    assert value(metrics, "relay_worker_compiled", worker="host-media-0") == 0
    assert value(metrics, "relay_worker_compiled", worker="host-media-1") == 1
    links.pop()
    assert value(metrics, "relay_workers", kind="media") == 1
    assert value(metrics, "relay_worker_load_ratio", **second) is None
