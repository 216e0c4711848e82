"""
Which picture codecs the legs of a call have in common. Pure.

Packets pass from leg to leg untouched: what one sends, all others must read. A leg's answer tells what it takes of an
offer; where several were offered everything at once, those that took more are offered anew what all read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from relay.model import VideoCodec
from signaling.call_terms import Party

Codecs = tuple[VideoCodec, ...]
Legs = Mapping[Party, "LegCodecs"]
ALL: Codecs = ("VP8", "H264")


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
    """These legs need new offers, of :func:`offer_for`: they send, or wait for, what another does not read."""

    parties: tuple[Party, ...]


class NoCommon(NamedTuple):
    """No picture is possible between these devices; text and sound are."""


def offer_for(party: Party, legs: Legs) -> Codecs:
    """:returns: what all other legs are known to read; all, while nothing is known of them, or nothing is common."""
    others = [leg.reads for each, leg in legs.items() if each != party and leg.reads]
    return tuple(codec for codec in ALL if all(codec in reads for reads in others)) or ALL


def offered(party: Party, codecs: Codecs, legs: Legs) -> dict[Party, LegCodecs]:
    """A new offer went out: what was taken of the one before it is void."""
    before = legs.get(party, LegCodecs())
    return {**legs, party: LegCodecs(offered=codecs, reads=before.reads)}


def answered(party: Party, taken: Codecs, legs: Legs) -> dict[Party, LegCodecs]:
    before = legs.get(party, LegCodecs())
    reads = (*taken, *(codec for codec in before.reads if codec not in before.offered))
    return {**legs, party: LegCodecs(before.offered, taken, tuple(dict.fromkeys(reads)))}


def without(party: Party, legs: Legs) -> dict[Party, LegCodecs]:
    """A leg is closed: nobody need read what it sends."""
    return {each: leg for each, leg in legs.items() if each != party}


def promoted(legs: Legs) -> dict[Party, LegCodecs]:
    """The second's leg is the agent's now."""
    others = without("second", without("agent", legs))
    return {**others, "agent": legs["second"]} if "second" in legs else others


def settle(legs: Legs) -> Reopen | NoCommon | None:
    """:returns: None: nothing to do, or an answer is still to come."""
    if any(leg.taken is None for leg in legs.values()):
        return None
    if any(not leg.reads and leg.offered != ALL for leg in legs.values()):
        return NoCommon()
    seeing = {party: leg for party, leg in legs.items() if leg.reads}  # the others want no picture at all
    common = set(ALL).intersection(*(leg.reads for leg in seeing.values()))
    if not common:
        return NoCommon()
    unfit = tuple(party for party, leg in seeing.items() if set(leg.taken or ()) - common or not leg.taken)
    return Reopen(unfit) if unfit and len(seeing) > 1 else None
