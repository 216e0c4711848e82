"""
Which picture codecs two legs have in common. Pure.

Packets pass from leg to leg untouched: what one sends, the other must read. A leg's answer tells what it takes of an
offer; where both were offered everything at once, the one that took more is offered anew what both read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from relay.model import VideoCodec
from signaling.call_model import Party

Codecs = tuple[VideoCodec, ...]
Legs = Mapping[Party, "LegCodecs"]
ALL: Codecs = ("VP8", "H264")
OTHER: dict[Party, Party] = {"signer": "agent", "agent": "signer"}


@dataclass(frozen=True)
class LegCodecs:
    """
    :param offered: in the newest offer. :param taken: by its answer, None before it.
    :param reads: all that the leg is known to read; a codec that the newest offer left out stays as it was known.
    """

    offered: Codecs = ALL
    taken: Codecs | None = None
    reads: Codecs = ()


class Reopen(NamedTuple):
    """This leg needs a new offer, of :func:`offer_for`: it sends, or waits for, what the other does not read."""

    party: Party


class NoCommon(NamedTuple):
    """No picture is possible between these two devices; text and sound are."""


def offer_for(party: Party, legs: Legs) -> Codecs:
    """:returns: what the other leg reads, all while that is not known."""
    other = legs.get(OTHER[party], LegCodecs())
    return tuple(codec for codec in ALL if codec in other.reads) or ALL


def offered(party: Party, codecs: Codecs, legs: Legs) -> dict[Party, LegCodecs]:
    """A new offer went out: what was taken of the one before it is void."""
    before = legs.get(party, LegCodecs())
    return {**legs, party: LegCodecs(offered=codecs, reads=before.reads)}


def answered(party: Party, taken: Codecs, legs: Legs) -> dict[Party, LegCodecs]:
    before = legs.get(party, LegCodecs())
    reads = (*taken, *(codec for codec in before.reads if codec not in before.offered))
    return {**legs, party: LegCodecs(before.offered, taken, tuple(dict.fromkeys(reads)))}


def settle(legs: Legs) -> Reopen | NoCommon | None:
    """:returns: None: nothing to do, or an answer is still to come."""
    signer, agent = legs.get("signer", LegCodecs()), legs.get("agent", LegCodecs())
    if signer.taken is None or agent.taken is None:
        return None
    if not signer.reads or not agent.reads:
        refused_all = any(not each.reads and each.offered != ALL for each in (signer, agent))
        return NoCommon() if refused_all else None  # else one of them wants no picture at all
    common = set(signer.reads) & set(agent.reads)
    if not common:
        return NoCommon()
    sides: tuple[tuple[Party, LegCodecs], ...] = ("signer", signer), ("agent", agent)
    for party, leg in sides:
        if set(leg.taken or ()) - common or not leg.taken:
            return Reopen(party)
    return None
