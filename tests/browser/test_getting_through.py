"""
Browsers behind difficult networks: UDP blocked, so that TURN over TCP or TLS is the only way, and no own address told.

The browsers here use no UDP at all (``disable_non_proxied_udp``), as behind a firewall that lets only TCP out.
"""

import contextlib
import json
from collections.abc import AsyncIterator, Iterator, Sequence

import pytest
from playwright.async_api import Browser, Page, async_playwright

from relay.model import IceServer, WebLeg
from tests.browser.signing_in import PASSWORD, become_available, sign_in
from tests.helpers.browser_call import CHROMIUM, FLAGS, LEGS, page_server
from tests.helpers.coturn import SECRET, Coturn, coturn, needs_coturn, offered
from tests.helpers.line import without_candidates
from tests.helpers.media_worker import MediaWorkerProcess, media_worker
from tests.helpers.peers import until
from tests.helpers.whole_service import whole_service

pytestmark = [pytest.mark.browser, pytest.mark.integration, pytest.mark.timeout(240)]
WITHOUT_UDP = [*FLAGS, "--webrtc-ip-handling-policy=disable_non_proxied_udp", "--ignore-certificate-errors"]
GATHERED_MS = 30_000.0
HIDING_ADDRESSES = [
    *(flag for flag in FLAGS if "fake-ui" not in flag),  # that flag is a permission for every page
    "--enable-features=WebRtcHideLocalIpsWithMdns",
]
PICTURES_MS = 45_000.0
USES = """configuration => {
  const Original = RTCPeerConnection;
  window.RTCPeerConnection = class extends Original { constructor(given) { super({...given, ...configuration}); } };
}"""
DRAWN_INSTEAD_OF_CAMERA = """() => {
  navigator.mediaDevices.getUserMedia = async () => {
    const canvas = Object.assign(document.createElement('canvas'), {width: 640, height: 480});
    const drawing = canvas.getContext('2d');
    setInterval(() => {
      drawing.fillStyle = `hsl(${Date.now() / 10 % 360} 80% 50%)`;
      drawing.fillRect(0, 0, 640, 480);
    }, 40);
    const sound = new AudioContext().createMediaStreamDestination();
    return new MediaStream([...canvas.captureStream(25).getTracks(), ...sound.stream.getTracks()]);
  };
}"""
SEES = """async enough => {
  for (const each of (await connection.getStats()).values())
    if (each.type === 'inbound-rtp' && each.kind === 'video' && each.framesDecoded >= enough) return true;
  return false;
}"""
SHOWS = "enough => document.querySelector('video.remote')?.getVideoPlaybackQuality().totalVideoFrames > enough"
ROUTE = """async () => {
  const stats = await connection.getStats();
  const pair = [...stats.values()].find(each => each.type === 'candidate-pair' && each.nominated);
  const local = stats.get(pair.localCandidateId);
  return [local.candidateType, local.relayProtocol ?? null];
}"""


@pytest.fixture
def turn() -> Iterator[Coturn]:
    with coturn() as server:
        yield server


@pytest.fixture
async def worker() -> AsyncIterator[MediaWorkerProcess]:
    async with media_worker() as running:
        yield running


@contextlib.asynccontextmanager
async def chromium(flags: Sequence[str]) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=flags)
        yield browser
        await browser.close()


async def new_page(browser: Browser, url: str, ice_servers: tuple[IceServer, ...] = (), more: str = "") -> Page:
    context = await browser.new_context()
    configuration = {"iceServers": [server.model_dump(mode="json", exclude_none=True) for server in ice_servers]}
    await context.add_init_script(f"({USES})({json.dumps(configuration)}); {more and f'({more})()'}")
    page = await context.new_page()
    await page.goto(url)
    return page


async def join(worker: MediaWorkerProcess, leg: WebLeg, page: Page, generation: int = 1) -> list[str]:
    """:returns: the candidates of the page's answer, which the worker took."""
    await page.evaluate("offer => answer(offer)", await worker.open("c", leg, generation))
    await page.wait_for_function("connection.iceGatheringState === 'complete'", timeout=GATHERED_MS)
    sdp = str(await page.evaluate("connection.localDescription.sdp"))
    await worker.answer("c", leg, sdp, generation)
    return [line for line in sdp.splitlines() if line.startswith("a=candidate")]


async def see_each_other(worker: MediaWorkerProcess, *pages: Page) -> None:
    for leg in LEGS:
        await worker.connected("c", leg)
    await worker.plan("c")
    for page in pages:
        await page.wait_for_function(SEES, arg=30, timeout=PICTURES_MS)


@needs_coturn
async def test_pictures_pass_both_ways_over_turn_by_tcp_and_by_tls_where_udp_is_blocked(
    turn: Coturn, worker: MediaWorkerProcess
) -> None:
    async with chromium(WITHOUT_UDP) as browser, page_server() as url:
        signer = await new_page(browser, url, offered(turn.tcp))
        agent = await new_page(browser, url, offered(turn.tls))
        for leg, page in zip(LEGS, (signer, agent), strict=True):
            candidates = await join(worker, leg, page)
            assert candidates and all(" typ relay " in line for line in candidates)
        await see_each_other(worker, signer, agent)
        assert await signer.evaluate(ROUTE) == ["relay", "tcp"]
        assert await agent.evaluate(ROUTE) == ["relay", "tls"]
        await signer.evaluate("channel.send('bonjour')")
        await agent.wait_for_function("texts.length > 0")
        assert await agent.evaluate("texts") == [["signer", "t140", "bonjour"]]
    assert worker.log == ""


@needs_coturn
async def test_page_whose_credential_is_over_does_not_connect_and_the_next_offer_does(
    turn: Coturn, worker: MediaWorkerProcess
) -> None:
    async with chromium(WITHOUT_UDP) as browser, page_server() as url:
        page = await new_page(browser, url, offered(turn.tcp, age_s=50_000))
        assert await join(worker, "signer", page) == []
        await until(lambda: "Cannot find credentials" in turn.log(), "a refusal", 20)
        again = await new_page(browser, url, offered(turn.tcp))
        await join(worker, "signer", again, generation=2)
        await worker.connected("c", "signer", 2)
    assert worker.state_of("c", "signer", 1) == "connecting"


@needs_coturn
async def test_page_whose_relay_is_slow_to_open_connects_although_its_answer_names_none(
    turn: Coturn, worker: MediaWorkerProcess
) -> None:
    async with chromium(WITHOUT_UDP) as browser, page_server() as url:
        page = await new_page(browser, url, offered(turn.tls))
        sdp = await page.evaluate("offer => answer(offer)", await worker.open("c", "signer"))
        await worker.answer("c", "signer", without_candidates(sdp))
        await worker.connected("c", "signer")
        assert await page.evaluate(ROUTE) == ["relay", "tls"]


@needs_coturn
async def test_whole_call_between_two_people_whose_networks_let_no_udp_through(turn: Coturn) -> None:
    """Our own pages, with what the service makes of its settings."""
    urls = f"{turn.udp},{turn.tcp},{turn.tls}"
    settings = {"media_workers": "1", "visibility_workers": "0", "first_people": "no"}
    with whole_service(turn_urls=urls, turn_secret=SECRET, **settings) as service:
        service.add_people(PASSWORD, signers=["Camille"], agents=["Nour"])
        async with chromium(WITHOUT_UDP) as browser:
            agent, signer = [await (await browser.new_context()).new_page() for _ in range(2)]
            for page in (agent, signer):
                page.set_default_timeout(PICTURES_MS)
            await sign_in(agent, f"{service.url}/workstation", "nour")
            await become_available(agent)
            await sign_in(signer, service.url, "camille")
            await signer.get_by_label("Numéro de téléphone").press_sequentially("0199000001")
            await signer.get_by_role("button", name="Appeler", exact=True).click()
            await agent.get_by_role("button", name="Accepter").click()
            for page in (signer, agent):
                await page.wait_for_function(SHOWS, arg=20, timeout=PICTURES_MS)
    assert "ALLOCATE processed, success" in turn.log()
    assert "Cannot find credentials" not in turn.log()


async def test_browser_that_hides_its_addresses_connects(worker: MediaWorkerProcess) -> None:
    """Without camera permission a browser offers names under .local alone, which nobody here can resolve."""
    async with chromium(HIDING_ADDRESSES) as browser, page_server() as url:
        signer, agent = [await new_page(browser, url, more=DRAWN_INSTEAD_OF_CAMERA) for _ in range(2)]
        for leg, page in zip(LEGS, (signer, agent), strict=True):
            candidates = await join(worker, leg, page)
            assert candidates and all(".local " in line for line in candidates)
        await see_each_other(worker, signer, agent)
