"""
Two calls of aiortc participants on one worker, every leg over a line that loses, reorders, repeats and delays packets.

Codes in the pictures and tones prove that each leg gets the right media and nobody else's; text must come whole.
"""

import contextlib
from collections.abc import AsyncIterator, Collection

import pytest

from relay.model import WebLeg
from tests.helpers.line import Line, line
from tests.helpers.media_worker import TALK, MediaWorkerProcess, media_worker
from tests.helpers.peers import CodedPeer, until
from tests.helpers.shaping import Way

pytestmark = [pytest.mark.integration, pytest.mark.timeout(400)]

BAD = Way(delay_ms=5, jitter_ms=10, loss=0.05, reorder=0.05, duplicate=0.03)
DEADLINE_S = 45.0  # a lost handshake packet costs a second, a busy machine more
#: An aiortc viewer asks for a lost packet once, and when what it asked for is lost as well it waits until 512 more have
#: come: 51 s at ten pictures a second. Browsers ask again.
PICTURE_DEADLINE_S = 90.0
TONES = {1: 440.0, 2: 880.0, 3: 1320.0, 11: 2200.0, 12: 3080.0}


@pytest.fixture
async def worker() -> AsyncIterator[MediaWorkerProcess]:
    async with media_worker() as worker:
        yield worker
        assert worker.is_alive
        assert worker.log == ""


class BadLines:
    """Lines are opened as participants need them, each with its own seed, and closed at the end."""

    def __init__(self, stack: contextlib.AsyncExitStack) -> None:
        self._stack = stack
        self.lines: list[Line] = []

    async def open(self) -> Line:
        opened = await self._stack.enter_async_context(line(BAD, BAD, seed=20 + len(self.lines)))
        self.lines.append(opened)
        return opened


@pytest.fixture
async def lines() -> AsyncIterator[BadLines]:
    async with contextlib.AsyncExitStack() as stack:
        yield BadLines(stack)


async def join(
    worker: MediaWorkerProcess, call_id: str, leg: WebLeg, participant: int, *, through: Line, generation: int = 1
) -> CodedPeer:
    peer = CodedPeer(participant, TONES[participant])
    await worker.join(call_id, leg, peer, through=through, generation=generation)
    return peer


async def gets(viewer: CodedPeer, participant: int, others: Collection[int]) -> None:
    """
    Sees and hears this participant and, once its first picture has come, none of the others. What covers up lost sound
    has a little of every tone for half a second; somebody else's voice would stay.
    """
    await until(lambda: viewer.seen_participants()[participant] > 0, f"a picture of {participant}", PICTURE_DEADLINE_S)
    viewer.seen.clear()
    await until(
        lambda: (
            viewer.seen_participants()[participant] >= 10
            and viewer.hears(TONES[participant])
            and all(viewer.heard_share(TONES[other]) < 0.1 for other in others)
        ),
        f"{participant} at {viewer.participant}",
        PICTURE_DEADLINE_S,
    )
    for other in others:
        assert viewer.seen_participants()[other] == 0


async def test_over_bad_lines_everybody_gets_the_right_picture_voice_and_whole_text(
    worker: MediaWorkerProcess, lines: BadLines
) -> None:
    signer = await join(worker, "one", "signer", 1, through=await lines.open())
    agent = await join(worker, "one", "agent", 2, through=await lines.open())
    other_signer = await join(worker, "two", "signer", 11, through=await lines.open())
    other_agent = await join(worker, "two", "agent", 12, through=await lines.open())
    for call_id in ("one", "two"):
        await worker.plan(call_id)
    words = [f"mot {number} 🤟 " for number in range(24)]
    for word in words:
        signer.media.send_text(word)
        other_agent.media.send_text(word.upper())
    await gets(signer, 2, (1, 11, 12))
    await gets(agent, 1, (2, 11, 12))
    await gets(other_signer, 12, (1, 2, 11))
    await gets(other_agent, 11, (1, 2, 12))
    await until(lambda: agent.text_from("signer") == "".join(words), "the whole text in order", DEADLINE_S)
    await until(lambda: other_signer.text_from("agent") == "".join(words).upper(), "the other text", DEADLINE_S)
    assert not signer.texts and not other_agent.texts
    for peer in (signer, agent, other_signer, other_agent):
        assert peer.media.state == "connected"
    for each in lines.lines:
        for way in (await each.counts()).values():
            assert way["lost"] and way["reordered"] and way["duplicated"]


async def test_over_bad_lines_the_source_of_a_picture_can_change_and_come_back(
    worker: MediaWorkerProcess, lines: BadLines
) -> None:
    to_signer, to_agent = await lines.open(), await lines.open()
    signer = await join(worker, "c", "signer", 1, through=to_signer)
    agent = await join(worker, "c", "agent", 2, through=to_agent)
    await worker.plan("c")
    await gets(signer, 2, (1,))
    await gets(agent, 1, (2,))

    await worker.plan("c", TALK.model_copy(update={"agent_hidden": True}))
    agent.forget()
    await gets(agent, 1, (2,))
    signer.forget()
    hidden_at = signer.pictures
    agent.forget()
    await gets(agent, 1, (2,))
    assert signer.pictures - hidden_at <= 2  # what was still on its way
    signer.forget()
    await worker.plan("c")
    await gets(signer, 2, (1,))

    await signer.media.close()
    agent.media.send_text("es-tu là ?")
    back = await join(worker, "c", "signer", 3, through=to_signer, generation=2)
    agent.forget()
    await gets(agent, 3, (1, 2))
    await gets(back, 2, (1, 3))
    await until(lambda: back.text_from("agent").endswith("es-tu là ?"), "what was written meanwhile", DEADLINE_S)
    assert agent.media.state == "connected"
