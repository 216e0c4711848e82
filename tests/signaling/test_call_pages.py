"""What reaches whom of a call while somebody comes, waits or leaves: those who are in it, and what is theirs."""

import asyncio
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from relay.control_messages import VisibilityReading
from signaling.call_events import WatchSet
from signaling.call_media import CallMedia
from signaling.call_model import Call
from signaling.call_pages import CallPages
from signaling.call_terms import PARTIES, CallState, Party
from signaling.ice_servers import IceServers
from signaling.lane import Lane
from signaling.leg_openings import LegOpenings
from signaling.messages import AnyServerMessage
from signaling.messages.call_state import QueueView
from signaling.messages.media import MediaOffer
from signaling.messages.visibility import VisibilityMessage
from signaling.picture_desk import may_ask_camera
from signaling.sessions import Hub
from tests.signaling.calls import beside, in_state, play

S = CallState


@dataclass
class Told:
    """A hub where everybody is present."""

    sent: list[tuple[str | None, AnyServerMessage]] = field(default_factory=list)

    def send(self, _role: str, key: str | None, message: AnyServerMessage, _device: str | None = None) -> None:
        self.sent.append((key, message))

    def is_present(self, *_: object) -> bool:
        return True

    def who_got(self, kind: type[Any]) -> list[str | None]:
        return [key for key, message in self.sent if isinstance(message, kind)]


@dataclass
class Owner:
    call: Call
    queue_view: QueueView | None = None

    def tell_all(self, message: AnyServerMessage, /) -> None: ...


class SlowMedia:
    """Opening takes its time."""

    media_id = "worker"

    def __init__(self) -> None:
        self.begun, self.may_end = asyncio.Event(), asyncio.Event()
        self.told: list[tuple[str, Party]] = []

    async def close_leg(self, party: Party) -> None:
        self.told.append(("close", party))

    async def open_leg(self, _call: Call, party: Party) -> tuple[int, str]:
        self.told.append(("open", party))
        self.begun.set()
        await self.may_end.wait()
        return 1, "v=0"


class NoIce:
    def for_page(self) -> tuple[()]:
        return ()


async def opened_while(joined: Call, meanwhile: Call) -> list[str | None]:
    """:returns: who was offered a connection for the second, asked for in one state and ready in the other."""
    hub, owner, media, lane = Told(), Owner(joined), SlowMedia(), Lane("media")
    openings = LegOpenings(owner, cast(CallMedia, media), lane, cast(Hub, hub), cast(IceServers, NoIce()))
    openings.want("second")
    async with asyncio.timeout(30):
        await media.begun.wait()
        owner.call = meanwhile
        media.may_end.set()
        await lane.drained()
    await lane.close()
    return hub.who_got(MediaOffer)


async def test_whoever_was_sent_away_while_the_offer_was_made_does_not_get_it() -> None:
    joined = beside("team", S.ACTIVE)
    assert joined.second is not None
    assert await opened_while(joined, joined) == [joined.second.key]
    assert await opened_while(joined, joined.model_copy(update={"second": None})) == []
    other = joined.second.model_copy(update={"key": "somebody-else"})
    assert await opened_while(joined, joined.model_copy(update={"second": other})) == []


@pytest.mark.parametrize("has_media", [True, False])
async def test_a_former_agent_is_shown_nothing_while_the_successor_still_connects(has_media: bool) -> None:
    media, lane = SlowMedia(), Lane("media")
    media.may_end.set()
    owner = Owner(beside("nobody", S.ACTIVE))
    openings = LegOpenings(owner, cast(CallMedia, media), lane, cast(Hub, Told()), cast(IceServers, NoIce()))
    openings.promote_second(has_media=has_media)
    async with asyncio.timeout(30):
        await lane.drained()
    await lane.close()
    assert media.told == ([] if has_media else [("close", "agent"), ("open", "agent")])


def read_by(call: Call, leg: Party = "signer") -> list[str | None]:
    hub = Told()
    reading = VisibilityReading(call_id=call.call_id, leg=leg, level="good", advice="good", measures={})
    CallPages(Owner(call), cast(Hub, hub)).visibility(reading)
    assert all(message.whose == leg for _, message in hub.sent if isinstance(message, VisibilityMessage))
    return hub.who_got(VisibilityMessage)


def test_how_readable_the_signer_is_reaches_nobody_who_does_not_see_the_signer() -> None:
    team, consulted = beside("team", S.ACTIVE), beside("consulted", S.ACTIVE)
    assert team.second is not None and consulted.second is not None
    assert team.second.key in read_by(team)
    assert consulted.second.key not in read_by(consulted) and consulted.agent_key in read_by(consulted)


def test_each_is_told_about_the_own_picture_and_nobody_else_about_those_who_serve() -> None:
    team = beside("team", S.ACTIVE)
    assert team.second is not None
    assert read_by(team, "agent") == [team.agent_key]
    assert read_by(team, "second") == [team.second.key]
    assert team.signer_key in read_by(team)


def test_between_signers_each_is_told_about_the_own_picture_alone() -> None:
    call = in_state(S.TALKING, "video")
    assert (read_by(call), read_by(call, "agent")) == (["s1"], ["s2"])


def test_everybody_who_would_be_told_of_a_picture_is_told_that_its_analysis_is_switched_off() -> None:
    call, _ = play(in_state(S.ACTIVE), WatchSet("signer", enabled=False))
    hub = Told()
    CallPages(Owner(call), cast(Hub, hub)).publish()
    said = {key: (m.level, m.advice, m.measures) for key, m in hub.sent if isinstance(m, VisibilityMessage)}
    assert said == dict.fromkeys((call.signer_key, call.agent_key, None), ("off", "switched_off", {}))


@pytest.mark.parametrize(
    ("call", "able"),
    [
        (beside("team", S.ACTIVE), {"agent", "second"}),
        (beside("expert", S.TALKING, "direct"), {"agent"}),
        (beside("consulted", S.ACTIVE), set()),
        (in_state(S.QUEUED), set()),
        (in_state(S.TALKING, "video"), set()),
    ],
)
def test_a_camera_is_asked_to_move_by_whoever_serves_and_sees_it(call: Call, able: set[Party]) -> None:
    assert {party for party in PARTIES if may_ask_camera(call, party)} == able
