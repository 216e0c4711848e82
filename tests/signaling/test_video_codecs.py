"""Two legs are brought to what both read, in as few offers as may be, and are told when there is nothing."""

from hypothesis import given
from hypothesis import strategies as st

from relay.model import VideoCodec
from signaling.call_terms import Party
from signaling.video_codecs import (
    ALL,
    Codecs,
    LegCodecs,
    NoCommon,
    Reopen,
    answered,
    offer_for,
    offered,
    promoted,
    settle,
    without,
)

PARTIES: tuple[Party, ...] = ("signer", "agent")
Devices = dict[Party, Codecs]


def take(codecs: Codecs, device: Codecs) -> Codecs:
    """A device's answer: its own order."""
    return tuple(codec for codec in device if codec in codecs)


def play(devices: Devices, legs: dict[Party, LegCodecs] | None = None) -> tuple[dict[Party, LegCodecs], int, bool]:
    """Both are offered at once, then what :func:`settle` asks for. :returns: the end, offers made, told in words."""
    legs, waiting, count = legs or {}, list(PARTIES), 0
    offers = {party: offer_for(party, legs) for party in PARTIES}
    while waiting:
        for party in waiting:
            legs = offered(party, offers[party], legs)
            count += 1
        for party in waiting:
            legs = answered(party, take(offers[party], devices[party]), legs)
        match settle(legs):
            case Reopen(parties):
                waiting, offers = list(parties), {party: offer_for(party, legs) for party in parties}
            case NoCommon():
                return legs, count, True
            case None:
                waiting = []
        assert count < 8
    return legs, count, False


def play_three(devices: Devices) -> tuple[dict[Party, LegCodecs], bool]:
    """All are offered at once, then what :func:`settle` asks for. :returns: the end, told in words."""
    legs: dict[Party, LegCodecs] = {}
    waiting = tuple(devices)
    for _ in range(8):
        offers = {party: offer_for(party, legs) for party in waiting}
        for party in waiting:
            legs = offered(party, offers[party], legs)
        for party in waiting:
            legs = answered(party, take(offers[party], devices[party]), legs)
        match settle(legs):
            case Reopen(parties):
                waiting = parties
            case found:
                return legs, isinstance(found, NoCommon)
    raise AssertionError("offers without end")


def test_everything_is_offered_while_nothing_is_known() -> None:
    assert offer_for("signer", {}) == ALL


def test_the_second_leg_is_offered_only_what_the_first_reads() -> None:
    legs = answered("signer", ("H264",), offered("signer", ALL, {}))
    assert offer_for("agent", legs) == ("H264",)


def test_of_two_opened_at_once_the_one_with_more_is_opened_again() -> None:
    legs, count, told = play({"signer": ("VP8", "H264"), "agent": ("H264",)})
    assert (legs["signer"].taken, legs["agent"].taken, count, told) == (("H264",), ("H264",), 3, False)


def test_two_that_read_everything_need_one_offer_each_whatever_they_prefer() -> None:
    assert play({"signer": ("H264", "VP8"), "agent": ("VP8", "H264")})[1:] == (2, False)


def test_two_without_a_codec_in_common_are_told() -> None:
    assert play({"signer": ("VP8",), "agent": ("H264",)})[2]


def test_one_who_wants_no_picture_is_no_fault() -> None:
    assert play({"signer": (), "agent": ("VP8",)})[1:] == (2, False)


def test_a_new_device_on_one_side_finds_the_codec_that_both_have_now() -> None:
    legs, _, told = play({"signer": ("VP8",), "agent": ("H264",)})
    assert told
    legs, _, told = play({"signer": ("VP8",), "agent": ("VP8", "H264")}, legs)
    assert not told
    assert legs["signer"].taken == legs["agent"].taken == ("VP8",)


def test_nothing_is_decided_before_both_have_answered() -> None:
    legs = answered("signer", ("VP8",), offered("signer", ALL, {}))
    assert settle(legs) is None
    assert settle(offered("agent", ("VP8",), legs)) is None


DEVICES = st.lists(st.sampled_from(ALL), min_size=1, unique=True).map(tuple)


@given(DEVICES, DEVICES, DEVICES)
def test_whatever_the_devices_no_side_sends_what_the_other_does_not_read(
    signer: tuple[VideoCodec, ...], agent: tuple[VideoCodec, ...], later: tuple[VideoCodec, ...]
) -> None:
    legs: dict[Party, LegCodecs] = {}
    for device in (signer, later):
        legs, _, told = play({"signer": device, "agent": agent}, legs)
        common = set(device) & set(agent)
        assert told == (not common)
        if common:
            assert set(legs["signer"].taken or ()) <= common and set(legs["agent"].taken or ()) <= common
            assert legs["signer"].taken and legs["agent"].taken


@given(DEVICES, DEVICES, DEVICES)
def test_of_three_nobody_sends_what_another_does_not_read(
    signer: tuple[VideoCodec, ...], agent: tuple[VideoCodec, ...], second: tuple[VideoCodec, ...]
) -> None:
    legs, told = play_three({"signer": signer, "agent": agent, "second": second})
    common = set(signer) & set(agent) & set(second)
    assert told == (not common)
    if common:
        assert all(leg.taken and set(leg.taken) <= common for leg in legs.values())


def test_who_becomes_the_agent_brings_the_codecs_along_and_who_left_counts_no_more() -> None:
    legs, _ = play_three({"signer": ("VP8", "H264"), "agent": ("VP8", "H264"), "second": ("H264",)})
    after = promoted(legs)
    assert set(after) == {"signer", "agent"}
    assert after["agent"] == legs["second"]
    assert offer_for("signer", without("second", legs)) == ALL
    assert promoted(without("second", legs)).keys() == {"signer"}
