"""
A real TURN server: what the service finds out about it, and media through a relay that the media worker itself opened.
"""

import asyncio
import functools
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiortc import RTCIceGatherer, RTCIceTransportPolicy

from relay.aiortc_internals import link
from relay.config import MediaWorkerConfig
from relay.control import ControlClient
from relay.control_messages import AnswerLeg, AnyEvent, OpenLeg, UpdateCall
from relay.model import CallPlan, IceServer, WebLeg
from relay.worker import run
from signaling import ice_check
from signaling.config import Config, SignalingConfig, load_config
from signaling.doctor.finding import Finding
from signaling.doctor.network import check_ice
from signaling.ice_check import Answer, IceHealth, ask_all
from signaling.ice_servers import IceServers
from tests.helpers.control_plane import control_plane
from tests.helpers.coturn import SECRET, Coturn, coturn, needs_coturn, offered
from tests.helpers.peers import CodedPeer, until
from tests.integration.test_sockets import CONFIG, call, in_media_loop

pytestmark = pytest.mark.integration
TALK = CallPlan(bridged=True, signer_voice=True, signer_hearing=True)


@pytest.fixture(scope="module")
def turn() -> Iterator[Coturn]:
    with coturn() as server:
        yield server


@pytest.fixture
def silent_port() -> Iterator[int]:
    """UDP that nobody reads."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.1", 0))
        yield deaf.getsockname()[1]


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine is no silent server."""
    monkeypatch.setattr(ice_check, "DEADLINE_S", 30.0)


@needs_coturn
@pytest.mark.usefixtures("patience")
async def test_servers_that_answer_are_found_well_and_every_relay_is_given_back(turn: Coturn) -> None:
    stun = IceServer(urls=(f"stun:127.0.0.1:{turn.port}",))
    found = await ask_all((stun, *offered(turn.udp, turn.tcp)))
    assert found == [Answer(url, None) for url in (stun.urls[0], turn.udp, turn.tcp)]
    await until(lambda: turn.log().count("lifetime=0") == 2, "both relays given back")


@needs_coturn
@pytest.mark.usefixtures("patience")
async def test_server_that_refuses_our_credential_is_told_from_one_that_is_not_there(turn: Coturn) -> None:
    assert await ask_all(offered(turn.udp, secret="another")) == [Answer(turn.udp, "credential")]
    assert await ask_all(offered(turn.tcp, age_s=50_000)) == [Answer(turn.tcp, "credential")]
    assert await ask_all(offered(turn.tls)) == [Answer(turn.tls, "certificate")]


async def test_server_that_does_not_answer_is_told_in_time(silent_port: int) -> None:
    servers = (IceServer(urls=(f"stun:127.0.0.1:{silent_port}",)), *offered(f"turn:127.0.0.1:{silent_port}"))
    assert [answer.problem for answer in await ask_all(servers)] == ["silent", "silent"]


@pytest.mark.usefixtures("patience")
async def test_port_where_nobody_listens_is_told_from_silence(silent_port: int) -> None:
    url = f"turn:127.0.0.1:{silent_port}?transport=tcp"
    assert await ask_all(offered(url)) == [Answer(url, "unreachable")]


async def test_readiness_goes_on_being_told_where_the_turn_server_is_silent(silent_port: int) -> None:
    url = f"turn:127.0.0.1:{silent_port}"
    async with control_plane(turn_urls=(url,), turn_secret=SECRET) as plane:
        for _ in range(100):
            checks = await plane.checks()
            assert checks["redis"] == "ok"
            assert checks["ice"] in ("unknown", "silent")
            if checks["ice"] == "silent":
                return
            await asyncio.sleep(0.2)
    raise AssertionError("the silence was not told")


@needs_coturn
@pytest.mark.usefixtures("patience")
async def test_doctor_says_which_server_refuses_and_what_to_do(turn: Coturn, tmp_path: Path) -> None:
    def config(secret: str) -> Config:
        environ = {"PASSERELLE_TURN_URLS": turn.tcp, "PASSERELLE_TURN_SECRET": secret}
        return load_config(environ | {"PASSERELLE_DATA_DIR": str(tmp_path)})

    assert await check_ice(config(SECRET)) == [Finding("ok", "TURN", f"{turn.tcp} répond et accepte nos accès")]
    (refused,) = await check_ice(config("another"))
    assert refused.verdict == "warning"
    assert turn.tcp in refused.words and "PASSERELLE_TURN_SECRET" in refused.words


@needs_coturn
@pytest.mark.usefixtures("patience")
async def test_readiness_names_the_problem_and_asks_the_server_once_a_minute(turn: Coturn) -> None:
    now = 0.0
    settings = SignalingConfig(turn_urls=(turn.tcp,), turn_secret="another")
    health = IceHealth(IceServers(settings), clock=lambda: now)

    async def finds(word: str | None) -> bool:
        for _ in range(100):
            if await health() == word:
                return True
        return False

    assert await finds("credential")
    refusals = turn.log().count("Cannot find credentials")
    for _ in range(20):
        assert await health() == "credential"
    assert turn.log().count("Cannot find credentials") == refusals
    now = 61.0
    await health()
    await until(lambda: turn.log().count("Cannot find credentials") > refusals, "asked again")
    assert await IceHealth(IceServers(SignalingConfig()))() is None


@needs_coturn
def test_media_leaves_the_fast_path_by_itself_where_a_leg_is_relayed(
    turn: Coturn, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with call(CONFIG) as made:
            await made.join("agent")
            _without_other_way(monkeypatch)
            await made.join("signer", ice_servers=offered(turn.tcp))
            await made.both_see_each_other()
            assert made.link("agent").is_fast
            assert not made.link("signer").is_fast

    in_media_loop(scenario())


@pytest.fixture
def relay_only(monkeypatch: pytest.MonkeyPatch) -> None:
    _without_other_way(monkeypatch)


def _without_other_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker has no other way out than its TURN relay."""
    gatherer = functools.partial(RTCIceGatherer, iceTransportPolicy=RTCIceTransportPolicy.RELAY)
    monkeypatch.setattr(link, "RTCIceGatherer", gatherer)
    monkeypatch.setattr(link, "add_loopback", lambda *_, **__: None)


@needs_coturn
@pytest.mark.usefixtures("relay_only")
async def test_media_and_text_pass_over_a_relay_that_the_worker_opened(turn: Coturn) -> None:
    directory = Path(tempfile.mkdtemp(prefix="psr-"))
    config = MediaWorkerConfig("test", directory / "control", directory / "audio", drain_s=0.0)
    stop, events = asyncio.Event(), list[AnyEvent]()
    worker = asyncio.create_task(run(config, stop))
    client = ControlClient(events.append, lambda: None)
    signer, agent = CodedPeer(1, 440.0), CodedPeer(2, 880.0)
    try:
        await until(config.control_socket.exists, "the worker")
        await client.connect(config.control_socket)
        ways: tuple[tuple[WebLeg, CodedPeer, str], ...] = (("signer", signer, turn.udp), ("agent", agent, turn.tcp))
        for leg, peer, url in ways:
            command = OpenLeg(call_id="c", epoch=1, leg=leg, generation=1, ice_servers=offered(url))
            sdp = (await client.request(command))["sdp"]
            candidates = [line for line in sdp.splitlines() if line.startswith("a=candidate")]
            assert candidates and all(" typ relay " in line for line in candidates)
            answer = await peer.media.answer(sdp)
            await client.request(AnswerLeg(call_id="c", epoch=1, leg=leg, generation=1, sdp=answer))
        await asyncio.gather(signer.media.wait_connected(40), agent.media.wait_connected(40))
        await client.request(UpdateCall(call_id="c", epoch=1, plan=TALK))
        await until(lambda: len(signer.seen) >= 10 and len(agent.seen) >= 10, "pictures", 40)
        assert set(signer.seen_participants()) == {2} and set(agent.seen_participants()) == {1}
        await until(lambda: signer.hears(880.0) and agent.hears(440.0), "voices", 40)
        signer.media.send_text("bonjour")
        await until(lambda: agent.text_from("signer") == "bonjour", "text", 20)
    finally:
        await asyncio.gather(signer.media.close(), agent.media.close(), return_exceptions=True)
        await client.close()
        stop.set()
        await asyncio.wait_for(worker, 45)
        shutil.rmtree(directory)
