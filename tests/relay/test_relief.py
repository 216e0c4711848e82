"""Which temporal layers pass, and how a receiver is led from one choice to the next."""

from relay.forwarding.relief import ALL_LAYERS, RETURN_AFTER_S, LayerFilter, LayerRelief


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
