"""What is kept of a call: times and figures; of a relay call no number."""

from typing import get_args

from relay.control_messages import VisibilityReading
from relay.model import AdviceCode, LegStats, PhoneStats
from signaling.call_events import Act
from signaling.call_statistics import CallStatistics, call_record
from signaling.call_terms import CallKind, CallState
from signaling.readability import askable
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


def reading(level: str, advice: str, signing: float = 1.0, leg: str = "signer") -> VisibilityReading:
    return VisibilityReading.model_validate(
        {"call_id": "c1", "leg": leg, "level": level, "advice": advice, "measures": {"signing": signing}}
    )


def test_readings_become_shares_and_means() -> None:
    statistics = CallStatistics()
    for at, rate in enumerate((25.0, 15.0)):
        stats = LegStats(frames_per_second=rate, bitrate_bps=1_000_000, round_trip_time_s=0.05)
        statistics.network("signer", stats, T0 + at)
    figures = statistics.figures()
    assert figures["signer_fps_mean"] == 20.0
    assert figures["signer_rtt_s_mean"] == 0.05
    assert "agent_fps_mean" not in figures


def test_the_share_of_readable_signing_leaves_out_seconds_in_which_nobody_signs() -> None:
    statistics = CallStatistics()
    said = [("good", "good", 1.0), ("fair", "too_far", 0.5), ("poor", "hands_cut", 1.0), ("poor", "too_dark", 0.0)]
    for second, (level, advice, signing) in enumerate([*said, ("off", "not_measured", 1.0)]):
        statistics.visibility(reading(level, advice, signing), T0 + second)
    statistics.visibility(reading("good", "good", leg="agent"), T0 + 1)
    assert statistics.readable_share() == 2 / 3
    found = statistics.readability()
    assert (found["signer"].signing_s, found["signer"].readable_s) == (3.0, 2.0)
    assert found["signer"].advice_s == {"good": 1.0, "too_far": 1.0, "hands_cut": 1.0, "too_dark": 1.0}
    assert found["agent"].readable_s == 1.0
    series = statistics.series()
    assert series is not None and series.signer is not None
    assert (series.signer.signing_s, series.signer.readable_s) == ((3.0,), (2.0,))


def test_a_call_in_which_nobody_signed_or_nothing_was_measured_has_no_share() -> None:
    statistics = CallStatistics()
    assert (statistics.readable_share(), statistics.readability()) == (None, {})
    statistics.visibility(reading("good", "good", 0.0), T0)
    assert statistics.readable_share() is None


def test_a_camera_is_asked_for_what_was_said_of_it_a_moment_ago_or_for_nothing_in_particular() -> None:
    statistics = CallStatistics()
    assert statistics.request("signer", T0) is None
    statistics.visibility(reading("poor", "hands_cut"), T0)
    assert (statistics.request("signer", T0 + 1), statistics.request("signer", T0 + 10)) == ("hands_cut", None)
    for advice in ("good", "idle", "no_video"):
        statistics.visibility(reading("good", advice), T0 + 11)
        assert statistics.request("signer", T0 + 11) is None


def test_nobody_is_asked_for_what_moving_the_camera_does_not_mend() -> None:
    asked = {code: askable(code) for code in get_args(AdviceCode)}
    plain = {"good", "idle", "frozen", "low_frame_rate", "low_resolution"}
    assert {code for code, request in asked.items() if request is None} == plain
    assert all(request == code for code, request in asked.items() if code not in plain)


def test_a_signer_who_is_not_seen_for_four_minutes_is_told_of_once_until_they_are_back() -> None:
    statistics = CallStatistics()
    told = [second for second in range(600) if statistics.visibility(reading("poor", "no_person"), T0 + second)]
    assert told == [240]
    assert not statistics.visibility(reading("good", "good"), T0 + 600)
    assert statistics.visibility(reading("good", "idle"), T0 + 601)
    assert not statistics.visibility(reading("good", "idle"), T0 + 602)


def test_a_signer_who_does_not_move_is_told_of_whatever_else_is_wrong_with_the_picture() -> None:
    statistics = CallStatistics()
    dark = reading("poor", "too_dark", 0.0)
    for second, idle_s in enumerate((238.0, 239.0, 240.0, 241.0)):
        still = dark.model_copy(update={"measures": {"idle_s": idle_s}})
        assert statistics.visibility(still, T0 + second) == (idle_s == 240.0)


def test_seconds_of_somebody_who_is_read_from_the_lips_are_no_signing() -> None:
    statistics = CallStatistics()
    statistics.visibility(reading("good", "good"), T0, "lips")
    assert statistics.readable_share() is None
    statistics.visibility(reading("good", "good"), T0 + 1, "cued_speech")
    assert statistics.readable_share() == 1.0


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
