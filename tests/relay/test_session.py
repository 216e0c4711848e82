"""What a call makes of its legs' lines: bitrates and sizes asked of the other side."""

from collections.abc import AsyncIterator

import pytest

from relay.forwarding import rtcp
from relay.model import CallPlan
from tests.helpers.listed_call import ListedCall


@pytest.fixture
async def call() -> AsyncIterator[ListedCall]:
    call = ListedCall("signer", "agent")
    yield call
    await call.close()


async def test_sender_is_asked_at_once_for_no_more_than_its_viewers_line_carries(call: ListedCall) -> None:
    call.picture("signer", 0.0)
    call.path("agent").receive(rtcp.build_remb(9, 400_000, [101]), 0.01)
    assert call.bitrates("signer") == [pytest.approx(400_000, rel=0.01)]
    assert call.bitrates("agent") == []


async def test_sender_without_viewer_is_bounded_by_the_policy_only(call: ListedCall) -> None:
    call.session.update(CallPlan(bridged=False))
    call.picture("signer", 0.0)
    call.run(1.5, 400_000)
    assert call.bitrates("signer") == []
    assert call.encodings() == []


async def test_narrow_line_makes_the_other_side_send_smaller_pictures_and_says_so_once(call: ListedCall) -> None:
    call.picture("signer", 0.0)
    call.run(10, 200_000)
    [wanted] = call.encodings()
    assert (wanted.leg, wanted.generation, wanted.call_id) == ("signer", 4, "c")
    assert wanted.encoding.scale_resolution_down_by > 2
    assert wanted.encoding.max_framerate == 30


async def test_good_line_asks_for_nothing(call: ListedCall) -> None:
    call.picture("signer", 0.0)
    call.run(10, 2_400_000)
    assert call.encodings() == []


async def test_line_that_widens_gives_the_picture_its_size_back(call: ListedCall) -> None:
    call.picture("signer", 0.0)
    now = call.run(10, 200_000)
    call.run(30, 2_400_000, now)
    assert [event.encoding.scale_resolution_down_by for event in call.encodings()][-1] == 1.0
    assert call.bitrates("signer")[-1] == pytest.approx(2_400_000, rel=0.01)
