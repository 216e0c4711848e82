"""Which temporal layers pass, and how a receiver is led from one choice to the next."""

import pytest

from relay.forwarding.relief import (
    ALL_LAYERS,
    PAUSE_AFTER_S,
    PAUSE_ENDS_AFTER_S,
    RETURN_AFTER_S,
    LayerFilter,
    LayerRelief,
    Pause,
)


class Stream:
    """30 pictures a second in three layers of 40, 20 and 40 % of the bits."""

    def __init__(self, rate_bps: float) -> None:
        self.rate_bps = rate_bps
        self.octets = [0.0, 0.0, 0.0, 0.0]
        self.relief = LayerRelief()
        self.now = 0.0

    def run(self, seconds: float, available_bps: int | None, queue_s: float = 0.0) -> int:
        highest = self.relief.highest
        for _ in range(int(seconds * 10)):
            for layer, share in enumerate((0.4, 0.2, 0.4)):
                self.octets[layer] += share * self.rate_bps / 80
            self.now += 0.1
            octets = tuple(int(each) for each in self.octets)
            highest = self.relief.decide(octets, available_bps, queue_s, self.now)
        return highest


def test_everything_passes_where_it_fits_or_nothing_is_known() -> None:
    assert Stream(500_000).run(3.0, 600_000) == ALL_LAYERS
    assert Stream(500_000).run(3.0, None) == ALL_LAYERS


def test_upper_layers_give_way_as_far_as_needed() -> None:
    assert Stream(1_000_000).run(1.0, 600_000) == 1
    assert Stream(1_000_000).run(1.0, 400_000) == 0
    assert Stream(1_000_000).run(1.0, 50_000) == 0


def test_queue_that_must_empty_takes_a_layer_too() -> None:
    assert Stream(500_000).run(1.0, 500_000, queue_s=0.25) == 1


def test_relief_ends_soon_after_it_fits_again_but_not_at_once() -> None:
    stream = Stream(1_000_000)
    assert stream.run(1.0, 600_000) == 1
    assert stream.run(RETURN_AFTER_S - 0.2, 1_200_000) == 1
    assert stream.run(0.6, 1_200_000) == ALL_LAYERS


def test_relief_goes_on_while_the_queue_is_long() -> None:
    stream = Stream(1_000_000)
    assert stream.run(1.0, 600_000) == 1
    assert stream.run(3.0, 1_300_000, queue_s=0.15) == 1


def test_layers_go_at_once_but_no_picture_is_cut_in_two() -> None:
    layers = LayerFilter()
    assert layers.passes(2, 3000, is_layer_sync=False)
    layers.highest = 0
    assert layers.passes(2, 3000, is_layer_sync=False)
    assert not layers.passes(2, 6000, is_layer_sync=False)
    assert not layers.passes(1, 9000, is_layer_sync=True)


def test_layers_come_back_one_by_one_where_a_picture_needs_the_base_only() -> None:
    layers = LayerFilter()
    layers.highest = 0
    layers.passes(1, 0, is_layer_sync=False)
    layers.highest = ALL_LAYERS
    assert not layers.passes(2, 3000, is_layer_sync=True)  # the layer between is still missing
    assert not layers.passes(1, 6000, is_layer_sync=False)
    assert layers.passes(1, 9000, is_layer_sync=True)
    assert layers.passes(1, 9000, is_layer_sync=True)
    assert layers.passes(1, 12_000, is_layer_sync=False)
    assert not layers.passes(2, 15_000, is_layer_sync=False)
    assert layers.passes(2, 18_000, is_layer_sync=True)


def test_key_frame_brings_all_layers_back() -> None:
    layers = LayerFilter()
    layers.highest = 0
    layers.passes(2, 0, is_layer_sync=False)
    layers.highest = ALL_LAYERS
    layers.key_frame()
    assert layers.passes(2, 3000, is_layer_sync=False)


def test_what_another_picture_takes_is_not_there() -> None:
    stream = Stream(1_000_000)
    for _ in range(10):
        stream.now += 0.1
        stream.octets = [stream.now * each * 1_000_000 / 8 for each in (0.4, 0.2, 0.4, 0.0)]
        octets = tuple(int(each) for each in stream.octets)
        highest = stream.relief.decide(octets, 1_000_000, 0.0, stream.now, taken_bps=650_000)
    assert highest == 1
    assert stream.relief.base_bps == pytest.approx(400_000, rel=0.01)
    assert stream.relief.passing_bps == pytest.approx(600_000, rel=0.01)
    assert stream.relief.budget_bps == pytest.approx(650_000, rel=0.01)


def test_a_second_picture_pauses_once_its_lowest_layer_does_not_fit_for_a_while() -> None:
    pause = Pause()
    assert not pause.decide(400_000, 300_000, 10.0)
    assert not pause.decide(400_000, 500_000, 11.5), "a large key frame: it fits again"
    assert not pause.decide(400_000, 300_000, 12.0)
    assert not pause.decide(400_000, 300_000, 12.0 + PAUSE_AFTER_S - 0.1)
    assert pause.decide(400_000, 300_000, 12.0 + PAUSE_AFTER_S)


def test_a_paused_picture_comes_back_once_there_was_room_for_seconds() -> None:
    pause = Pause()
    for now in (0.0, PAUSE_AFTER_S):
        pause.decide(400_000, 300_000, now)
    assert pause.decide(400_000, 420_000, 60.0), "not by a hair"
    assert pause.decide(400_000, 600_000, 61.0)
    assert pause.decide(400_000, 300_000, 62.0)
    assert pause.decide(400_000, 600_000, 63.0)
    assert pause.decide(400_000, 600_000, 63.0 + PAUSE_ENDS_AFTER_S - 0.1)
    assert not pause.decide(400_000, 600_000, 63.0 + PAUSE_ENDS_AFTER_S)
