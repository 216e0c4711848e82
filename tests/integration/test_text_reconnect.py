"""Real-time text while connections are replaced: it arrives once and in order, or a mark stands for what is missing."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from relay.text import MISSING_TEXT
from tests.helpers.line import Line, line
from tests.helpers.media_worker import MediaWorkerProcess, media_worker
from tests.helpers.peers import CodedPeer, until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]
TEXT_S = 30.0


@pytest.fixture
async def worker() -> AsyncIterator[MediaWorkerProcess]:
    async with media_worker() as running:
        yield running


@pytest.fixture
async def signers_line() -> AsyncIterator[Line]:
    async with line() as opened:
        yield opened


class Writer:
    """Types numbered words, two or three at a time, until it is told to stop."""

    def __init__(self, peer: CodedPeer) -> None:
        self.written = ""
        self._peer = peer
        self._typing = asyncio.create_task(self._type())

    async def stop(self) -> None:
        self._typing.cancel()
        await asyncio.gather(self._typing, return_exceptions=True)
        self._write("fin.")

    async def _type(self) -> None:
        number = 0
        while True:
            for _ in range(2 + number % 2):
                number += 1
                self._write(f"{number} ")
            await asyncio.sleep(0.3)

    def _write(self, text: str) -> None:
        self._peer.media.send_text(text)
        self.written += text


async def test_text_written_while_the_reader_is_cut_off_arrives_after_one_mark_for_what_was_under_way(
    worker: MediaWorkerProcess, signers_line: Line
) -> None:
    signer, agent = CodedPeer(1, 440.0), CodedPeer(2, 880.0)
    await worker.join("c", "signer", signer, through=signers_line)
    await worker.join("c", "agent", agent)
    await worker.plan("c")
    writer = Writer(agent)
    await until(lambda: len(signer.text_from("agent")) > 10, "text", TEXT_S)
    await signers_line.down()
    before = len(writer.written)
    await until(lambda: len(writer.written) > before + 30, "more text", TEXT_S)
    again = CodedPeer(3, 440.0)
    await worker.join("c", "signer", again, generation=2)
    await until(lambda: len(again.text_from("agent")) > 10, "text again", TEXT_S)
    await writer.stop()
    await until(lambda: again.text_from("agent").endswith("fin."), "the end", TEXT_S)
    first, second = signer.text_from("agent"), again.text_from("agent")
    rest = second.removeprefix(MISSING_TEXT)
    lost = len(writer.written) - len(first) - len(rest)
    assert lost >= 0 and writer.written.startswith(first) and writer.written.endswith(rest)
    assert MISSING_TEXT not in rest
    assert second.startswith(MISSING_TEXT) or lost == 0


async def test_reader_who_was_away_reads_what_was_written_meanwhile_without_a_mark(worker: MediaWorkerProcess) -> None:
    signer, agent = CodedPeer(1, 440.0), CodedPeer(2, 880.0)
    await worker.join("c", "signer", signer)
    await worker.join("c", "agent", agent)
    await worker.plan("c")
    agent.media.send_text("avant ")
    await until(lambda: signer.text_from("agent") == "avant ", "text", TEXT_S)
    seen = signer.pictures
    await until(lambda: signer.pictures > seen + 2, "a moment more", TEXT_S)  # in which the reader confirms the text
    await signer.media.close()
    await until(lambda: worker.state_of("c", "signer", 1) == "closed", "away", TEXT_S)
    agent.media.send_text("pendant ")
    again = CodedPeer(3, 440.0)
    await worker.join("c", "signer", again, generation=2)
    agent.media.send_text("après")
    await until(lambda: again.text_from("agent").endswith("après"), "text again", TEXT_S)
    assert again.text_from("agent") == "pendant après"


async def test_writer_who_comes_back_goes_on_where_the_text_stopped(worker: MediaWorkerProcess) -> None:
    signer, agent = CodedPeer(1, 440.0), CodedPeer(2, 880.0)
    await worker.join("c", "signer", signer)
    await worker.join("c", "agent", agent)
    await worker.plan("c")
    signer.media.send_text("x" * 150 + " ")  # more than may pass at once: part of it waits
    await until(lambda: bool(agent.text_from("signer")), "the beginning", TEXT_S)
    again = CodedPeer(3, 440.0)
    await worker.join("c", "signer", again, generation=2)
    again.media.send_text("suite")
    await until(lambda: agent.text_from("signer").endswith("suite"), "the end", TEXT_S)
    assert agent.text_from("signer") == "x" * 150 + " suite"
