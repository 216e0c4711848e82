"""
A whole rehearsal: finds or starts the service, and for each scenario opens every page, places the calls at once and
closes everything.

The one place where the parts of a rehearsal are put together.
"""

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import aiohttp

from relay.model import WebLeg
from signaling.records import Records
from signaling.rehearsal.caller_phone import CallerPhone
from signaling.rehearsal.client import UnreachableError
from signaling.rehearsal.desk import AgentDesk
from signaling.rehearsal.driver import play_call
from signaling.rehearsal.model import CallReport, Plan, Scenario, Step
from signaling.rehearsal.participant import Participant, Persona, join, strip_rows
from signaling.rehearsal.phone_ear import PhoneEar
from signaling.rehearsal.pictures import Loop, card, clip, drawn
from signaling.rehearsal.play import Equipment
from signaling.rehearsal.record_probe import RecordProbe
from signaling.rehearsal.scenarios import TONE, own_number, plan_for, tones_of
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
    """:param left_out: scenarios that this service cannot play: they need the short times of an own one."""

    reports: tuple[CallReport, ...]
    url: str
    own_service: bool
    left_out: tuple[str, ...] = ()


class OwnServiceNeededError(Exception):
    """The scenario waits for times that are short only on an own service."""


async def rehearse(
    plan: Plan,
    target: Target,
    calls: int = 1,
    film: Path | None = None,
    on_step: OnStep = lambda index, step: None,
    *,
    scenarios: Sequence[Scenario] = (),
) -> Outcome:
    """
    :param calls: how many at once. :param film: a clip for the signer; None: the drawn signer.
    :param scenarios: played one after another on one service; none: the plan's own.
    :raises UnreachableError: no service answers, or it does not let us in.
    :raises OwnServiceNeededError: nothing of this can be played on the service given.
    :raises BadClipError: the film cannot be read.
    """
    wanted = tuple(scenarios) or (plan.scenario,)
    cameras = await asyncio.to_thread(_cameras, plan, wanted, film)
    reports: list[CallReport] = []
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession())
        service = await _find_service(stack, http, target, plan, wanted)
        playable = [one for one in wanted if service.is_own or not one.needs_short_times]
        if not playable:
            raise OwnServiceNeededError(wanted[0].name)
        for scenario in playable:
            if len(wanted) > 1:
                on_step(0, Step(0.0, "scenario", scenario.label))
            async with AsyncExitStack() as people:
                rehearsal = _Rehearsal(plan_for(plan, scenario), service, http, people)
                await rehearsal.open(calls, *cameras)
                reports += await rehearsal.play(on_step)
    left_out = tuple(one.name for one in wanted if one not in playable)
    return Outcome(tuple(reports), service.url, service.is_own, left_out)


def _cameras(plan: Plan, scenarios: Sequence[Scenario], film: Path | None) -> tuple[Loop, Loop]:
    """The signer's and the agents'. The drawn signer is made only for those who look at signing."""
    size = (plan.width, plan.height, strip_rows(plan.height))
    others = card(*size)
    if film is not None:
        return clip(film, *size), others
    return (drawn(*size) if any(one.proves_media for one in scenarios) else others), others


async def _find_service(
    stack: AsyncExitStack, http: aiohttp.ClientSession, target: Target, plan: Plan, scenarios: Sequence[Scenario]
) -> Service:
    url = target.url or target.default_url
    needs_own = len(scenarios) > 1 or any(one.needs_short_times for one in scenarios)
    if not (target.url is None and needs_own) and await is_alive(http, url):
        token = target.token or (read_token(target.data_dir) if target.data_dir is not None else None)
        if token is not None:
            return Service(url, token, target.database_url)
        if target.url is not None:
            raise UnreachableError(f"{url} : jeton d’opérateur inconnu (--token, ou --data-dir du service)")
    elif target.url is not None:
        raise UnreachableError(f"{url} ne répond pas")
    own = own_service(http, target.environ, target.model_dir, target.keep_log, plan.times)
    return await stack.enter_async_context(own)


class _Rehearsal:
    """Pages and probes of one rehearsal; everything opened is closed by ``stack``."""

    def __init__(self, plan: Plan, service: Service, http: aiohttp.ClientSession, stack: AsyncExitStack) -> None:
        self._plan, self._service, self._http, self._stack = plan, service, http, stack
        self._signers: list[Participant] = []
        self._desk = AgentDesk([])
        self._probe: RecordProbe | None = None

    async def open(self, calls: int, signer_camera: Loop, agent_camera: Loop) -> None:
        agents: list[Participant] = []
        each = self._plan.scenario.agents
        idents = _idents((1 + each) * calls)
        for index in range(calls):
            tones = tones_of(index)
            for _ in range(each):
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
        calls = [self._equipment(index, signer, on_step) for index, signer in enumerate(self._signers)]
        return list(await asyncio.gather(*(play_call(equipment) for equipment in calls)))

    def _join(self, leg: WebLeg, ident: int, camera: Loop, voice_hz: float) -> AbstractAsyncContextManager[Participant]:
        return join(self._http, self._service, Persona(leg, ident, camera, voice_hz, self._plan.fps))

    def _equipment(self, index: int, signer: Participant, on_step: OnStep) -> Equipment:
        plan, scenario, tones = self._plan, self._plan.scenario, tones_of(index)
        return Equipment(
            plan=plan,
            number=plan.phone_uri or own_number(scenario.number or TONE, index),
            second=own_number(scenario.second, index) if scenario.second is not None else None,
            tones=tones if plan.phone_is_demo else replace(tones, phone=plan.phone_tone_hz),
            signer=signer,
            desk=self._desk,
            phone_ear=self._phone_ear(signer),
            caller=self._caller(signer, tones.phone or 440.0) if "be_called" in scenario.stages else None,
            probe=self._probe,
            on_step=lambda step: on_step(index, step),
        )

    def _caller(self, signer: Participant, hz: float) -> CallerPhone | None:
        welcome = signer.client.welcome
        if welcome is None or welcome.demo_phone_url is None:
            return None
        caller = CallerPhone(self._http, welcome.demo_phone_url, hz)
        self._stack.push_async_callback(caller.close)
        return caller

    def _phone_ear(self, signer: Participant) -> PhoneEar | None:
        welcome = signer.client.welcome
        if not self._plan.phone_is_demo or welcome is None or welcome.demo_phone_url is None:
            return None
        return PhoneEar(self._http, welcome.demo_phone_url)


def _idents(count: int) -> list[int]:
    """Random, so that two rehearsals at once would most likely notice each other's pictures too; never 0."""
    return secrets.SystemRandom().sample(range(1, IDENTS), count)
