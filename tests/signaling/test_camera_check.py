"""Which camera checks may be, and what happens to those that somebody left behind."""

import asyncio
import time
from pathlib import Path
from typing import Any, cast

from relay.control_messages import CallSummary, CloseCall, LegStatsEvent, VisibilityReading, Watch
from relay.model import LegStats
from signaling.camera_check import CameraChecks
from signaling.check_media import ends_at, new_id
from signaling.config import SignalingConfig
from signaling.identity import Identity
from signaling.messages import AnyServerMessage
from signaling.messages.media import MediaOffer
from signaling.messages.visibility import CheckStart, CheckState, CheckStop, VisibilityMessage
from signaling.metrics import Metrics
from signaling.sessions import PageSession
from tests.signaling.workers import NotedPool, NotedWorker

PAST, FUTURE = 1_000.0, time.time() + 1_000.0


class Page(PageSession):
    """:param key: of a person who is signed in."""

    def __init__(self, key: str) -> None:
        super().__init__(Identity(key, "signer", person_id=key), cast(Any, None))
        self.sent: list[AnyServerMessage] = []

    def send(self, message: AnyServerMessage) -> None:
        self.sent.append(message)

    @property
    def states(self) -> list[tuple[bool, str | None]]:
        return [(each.running, each.ended) for each in self.sent if isinstance(each, CheckState)]


def checks_with(*workers: NotedWorker) -> CameraChecks:
    config = SignalingConfig(data_dir=Path("var"))
    return CameraChecks(config, NotedPool(*workers).pool, Metrics(), lambda _role, _key: False)


async def settled(checks: CameraChecks) -> None:
    async with asyncio.timeout(30):
        while checks.is_at_work:
            await asyncio.sleep(0)


async def start(checks: CameraChecks, key: str) -> Page:
    page = Page(key)
    await checks.start(page, CheckStart())
    await settled(checks)
    return page


def test_the_name_of_a_check_tells_when_it_ends() -> None:
    assert ends_at(new_id(1234.9)) == 1234.0
    assert ends_at("check-") == ends_at("check-²-x") == ends_at("check--1-x") == 0.0


async def test_a_part_of_the_workers_is_kept_for_calls() -> None:
    assert (await start(checks_with(), "a")).states[-1] == (False, "no_worker")
    assert (await start(checks_with(NotedWorker("m", "media", share=0.8)), "a")).states[-1] == (False, "busy")
    checks = checks_with(NotedWorker("m", "media", capacity=10))
    states = [(await start(checks, key)).states[-1] for key in ("a", "b", "c")]
    assert states == [(True, None), (True, None), (False, "busy")]


async def test_a_check_without_a_visibility_worker_says_so_and_goes_on() -> None:
    eyes = NotedWorker("v", "visibility", share=0.9)
    page = await start(checks_with(NotedWorker("m", "media"), eyes), "a")
    said = [(each.level, each.advice) for each in page.sent if isinstance(each, VisibilityMessage)]
    assert (page.states, said, eyes.told) == ([(True, None)], [("off", "not_measured")], [])


async def test_a_visibility_worker_that_comes_later_is_asked_to_watch() -> None:
    workers = NotedPool(NotedWorker("m", "media"))
    checks = CameraChecks(SignalingConfig(data_dir=Path("var")), workers.pool, Metrics(), lambda _role, _key: False)
    page = await start(checks, "a")
    eyes = NotedWorker("v", "visibility")
    workers.workers.append(eyes)
    checks.worker_found(eyes.link)
    await settled(checks)
    assert [(each.leg, each.watch_for) for each in eyes.told if isinstance(each, Watch)] == [("signer", "camera_check")]
    await checks.stop(page, CheckStop())
    await settled(checks)
    assert isinstance(eyes.told[-1], CloseCall)


async def test_nobody_is_told_of_another_persons_check() -> None:
    media = NotedWorker("m", "media")
    checks = checks_with(media)
    one, other = await start(checks, "a"), await start(checks, "b")
    check_id = next(each.check_id for each in one.sent if isinstance(each, CheckState))
    before = len(other.sent)
    checks.worker_event(media.link, VisibilityReading(call_id=check_id, leg="signer", level="good", advice="good"))
    checks.worker_event(media.link, LegStatsEvent(call_id=check_id, leg="signer", stats=LegStats()))
    assert [each.type for each in one.sent[-2:]] == ["visibility", "network"]
    assert len(other.sent) == before


async def test_what_a_process_that_died_has_left_is_closed_by_another_once_its_time_is_over() -> None:
    media, checks = NotedWorker("m", "media"), checks_with()
    for until in (FUTURE, PAST):
        checks.worker_event(media.link, LegStatsEvent(call_id=new_id(until), leg="signer", stats=LegStats()))
    await settled(checks)
    assert [ends_at(each.call_id) for each in media.told] == [PAST]
    media.told.clear()
    media.calls = tuple(CallSummary(call_id=each, epoch=1, legs={}) for each in (new_id(FUTURE), new_id(PAST), "call"))
    checks.worker_found(media.link)
    await settled(checks)
    assert [ends_at(each.call_id) for each in media.told] == [PAST]


async def test_what_a_worker_that_was_away_still_has_of_a_check_is_closed_when_it_is_back() -> None:
    media = NotedWorker("m", "media")
    checks = checks_with(media)
    page = await start(checks, "a")
    check_id = next(each.check_id for each in page.sent if isinstance(each, CheckState))
    media.refuses = "worker_gone"
    checks.worker_lost(media.link)
    await settled(checks)
    assert page.states[-1] == (False, "no_worker")
    media.refuses, media.calls = None, (CallSummary(call_id=check_id, epoch=1, legs={}),)
    media.told.clear()
    checks.worker_found(media.link)
    await settled(checks)
    assert [(each.type, each.call_id) for each in media.told] == [("close_call", check_id)]


async def test_the_offer_of_a_check_is_not_taken_for_a_calls_when_the_call_finds_its_page_again() -> None:
    page = PageSession(Identity("a", "signer", person_id="a"), cast(Any, None))
    page.send(MediaOffer(call_id="c1", generation=7, sdp="v=0"))
    page.send(MediaOffer(call_id=new_id(FUTURE), generation=1, sdp="v=0"))
    assert page.live_generation == 7
