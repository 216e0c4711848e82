"""What a viewer gets over the lines named in the promises: the real forwarding in virtual time."""

import struct
from random import Random
from statistics import mean, median

import pytest

from relay.forwarding import rtcp
from tests.helpers.shaping import Way
from tests.helpers.simulated_call import MAXIMUM_BPS, SimulatedCall


def mean_estimate(call: SimulatedCall, since_s: float) -> float:
    return mean(estimate for at, estimate in call.estimates if at > call.now - since_s)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("capacity_kbps", [120, 250, 500, 1000, 2000])
def test_estimate_settles_within_the_capacity_and_the_queue_stays_short(capacity_kbps: int, seed: int) -> None:
    call = SimulatedCall(Way(rate_kbps=capacity_kbps, delay_ms=40, queue_ms=400), seed=seed)
    call.run(30)
    before = call.down.counts.dropped
    call.run(30)
    assert 0.7 < mean_estimate(call, 30) / capacity_kbps / 1000 < 1.05
    assert median(call.lateness(30)) < 0.04 + 0.12
    assert call.down.counts.dropped - before <= 20
    assert call.pictures_per_second(30) >= 24


@pytest.mark.parametrize("seed", range(6))
def test_quarter_megabit_with_loss_and_delay_brings_twenty_pictures_a_second(seed: int) -> None:
    call = SimulatedCall(Way(rate_kbps=250, loss=0.02, delay_ms=40), seed=seed)
    call.run(8)
    for _ in range(20):
        call.run(2)
        assert call.pictures_per_second(2) >= 15
    assert call.pictures_per_second(40) >= 24
    lateness = call.lateness(40)
    assert lateness[int(len(lateness) * 0.95)] < 0.4
    assert len(call.encodings) <= 4


def test_good_line_is_found_good_within_seconds() -> None:
    call = SimulatedCall(Way(delay_ms=20))
    call.run(3)
    assert call.estimates[-1][1] == MAXIMUM_BPS
    call.run(20)
    assert call.estimates[-1][1] == MAXIMUM_BPS
    assert call.pictures_per_second(20) >= 29
    assert call.encodings == []


def test_loss_alone_does_not_narrow_a_good_line() -> None:
    call = SimulatedCall(Way(loss=0.03, delay_ms=20, jitter_ms=10), seed=3)
    call.run(20)
    assert call.estimates[-1][1] == MAXIMUM_BPS
    assert call.pictures_per_second(10) >= 29


@pytest.mark.parametrize("capacity_kbps", [250, 1000, None])
def test_picture_is_back_within_a_second_of_the_line(capacity_kbps: int | None) -> None:
    call = SimulatedCall(Way(rate_kbps=capacity_kbps, delay_ms=40))
    call.run(20)
    before = call.estimates[-1][1]
    call.cut(True)
    call.run(1.5)
    taken = call.down.counts.octets
    call.run(1.5)
    assert call.down.counts.octets - taken < 3000  # a dead line is not filled
    call.cut(False)
    back_at = call.now
    call.run(1)
    assert any(at > back_at for at, _ in call.played)
    call.run(3)
    assert call.pictures_per_second(3) >= 20
    assert call.estimates[-1][1] > 0.4 * before


def test_line_that_narrows_takes_upper_layers_first_and_the_sender_follows() -> None:
    call = SimulatedCall(Way(delay_ms=20, queue_ms=1000))
    call.run(10)
    call.change(rate_kbps=1200.0)
    call.run(1.0)
    assert call.viewer.path.outbound["video"].layers.highest < 2
    call.run(5)
    assert call.viewer.path.outbound["video"].layers.highest >= 2
    call.run(5)
    assert call.pictures_per_second(5) >= 28
    assert call.nacked < 60  # what was left out was not asked for


def test_line_that_widens_is_noticed_by_testing_it() -> None:
    call = SimulatedCall(Way(rate_kbps=300, delay_ms=20))
    call.run(20)
    call.change(rate_kbps=None)
    call.run(25)
    assert call.estimates[-1][1] > 1_500_000


def test_sender_that_makes_little_is_not_limited() -> None:
    call = SimulatedCall(Way(delay_ms=20), content_bps=200_000)
    call.run(20)
    assert call.estimates[-1][1] > 1_000_000
    assert call.encodings == []


@pytest.mark.parametrize("seed", range(3))
def test_narrow_line_is_met_in_time_by_a_sender_without_layers(seed: int) -> None:
    call = SimulatedCall(Way(rate_kbps=250, loss=0.02, delay_ms=40), has_layers=False, seed=seed)
    call.run(10)
    call.run(30)
    assert call.pictures_per_second(30) >= 20


@pytest.mark.parametrize("capacity_kbps", [250, 600])
def test_viewer_that_reports_only_loss_still_gets_what_its_line_carries(capacity_kbps: int) -> None:
    call = SimulatedCall(Way(rate_kbps=capacity_kbps, delay_ms=40, queue_ms=300), tells_arrivals=False)
    call.run(20)
    dropped, taken = call.down.counts.dropped, call.down.counts.taken
    call.run(30)
    assert call.pictures_per_second(30) >= 15
    assert call.down.counts.dropped - dropped < 0.2 * (call.down.counts.taken - taken)


@pytest.mark.parametrize("seed", range(4))
def test_feedback_that_cannot_be_true_leaves_nothing_behind(seed: int) -> None:
    random = Random(seed)
    call = SimulatedCall(Way(delay_ms=20), seed=seed)
    call.run(5)
    for _ in range(200):
        call.run(0.02)
        call.answer(rtcp.build_remb(9, random.getrandbits(random.randrange(1, 30)), [1]))
        head = struct.pack("!IIHH", 9, 9, random.getrandbits(16), random.choice((1, 7, 100, 1000)))
        call.answer(rtcp.build_transport_feedback(head + random.randbytes(random.choice((4, 60, 300)))))
    call.run(6)
    assert call.estimates[-1][1] > 1_000_000
    call.run(12)
    assert call.pictures_per_second(5) >= 28
    assert call.encodings == [] or call.encodings[-1][1].scale_resolution_down_by == 1.0
