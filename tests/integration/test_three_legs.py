"""
A second beside the agent, with a real media worker, real peers and the phone worker's mixing: who sees whom in which
of the two pictures, who hears whom, who reads whom, in every role; and that nobody is cut when roles change.
"""

from collections.abc import AsyncIterator
from typing import NamedTuple

import pytest

from relay.control_messages import LegState, LegStatsEvent
from relay.media_code import PictureCode
from relay.model import CallPlan, Leg, WebLeg
from tests.helpers.media_worker import MediaWorkerProcess, media_worker
from tests.helpers.mixed_phone import MixedPhone, mixed_phone
from tests.helpers.peers import CodedPeer, until

pytestmark = pytest.mark.integration

CALL = "c"
SIGNER, AGENT, SECOND = 1, 2, 3
TONES: dict[Leg, float] = {"signer": 440.0, "agent": 880.0, "second": 1760.0, "phone": 1240.0}
DEADLINE_S = 45.0


Sees = tuple[int | None, int | None]


class Three:
    """The people of one call, each with an own code in the picture and an own tone."""

    def __init__(self, worker: MediaWorkerProcess) -> None:
        self.worker = worker
        self.signer = CodedPeer(SIGNER, TONES["signer"], takes_second=True)
        self.agent = CodedPeer(AGENT, TONES["agent"], takes_second=True)
        self.second = CodedPeer(SECOND, TONES["second"], takes_second=True)
        self.phone: MixedPhone | None = None

    @property
    def peers(self) -> tuple[CodedPeer, CodedPeer, CodedPeer]:
        return self.signer, self.agent, self.second

    async def join(self) -> None:
        for leg, peer in zip(("signer", "agent", "second"), self.peers, strict=True):
            await self.worker.join(CALL, leg, peer)  # type: ignore[arg-type]

    async def plan(self, **wanted: object) -> None:
        socket = str(self.phone.socket) if self.phone is not None else None
        plan = CallPlan.model_validate({"bridged": True, "phone_socket": socket, **wanted})
        await self.worker.plan(CALL, plan)
        if self.phone is not None:
            self.phone.plan(plan)
            self.phone.forget()
        for peer in self.peers:
            peer.forget()

    async def until_seen(self, what: str, signer: Sees, agent: Sees, second: Sees | None = None) -> None:
        """
        :param signer: whom the signer sees first and second. :param second: None: whatever the second sees.

        What was under way when the plan changed is forgotten.
        """
        wanted = [(self.signer, signer), (self.agent, agent)] + ([(self.second, second)] if second else [])

        def all_see() -> bool:
            if all(peer.sees(*pictures) for peer, pictures in wanted):
                return True
            for peer, pictures in wanted:
                if any(_strangers(seen, each) for seen, each in zip(peer.both_seen, pictures, strict=True)):
                    peer.forget()
            return False

        await until(all_see, what, DEADLINE_S)

    async def until_heard(self, what: str, hears: dict[Leg, set[Leg]]) -> None:
        """Each voice that should be heard, and none of the others."""
        await until(lambda: all(self._hears(leg, voices) for leg, voices in hears.items()), what, DEADLINE_S)

    def _hears(self, leg: Leg, voices: set[Leg]) -> bool:
        assert self.phone is not None
        peers: dict[Leg, CodedPeer | MixedPhone] = dict(zip(("signer", "agent", "second"), self.peers, strict=True))
        ear = {**peers, "phone": self.phone}[leg]
        shares = {source: ear.heard_share(hz) for source, hz in TONES.items()}
        return all((share > 0.1) if source in voices else (share < 0.02) for source, share in shares.items())


def _strangers(seen: list[PictureCode], wanted: int | None) -> bool:
    return bool({code.participant for code in seen} - {wanted})


@pytest.fixture
async def three() -> AsyncIterator[Three]:
    async with media_worker() as worker:
        three = Three(worker)
        await three.join()
        yield three
        assert worker.log == ""


class Role(NamedTuple):
    """:param sees: of signer, agent, second. :param hears: of everybody, with a signer who uses voice and hearing."""

    plan: dict[str, object]
    sees: tuple[Sees, Sees, Sees]
    hears: dict[Leg, set[Leg]]


NOBODY: Sees = (None, None)
ALL_TOGETHER = ((AGENT, SECOND), (SIGNER, SECOND), (SIGNER, AGENT))
ROLES: dict[str, Role] = {
    "nobody beside the agent": Role(
        {"second": None},
        ((AGENT, None), (SIGNER, None), NOBODY),
        {"signer": {"phone"}, "agent": {"signer", "phone"}, "second": set(), "phone": {"agent", "signer"}},
    ),
    "consulted": Role(
        {"second": "consulted"},
        (NOBODY, (SECOND, None), (AGENT, None)),
        {"signer": set(), "agent": {"second"}, "second": {"agent"}, "phone": set()},
    ),
    "team": Role(
        {"second": "team", "active": "second"},
        ((SECOND, None), (SIGNER, SECOND), (SIGNER, AGENT)),
        {
            "signer": {"phone"},
            "agent": {"signer", "second", "phone"},
            "second": {"signer", "agent", "phone"},
            "phone": {"second", "signer"},
        },
    ),
    "deaf adviser and interpreter": Role(
        {"second": "interpreter", "agent_muted": True},
        ((AGENT, SECOND), (SIGNER, SECOND), (AGENT, SIGNER)),
        {
            "signer": {"phone"},
            "agent": {"signer", "second", "phone"},
            "second": {"signer", "phone"},
            "phone": {"second", "signer"},
        },
    ),
    "expert": Role(
        {"second": "expert"},
        ALL_TOGETHER,
        {
            "signer": {"phone"},
            "agent": {"signer", "second", "phone"},
            "second": {"signer", "agent", "phone"},
            "phone": {"agent", "second", "signer"},
        },
    ),
    "supervisor": Role(
        {"second": "supervisor"},
        ALL_TOGETHER,
        {
            "signer": {"phone"},
            "agent": {"signer", "second", "phone"},
            "second": {"signer", "agent", "phone"},
            "phone": {"agent", "signer"},
        },
    ),
}


async def test_in_each_role_everybody_sees_and_hears_whom_they_should_and_nobody_else(three: Three) -> None:
    directory = three.worker.config.audio_socket.parent
    async with mixed_phone(CALL, directory / "phone", three.worker.config.audio_socket, TONES["phone"]) as phone:
        three.phone = phone
        for name, role in ROLES.items():
            await three.plan(signer_voice=True, signer_hearing=True, **role.plan)
            await three.until_seen(f"pictures: {name}", *role.sees)
            await three.until_heard(f"voices: {name}", role.hears)


async def test_without_a_telephone_who_is_consulted_speaks_with_the_agent_alone(three: Three) -> None:
    await three.plan(second="consulted", signer_voice=True, signer_hearing=True)
    await three.until_seen("two among themselves", NOBODY, (SECOND, None), (AGENT, None))
    await until(lambda: three.agent.hears(TONES["second"]) and three.second.hears(TONES["agent"]), "voices", DEADLINE_S)
    assert three.signer.heard_share(TONES["agent"]) == three.signer.heard_share(TONES["second"]) == 0.0


async def test_text_follows_the_roles_on_a_channel_of_its_own_for_each_party(three: Three) -> None:
    await three.plan(second="team")
    parties: dict[CodedPeer, set[str]] = {
        three.signer: {"agent", "second"},
        three.agent: {"signer", "second"},
        three.second: {"signer", "agent"},
    }
    await until(lambda: all(peer.media.text_parties == wanted for peer, wanted in parties.items()), "channels")
    three.second.media.send_text("prompt")
    three.agent.media.send_text("said")
    three.signer.media.send_text("asked")
    await until(lambda: all(len(peer.texts) >= 1 for peer in three.peers) and len(three.agent.texts) >= 2, "texts")
    await until(lambda: len(three.second.texts) >= 2, "texts of the second")
    assert three.signer.texts == [("agent", "said")]
    assert sorted(three.agent.texts) == [("second", "prompt"), ("signer", "asked")]
    assert sorted(three.second.texts) == [("agent", "said"), ("signer", "asked")]


async def test_swap_of_a_team_never_leaves_the_signer_without_whole_pictures(three: Three) -> None:
    await three.plan(second="team", active="agent")
    await three.until_seen("the agent is active", (AGENT, None), (SIGNER, SECOND), (SIGNER, AGENT))
    await three.plan(second="team", active="agent", swapping=True)
    await until(lambda: three.signer.sees(AGENT, SECOND), "both", DEADLINE_S)
    shown, whole = three.signer.pictures, len(three.signer.seen)
    await three.worker.plan(CALL, CallPlan(bridged=True, second="team", active="second", swapping=True))
    await until(lambda: three.signer.seen[-1].participant == SECOND, "the second in the first picture", DEADLINE_S)
    await until(lambda: three.signer.second_seen[-1].participant == AGENT, "the agent in the other", DEADLINE_S)
    order = [code.participant for code in three.signer.seen]
    assert order == sorted(order), "first the one, then the other, nothing in between"
    assert three.signer.pictures - shown == len(three.signer.seen) - whole, "each picture shown was whole"
    await three.plan(second="team", active="second")
    await three.until_seen("the second is active", (SECOND, None), (SIGNER, SECOND), (SIGNER, AGENT))
    assert {event.generation for event in three.worker.events if isinstance(event, LegState)} == {1}


async def test_second_who_reloads_the_page_and_then_leaves_disturbs_nobody(three: Three) -> None:
    await three.plan(second="expert")
    await three.until_seen("everybody", *ALL_TOGETHER)
    back = CodedPeer(4, 2200.0, takes_second=True)
    await three.worker.join(CALL, "second", back, generation=2)
    await three.second.media.close()
    await three.until_seen("the new page", (AGENT, 4), (SIGNER, 4))
    await until(lambda: back.sees(SIGNER, AGENT), "what the new page sees", DEADLINE_S)
    three.agent.media.send_text("again")
    await until(lambda: ("agent", "again") in back.texts, "text on the new page", DEADLINE_S)
    await three.worker.close_leg(CALL, "second")
    await three.plan(second=None)
    await three.until_seen("two alone", (AGENT, None), (SIGNER, None))
    assert three.signer.media.state == three.agent.media.state == "connected"


async def test_handed_over_call_goes_on_with_the_seconds_own_connection(three: Three) -> None:
    await three.plan(second="expert")
    await three.until_seen("everybody", *ALL_TOGETHER)
    await three.worker.promote_second(CALL)
    await three.plan(second=None)
    three.agent, three.second = three.second, three.agent
    await three.until_seen("the new agent", (SECOND, None), (SIGNER, None))
    three.agent.media.send_text("here I am")
    three.signer.media.send_text("hello")
    await until(lambda: ("agent", "here I am") in three.signer.texts, "text of the new agent", DEADLINE_S)
    await until(lambda: ("signer", "hello") in three.agent.texts, "text to the new agent", DEADLINE_S)
    await until(lambda: three.second.media.state == "closed", "the former agent's end", DEADLINE_S)
    legs: list[tuple[WebLeg, int, str]] = [
        (event.leg, event.generation, event.state) for event in three.worker.events if isinstance(event, LegState)
    ]
    assert legs[-1] == ("agent", 1, "connected")
    assert not [each for each in legs if each[2] == "closed"], "nobody was lost"
    three.worker.events.clear()
    await until(lambda: measured(three) == {"signer", "agent"}, "measures under the new name", DEADLINE_S)


def measured(three: Three) -> set[WebLeg]:
    return {event.leg for event in three.worker.events if isinstance(event, LegStatsEvent)}
