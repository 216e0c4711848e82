"""
A whole rehearsal: finds or starts the service, opens every page, places the calls at once, closes everything.

The one place where the parts of a rehearsal are put together.
"""

import asyncio
import secrets
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import aiohttp

from relay.model import WebLeg
from signaling.records import Records
from signaling.rehearsal.client import UnreachableError
from signaling.rehearsal.desk import AgentDesk
from signaling.rehearsal.driver import CallDriver
from signaling.rehearsal.model import CallReport, Plan, Step
from signaling.rehearsal.participant import Participant, Persona, join, strip_rows
from signaling.rehearsal.phone_ear import PhoneEar
from signaling.rehearsal.pictures import Loop, card, clip, drawn
from signaling.rehearsal.record_probe import RecordProbe
from signaling.rehearsal.scenarios import number_of, tones_of
from signaling.rehearsal.service import Service, is_alive, own_service, read_token

IDENTS = 256  # the picture's code holds 8 bits
OnStep = Callable[[int, Step], None]


@dataclass(frozen=True)
class Target:
    """
    Which service, and how to get in.

    :param url: a running service; None: ``default_url`` when it answers, else one of our own.
    :param token: operator token; None: read from ``data_dir``.
    :param database_url: of the running service, None when it is out of reach.
    :param model_dir: MediaPipe models for an own service. :param keep_log: where its log is copied at the end.
    """

    url: str | None
    token: str | None
    default_url: str
    data_dir: Path | None
    database_url: str | None
    model_dir: Path | None
    environ: Mapping[str, str]
    keep_log: Path | None = None


@dataclass(frozen=True)
class Outcome:
    reports: tuple[CallReport, ...]
    url: str
    own_service: bool


async def rehearse(
    plan: Plan, target: Target, calls: int = 1, film: Path | None = None, on_step: OnStep = lambda index, step: None
) -> Outcome:
    """
    :param calls: how many at once. :param film: a clip for the signer; None: the drawn signer.
    :raises UnreachableError: no service answers, or it does not let us in.
    :raises BadClipError: the film cannot be read.
    """
    signer_camera, agent_camera = await asyncio.to_thread(_cameras, plan, film)
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession())
        service = await _find_service(stack, http, target)
        rehearsal = _Rehearsal(plan, service, http, stack)
        await rehearsal.open(calls, signer_camera, agent_camera)
        reports = await rehearsal.play(on_step)
    return Outcome(tuple(reports), service.url, service.is_own)


def _cameras(plan: Plan, film: Path | None) -> tuple[Loop, Loop]:
    size = (plan.width, plan.height, strip_rows(plan.height))
    others = card(*size)
    if film is not None:
        return clip(film, *size), others
    return (drawn(*size) if plan.scenario.outcome is not None and not plan.emergency else others), others


async def _find_service(stack: AsyncExitStack, http: aiohttp.ClientSession, target: Target) -> Service:
    url = target.url or target.default_url
    if await is_alive(http, url):
        token = target.token or (read_token(target.data_dir) if target.data_dir is not None else None)
        if token is not None:
            return Service(url, token, target.database_url)
        if target.url is not None:
            raise UnreachableError(f"{url} : jeton d’opérateur inconnu (--token, ou --data-dir du service)")
    elif target.url is not None:
        raise UnreachableError(f"{url} ne répond pas")
    return await stack.enter_async_context(own_service(http, target.environ, target.model_dir, target.keep_log))


class _Rehearsal:
    """Pages and probes of one rehearsal; everything opened is closed by ``stack``."""

    def __init__(self, plan: Plan, service: Service, http: aiohttp.ClientSession, stack: AsyncExitStack) -> None:
        self._plan, self._service, self._http, self._stack = plan, service, http, stack
        self._signers: list[Participant] = []
        self._desk = AgentDesk([])
        self._probe: RecordProbe | None = None

    async def open(self, calls: int, signer_camera: Loop, agent_camera: Loop) -> None:
        agents: list[Participant] = []
        idents = _idents(2 * calls)
        has_agents = self._plan.scenario.outcome is not None and not self._plan.emergency
        for index in range(calls):
            tones = tones_of(index)
            if has_agents:
                page = self._join("agent", idents.pop(), agent_camera, tones.agent)
                agents.append(await self._stack.enter_async_context(page))
            page = self._join("signer", idents.pop(), signer_camera, tones.signer)
            self._signers.append(await self._stack.enter_async_context(page))
        if self._service.database_url is not None:
            records = Records(self._service.database_url)
            await records.open(migrate=False)
            self._stack.push_async_callback(records.close)
            self._probe = RecordProbe(records)
        self._desk = AgentDesk(agents)
        self._stack.push_async_callback(self._desk.close)
        await self._desk.open()

    async def play(self, on_step: OnStep) -> list[CallReport]:
        drivers = [self._driver(index, signer, on_step) for index, signer in enumerate(self._signers)]
        return list(await asyncio.gather(*(driver.run() for driver in drivers)))

    def _join(self, leg: WebLeg, ident: int, camera: Loop, voice_hz: float) -> AbstractAsyncContextManager[Participant]:
        return join(self._http, self._service, Persona(leg, ident, camera, voice_hz, self._plan.fps))

    def _driver(self, index: int, signer: Participant, on_step: OnStep) -> CallDriver:
        plan = self._plan
        number = plan.phone_uri or number_of(plan.scenario, index)
        return CallDriver(
            plan=plan,
            number=number,
            tones=tones_of(index) if plan.phone_is_demo else replace(tones_of(index), phone=plan.phone_tone_hz),
            signer=signer,
            desk=self._desk,
            phone_ear=self._phone_ear(signer, number),
            probe=self._probe,
            on_step=lambda step: on_step(index, step),
        )

    def _phone_ear(self, signer: Participant, number: str) -> PhoneEar | None:
        welcome = signer.client.welcome
        if not self._plan.phone_is_demo or welcome is None or welcome.demo_phone_url is None:
            return None
        return PhoneEar(self._http, welcome.demo_phone_url, number)


def _idents(count: int) -> list[int]:
    """Random, so that two rehearsals at once would most likely notice each other's pictures too; never 0."""
    return secrets.SystemRandom().sample(range(1, IDENTS), count)
