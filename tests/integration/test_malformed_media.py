"""
Malformed RTP, RTCP, STUN and DTLS on a live call: nothing escapes, the call goes on, others feel nothing.

``benchmarks.malformed`` sends the same by the hundred thousand.
"""

import contextlib
from collections.abc import AsyncIterator

import pytest

from relay.model import WebLeg
from tests.helpers.compiled_forwarding import compiled_root
from tests.helpers.hostile import Hostile, begin_anew, make_tolerant
from tests.helpers.media_worker import MediaWorkerProcess, media_worker
from tests.helpers.peers import CodedPeer, until

pytestmark = pytest.mark.integration

COUNT = 5_000
SIGNER_HZ, AGENT_HZ = 440.0, 880.0
MEMORY_ALLOWANCE_MB = 60
DEADLINE_S = 45.0


@pytest.fixture
async def worker(request: pytest.FixtureRequest) -> AsyncIterator[MediaWorkerProcess]:
    async with media_worker(compiled_root() if request.param == "compiled" else None) as worker:
        yield worker
        assert worker.is_alive
        lines = worker.log.splitlines()
        assert len(lines) <= 1 and not [line for line in lines if not line.startswith("WARNING:")]


class HostileCall:
    """A call whose signer can send garbage."""

    def __init__(self, worker: MediaWorkerProcess) -> None:
        self.signer, self.agent = CodedPeer(1, SIGNER_HZ), CodedPeer(2, AGENT_HZ)
        self._worker = worker
        self._offers = dict[WebLeg, str]()

    async def begin(self, seed: int) -> Hostile:
        worker, offers = self._worker, self._offers
        legs: tuple[tuple[WebLeg, CodedPeer], ...] = (("signer", self.signer), ("agent", self.agent))
        for leg, peer in legs:
            worker.peers.append(peer)
            offers[leg] = await worker.open("hostile", leg)
            answer = await peer.media.answer(offers[leg])
            await worker.answer("hostile", leg, answer)
            await peer.media.wait_connected(DEADLINE_S)
            await worker.connected("hostile", leg)
            if leg == "signer":
                hostile = Hostile(peer, offers[leg], answer, seed)
        await worker.plan("hostile")
        make_tolerant(self.agent)
        return hostile

    async def goes_on(self) -> None:
        """
        Both ways, once each has given up on what the garbage left out: with packets asked for again that were not
        missing, the hostile participant uses up what its own line may get a second time.
        """
        await self._gets_anew("signer", self.signer, self.agent)
        await self._gets_anew("agent", self.agent, self.signer)

    async def _gets_anew(self, leg: WebLeg, viewer: CodedPeer, other: CodedPeer) -> None:
        for attempt in range(8):
            await begin_anew(viewer, self._offers[leg])
            with contextlib.suppress(AssertionError):
                return await gets(viewer, other, DEADLINE_S if attempt == 7 else 6.0)
        raise AssertionError(f"{leg} does not see and hear the other one any more")


async def bystanders(worker: MediaWorkerProcess) -> tuple[CodedPeer, CodedPeer]:
    legs: dict[WebLeg, CodedPeer] = {"signer": CodedPeer(11, SIGNER_HZ), "agent": CodedPeer(12, AGENT_HZ)}
    for leg, peer in legs.items():
        await worker.join("quiet", leg, peer)
    await worker.plan("quiet")
    return legs["signer"], legs["agent"]


async def gets(viewer: CodedPeer, other: CodedPeer, timeout_s: float = DEADLINE_S) -> None:
    """Sees and hears it from now on."""
    viewer.forget()
    await until(
        lambda: viewer.seen_participants()[other.participant] >= 8 and viewer.hears(other.tone_hz),
        f"{other.participant} at {viewer.participant}",
        timeout_s,
    )


@pytest.mark.parametrize(
    ("worker", "kind"),
    [
        ("python", "stranger"),
        ("python", "from_own_address"),
        ("python", "protected"),
        pytest.param("compiled", "protected", marks=pytest.mark.timeout(300)),  # compiles, if it is the first
    ],
    indirect=["worker"],
)
async def test_garbage_ends_no_call_and_is_felt_by_no_other(worker: MediaWorkerProcess, kind: str) -> None:
    call = HostileCall(worker)
    hostile = await call.begin(seed=5)
    first, second = await bystanders(worker)
    await call.goes_on()
    await gets(first, second)
    await gets(second, first)
    before_mb = worker.resident_mb
    first.forget()
    second.forget()
    await getattr(hostile, kind)(COUNT)
    await call.goes_on()
    for viewer, other in ((first, second), (second, first)):
        await until(lambda viewer=viewer: len(viewer.seen) >= 8, "the others' pictures", DEADLINE_S)  # type: ignore[misc]
        assert set(viewer.seen_participants()) == {other.participant}
        assert max(viewer.delays_ms) < 5000  # of a picture every 100 ms: none was held up by what came in between
    assert hostile.refused < COUNT / 2
    for call_id in ("hostile", "quiet"):
        assert worker.state_of(call_id, "signer", 1) == worker.state_of(call_id, "agent", 1) == "connected"
    assert worker.resident_mb - before_mb < MEMORY_ALLOWANCE_MB
