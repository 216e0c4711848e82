"""How much a sender is asked for when several see it, each over a line of its own."""

import pytest

from relay.bitrates import BASE_LAYER_SHARE, FIRST_SHARE, FULL_PICTURE_BPS, Sees, needed_bitrate
from relay.model import WebLeg

TWO: Sees = {"signer": ("agent",), "agent": ("signer",), "second": ()}
ALL: Sees = {"signer": ("agent", "second"), "agent": ("signer", "second"), "second": ("signer", "agent")}


def needed(source: WebLeg, sees: Sees, signer: int | None, agent: int | None, second: int | None) -> int | None:
    carried = {"signer": signer, "agent": agent, "second": second}
    return needed_bitrate(source, sees, lambda leg: carried[leg])


def test_of_two_each_is_asked_for_what_the_others_line_carries() -> None:
    assert needed("agent", TWO, 700_000, 300_000, 100_000) == 700_000
    assert needed("signer", TWO, 700_000, 300_000, 100_000) == 300_000


def test_nothing_is_asked_of_who_is_not_seen_or_before_a_line_is_known() -> None:
    assert needed("second", TWO, 700_000, 300_000, 100_000) is None
    assert needed("agent", TWO, None, 300_000, 100_000) is None
    assert needed("second", ALL, None, None, 5_000_000) is None


def test_the_weakest_line_on_which_the_picture_comes_first_bounds_it_by_its_share() -> None:
    assert needed("signer", ALL, None, 2_000_000, 400_000) == int(FIRST_SHARE * 400_000)
    assert needed("signer", ALL, None, 400_000, None) == int(FIRST_SHARE * 400_000)


def test_a_weak_line_on_which_the_picture_comes_second_never_makes_it_smaller_for_the_others() -> None:
    assert needed("agent", ALL, 5_000_000, None, 100_000) == FULL_PICTURE_BPS
    assert needed("agent", ALL, None, None, 100_000) == FULL_PICTURE_BPS


def test_a_fair_line_on_which_the_picture_comes_second_is_left_its_lowest_layer() -> None:
    wide, fair = 5_000_000, 1_400_000
    assert needed("agent", ALL, wide, None, fair) == pytest.approx(
        (1 - FIRST_SHARE) * fair / BASE_LAYER_SHARE, rel=0.01
    )


def test_who_is_second_to_everybody_is_asked_for_the_smallest_rest() -> None:
    assert needed("second", ALL, 1_000_000, 600_000, None) == pytest.approx((1 - FIRST_SHARE) * 600_000, abs=1)
