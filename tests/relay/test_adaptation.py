"""How a sender is asked to encode: frame rate first, and no flapping."""

from collections.abc import Callable

import pytest

from relay.forwarding.adaptation import STEPS, UP_AFTER_S, EncodingPolicy
from relay.model import Encoding

HD = (1280, 720)


def asked(
    bitrate: Callable[[float], float], seconds: float, size: tuple[int, int] | None = HD, *, obeys: bool = True
) -> list[tuple[float, Encoding]]:
    """Ten decisions a second. :param size: of the camera, if it tells."""
    policy, found, scale = EncodingPolicy(), list[tuple[float, Encoding]](), 1.0
    for step in range(int(seconds * 10)):
        now = step / 10
        sent = (int(size[0] / scale), int(size[1] / scale)) if size is not None else None
        encoding = policy.update(int(bitrate(now)), sent, now)
        if encoding is not None:
            found.append((now, encoding))
            scale = encoding.scale_resolution_down_by if obeys else 1.0
    return found


def test_line_that_carries_everything_asks_for_nothing() -> None:
    assert asked(lambda _: 2_500_000, 60) == []


@pytest.mark.parametrize(("bitrate", "scale"), [(600_000, 1.3), (300_000, 2.0), (200_000, 2.7), (100_000, 4.0)])
def test_resolution_gives_way_and_the_frame_rate_stays(bitrate: int, scale: float) -> None:
    [(at, encoding)] = asked(lambda _: bitrate, 60)
    assert at <= 1.5
    assert (encoding.scale_resolution_down_by, encoding.max_framerate) == (scale, 30)
    assert encoding.max_bitrate_bps > bitrate


def test_frame_rate_gives_way_last_and_never_below_ten() -> None:
    assert all(step.framerate >= 25 for step in STEPS if step.from_bps >= 90_000)
    rates = [step.framerate for step in STEPS]
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] > 10


def test_small_camera_is_scaled_less() -> None:
    [(_, encoding)] = asked(lambda _: 300_000, 60, (640, 480))
    assert encoding.scale_resolution_down_by == 1.2


def test_camera_that_browser_sent_smaller_at_first_is_recognised_by_what_comes_later() -> None:
    policy = EncodingPolicy()
    first = [policy.update(300_000, (640, 360), step / 10) for step in range(30)]
    assert [each.scale_resolution_down_by for each in first if each is not None] == [1.0]
    later = [policy.update(300_000, HD, 10 + step / 10) for step in range(30)]
    assert [each.scale_resolution_down_by for each in later if each is not None] == [2.0]


def test_sender_that_obeys_nothing_is_not_asked_for_ever() -> None:
    assert len(asked(lambda _: 200_000, 120, obeys=False)) <= 4


def unclear(
    bitrate: int, seconds: float, while_unclear: Callable[[float], bool], at_rate: float | None = 30
) -> list[tuple[float, float]]:
    """:returns: when which scale was asked for. :param at_rate: what is asked for each time; None: anything."""
    policy, found, scale = EncodingPolicy(), list[tuple[float, float]](), 1.0
    for step in range(int(seconds * 10)):
        now = step / 10
        sent = (int(HD[0] / scale), int(HD[1] / scale))
        encoding = policy.update(bitrate, sent, now, is_unclear=while_unclear(now))
        if encoding is not None:
            scale = encoding.scale_resolution_down_by
            found.append((now, scale))
            assert at_rate is None or encoding.max_framerate == at_rate
    return found


def test_picture_that_its_line_leaves_unclear_is_sent_smaller_at_the_same_rate() -> None:
    [(_, first), (at, second)] = unclear(300_000, 60, lambda now: now > 10)
    assert (first, second) == (2.0, 2.7)
    assert 10 < at < 13


def test_larger_size_is_tried_again_after_a_while_and_less_and_less_often() -> None:
    found = unclear(300_000, 600, lambda now: 10 < now < 12 or 90 < now < 93)
    assert [scale for _, scale in found] == [2.0, 2.7, 2.0, 2.7, 2.0]
    (_, first), (_, again), (_, second), (_, later) = found[1:]
    assert (first, second) == (2.7, 2.7)
    times = [at for at, _ in found]
    assert times[2] - times[1] > 60 and times[4] - times[3] > 120
    assert again == later == 2.0


@pytest.mark.parametrize("bitrate", [200_000, 150_000, 100_000, 70_000, 50_000])
def test_small_picture_is_made_no_smaller_for_being_unclear_and_keeps_its_rate(bitrate: int) -> None:
    assert unclear(bitrate, 120, lambda _: True, at_rate=None) == unclear(bitrate, 120, lambda _: False, at_rate=None)


def test_unclear_picture_on_a_line_that_carries_it_is_the_lens_s_or_the_light_s() -> None:
    assert unclear(2_500_000, 30, lambda _: True) == []
    assert len(unclear(450_000, 30, lambda _: True)) == 1


def test_short_dip_changes_nothing() -> None:
    assert asked(lambda now: 600_000 if 10 < now < 10.8 else 2_500_000, 30) == []


def test_estimate_that_swings_does_not_make_the_picture_flap() -> None:
    """As the estimate of a full line does: up for seconds, down by 15 %."""
    found = asked(lambda now: 215_000 + 40_000 * (now % 4) / 4, 120)
    assert len(found) <= 3


def test_better_line_gives_resolution_back_after_a_while() -> None:
    found = asked(lambda now: 200_000 if now < 20 else 2_000_000, 60)
    assert [encoding.scale_resolution_down_by for _, encoding in found] == [2.7, 1.0]
    assert found[1][0] > 19.5 + UP_AFTER_S
