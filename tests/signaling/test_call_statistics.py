"""What is kept of a call: times and figures; of a relay call no number."""

from relay.model import LegStats, PhoneStats
from signaling.call_events import Act
from signaling.call_model import CallKind, CallState
from signaling.call_statistics import CallStatistics, call_record
from tests.signaling.calls import T0, in_state, play


def record_of(kind: CallKind) -> tuple[str | None, float, float]:
    call, _ = play(in_state(CallState.ACTIVE, kind), Act("signer", "hang_up"), at=T0 + 100)
    record = call_record(call, CallStatistics())
    return record.phone_legs[0].number, record.wait_s, record.phone_s


def test_a_relay_call_keeps_times_and_no_number() -> None:
    assert record_of("relay") == (None, 10.0, 90.0)


def test_a_direct_call_keeps_the_number_its_adviser_dialled() -> None:
    assert record_of("direct") == ("+33199000001", 10.0, 90.0)


def test_an_abandoned_call_has_a_wait_and_no_talk() -> None:
    call, _ = play(in_state(CallState.QUEUED), Act("signer", "hang_up"), at=T0 + 30)
    record = call_record(call, CallStatistics())
    assert (record.abandoned, record.wait_s, record.talk_s) == (True, 30.0, 0.0)


def test_readings_become_shares_and_means() -> None:
    statistics = CallStatistics()
    for level in ("good", "good", "fair", "poor", "off"):
        statistics.visibility(level)
    for at, rate in enumerate((25.0, 15.0)):
        stats = LegStats(frames_per_second=rate, bitrate_bps=1_000_000, round_trip_time_s=0.05)
        statistics.network("signer", stats, T0 + at)
    assert statistics.readable_share() == 0.75
    figures = statistics.figures()
    assert figures["signer_fps_mean"] == 20.0
    assert figures["signer_rtt_s_mean"] == 0.05
    assert "agent_fps_mean" not in figures


def test_five_percent_of_the_time_below_is_no_lower_than_the_lowest_rate() -> None:
    statistics = CallStatistics()
    for at, rate in enumerate((25.0, 5.0)):
        statistics.network("signer", LegStats(frames_per_second=rate), T0 + at)
    assert statistics.figures()["signer_fps_p5"] == 6.0


def test_a_side_that_sent_no_picture_has_no_frame_rate() -> None:
    statistics = CallStatistics()
    statistics.network("agent", LegStats(bitrate_bps=30_000), T0)
    assert statistics.figures() == {"reconnects": 0.0, "agent_bitrate_bps_mean": 30_000.0, "agent_loss_mean": 0.0}


def test_a_relay_call_keeps_its_network_over_time() -> None:
    call, _ = play(in_state(CallState.ACTIVE), Act("signer", "hang_up"), at=T0 + 100)
    statistics = CallStatistics()
    statistics.network("signer", LegStats(frames_per_second=25.0), T0)
    record = call_record(call, statistics)
    assert record.kind == "relay" and record.quality is not None and record.quality.signer is not None
    assert record.quality.signer.frames_per_second == (25.0,)
    assert call_record(call, CallStatistics()).quality is None


def test_losses_of_the_telephone_are_kept_when_there_was_one() -> None:
    statistics = CallStatistics()
    assert "phone_loss_mean" not in statistics.figures()
    for lost in (0.0, 0.02):
        statistics.phone(PhoneStats(codec="PCMA", fraction_lost=lost))
    assert statistics.figures()["phone_loss_mean"] == 0.01
