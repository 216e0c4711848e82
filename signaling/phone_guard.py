"""
Whether a number may be dialled by whom, and what is counted of it: rules of role and brand, block lists, caps, brakes.

Whatever the database or Redis does, an emergency is dialled: it never comes here, and neither do rehearsals.
"""

import hashlib
import hmac
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from redis.exceptions import RedisError

from relay.phone.dialling import DiallingPolicy, find_emergency
from signaling import phone_caps as caps
from signaling.block_list import BlockList
from signaling.call_model import Call, PhoneLegState
from signaling.call_terms import Party
from signaling.config import SignalingConfig
from signaling.identity import Identity
from signaling.metrics import Metrics
from signaling.numbers import Dialable, EmergencyFound
from signaling.page_errors import PageError
from signaling.phone_caps import SERVICE, AlarmKind, Dialled, Limits, Payer, Tally
from signaling.phone_tallies import Tallies
from signaling.records.brand_rules import BrandRulesTable
from signaling.records.database import is_temporary
from signaling.records.model import BrandRules

DIGEST_LENGTH = 12  # hexadecimal: tells a few hundred numbers apart
BLOCK_DIGITS = 2  # numbers that differ in these only are neighbours
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Dialler:
    """
    On whose behalf a number is dialled.

    :param payer: who it counts for; None: a rehearsal, for which nothing counts and nothing is asked.
    """

    payer: Payer | None
    role: Literal["signer", "visitor", "agent"] = "signer"
    person_id: str | None = None
    brand_id: str | None = None


def dialler_of_signer(who: Identity) -> Dialler:
    """A relay call."""
    return Dialler(None) if who.rehearsal else Dialler(Payer("signer", who.key), "signer", who.person_id)


def dialler_of(call: Call, party: Party) -> Dialler:
    """Relay calls are the signer's; direct ones the brand's, whoever dials."""
    if call.rehearsal:
        return Dialler(None)
    if call.kind == "direct" and call.brand_id is not None:
        role: Literal["signer", "visitor"] = "signer" if call.signer_id else "visitor"
        return Dialler(
            Payer("brand", call.brand_id), "agent" if party == "agent" else role, call.signer_id, call.brand_id
        )
    return Dialler(Payer("signer", call.signer_id or call.signer_key), "signer", call.signer_id)


class PhoneGuard:
    def __init__(
        self, config: SignalingConfig, blocks: BlockList, brands: BrandRulesTable, tallies: Tallies, metrics: Metrics
    ) -> None:
        self._config, self._blocks, self._brands = config, blocks, brands
        self._tallies, self._metrics = tallies, metrics
        self._key = hmac.digest(config.secret_key.encode(), b"passerelle.dialled", hashlib.sha256)

    # --- before a number is dialled

    async def policy(self, dialler: Dialler) -> DiallingPolicy:
        """The service's, as the brand has it; what a role may not, it may for no brand."""
        policy = self._config.dialling
        if dialler.brand_id is not None:
            policy = policy.changed_by((await self._brand(dialler.brand_id)).dialling)
        match dialler.role:
            case "agent":
                return policy.changed_by(self._config.dialling_agent)
            case "visitor":
                return policy.changed_by(self._config.dialling_visitor)
            case _:
                return policy

    async def check(self, dialler: Dialler, number: Dialable) -> None:
        """Nothing is counted. :raises PageError: why it would not be dialled."""
        if dialler.payer is None or isinstance(number, EmergencyFound):
            return
        await self._check_lists(dialler, number)
        limits, dialled, now = await self._limits(dialler), self._digests(number), self._tallies.clock()
        await self._check_brake(dialled)
        code = await self._tallies.change(
            dialler.payer, lambda tally: (tally, self._refusal(tally, dialled, limits, now))
        )
        if code is not None:
            raise self._refused(code)

    async def begin(self, dialler: Dialler, number: Dialable, attempt: str) -> None:
        """It is dialled now. :raises PageError: it may not be; nothing is counted then."""
        if dialler.payer is None or isinstance(number, EmergencyFound):
            return
        await self._check_lists(dialler, number)
        limits, dialled, now = await self._limits(dialler), self._digests(number), self._tallies.clock()
        await self._check_brake(dialled)

        def step(tally: Tally) -> tuple[Tally, caps.CapCode | None]:
            code = self._refusal(tally, dialled, limits, now)
            return (tally, code) if code else (caps.begun(tally, attempt, dialled, now), None)

        code = await self._tallies.change(dialler.payer, step)
        if code is not None:
            raise self._refused(code)
        await self._tallies.change(SERVICE, lambda tally: (caps.begun(tally, attempt, dialled, now), None))
        await self._look(dialler)

    async def undo(self, dialler: Dialler, attempt: str) -> None:
        """It was not dialled after all."""
        for payer in (dialler.payer, SERVICE):
            if dialler.payer is not None and payer is not None:
                await self._tallies.change(payer, lambda tally: (caps.undone(tally, attempt), None))

    async def may_call(self, signer_id: str, caller: str | None) -> bool:
        """Whether this caller (E.164; None: hidden) may reach the signer."""
        return not await self._blocks.is_blocked("in", caller, person_id=signer_id)

    async def _check_lists(self, dialler: Dialler, number: Dialable) -> None:
        if await self._blocks.is_blocked("out", number.target, person_id=dialler.person_id, brand_id=dialler.brand_id):
            raise self._refused("number_blocked")

    async def _check_brake(self, dialled: Dialled) -> None:
        """Of the whole service."""
        if not (dialled.is_costly and self._config.caps.brake):
            return
        now = self._tallies.clock()
        is_on = await self._tallies.change(
            SERVICE, lambda tally: (tally, caps.is_braked(tally, dialled, self._config.caps, now))
        )
        if is_on:
            raise self._refused("dialling_braked")

    def _refusal(self, tally: Tally, dialled: Dialled, limits: Limits, now: float) -> caps.CapCode | None:
        if caps.is_braked(tally, dialled, self._config.caps, now):
            return "dialling_braked"
        return caps.refusal(tally, limits, now)

    def _refused(self, code: str) -> PageError:
        self._metrics.dialling_refused.labels(code).inc()
        return PageError(code)

    async def _limits(self, dialler: Dialler) -> Limits:
        limits = caps.limits_of(dialler.payer or SERVICE, self._config.caps)
        if dialler.brand_id is None:
            return limits
        rules = await self._brand(dialler.brand_id)
        return caps.with_caps(limits, rules.lines, rules.calls_per_day, rules.minutes_per_day)

    async def _brand(self, brand_id: str) -> BrandRules:
        """While the database is away, as everybody's."""
        try:
            return await self._brands.of(brand_id)
        except Exception as error:
            if not is_temporary(error):
                raise
            return BrandRules()

    def _digests(self, number: Dialable) -> Dialled:
        return Dialled(self._digest(number.target), self._digest(number.target[:-BLOCK_DIGITS] + "*"), number.is_costly)

    def _digest(self, text: str) -> str:
        return hmac.digest(self._key, text.encode(), hashlib.sha256).hex()[:DIGEST_LENGTH]

    # --- what becomes of it

    async def follow(self, before: Call, after: Call) -> None:
        """Telephones that are on the line now, or gone."""
        payer = dialler_of(after, "signer").payer
        if payer is None:
            return
        old = {leg.attempt: leg for leg in before.phone_legs}
        for leg in after.phone_legs:
            was = old.get(leg.attempt)
            if was is not None and leg.is_over and not was.is_over:
                await self._ended(payer, leg)
            elif was is not None and leg.is_up and not was.is_up:
                await self.keep(after)

    async def keep(self, call: Call) -> None:
        """Regularly: telephones of a call whose owner died do not count for ever."""
        payer = dialler_of(call, "signer").payer
        legs = {leg.attempt: leg.answered_at for leg in dialled_legs(call) if not leg.is_over}
        if payer is None or not legs:
            return
        now = self._tallies.clock()
        for each in (payer, SERVICE):
            await self._tallies.change(each, lambda tally: (caps.kept(tally, legs, now), None))

    async def _ended(self, payer: Payer, leg: PhoneLegState) -> None:
        duration_s = leg.ended_at - leg.answered_at if leg.ended_at and leg.answered_at else None
        short_call_s = self._config.caps.short_call_s
        for each in (payer, SERVICE):
            await self._tallies.change(
                each, lambda tally: (caps.ended(tally, leg.attempt, duration_s, short_call_s), None)
            )
        await self._look(Dialler(payer))

    # --- alarms

    async def _look(self, dialler: Dialler) -> None:
        for payer in (dialler.payer, SERVICE):
            if payer is None:
                continue
            limits, now = caps.limits_of(payer, self._config.caps), self._tallies.clock()
            for kind in await self._tallies.change(payer, self._alarmed(limits, now)):
                await self._raise(payer, kind, now + self._config.caps.brake_s)

    def _alarmed(self, limits: Limits, now: float) -> Callable[[Tally], tuple[Tally, frozenset[AlarmKind]]]:
        return lambda tally: caps.alarmed(tally, limits, self._config.caps, now)

    async def _raise(self, payer: Payer, kind: AlarmKind, until: float) -> None:
        self._metrics.dialling_alarms.labels(kind, payer.kind).inc()
        log.warning("dialling alarm: %s", kind, extra={"payer": payer.kind, "payer_id": payer.key})
        try:
            await self._tallies.raise_alarm(payer, kind, until)
        except (RedisError, OSError):
            log.warning("dialling alarm not shown to other processes")

    async def notice(self) -> str | None:
        """For ``/readyz``: kinds of alarms in force, of nobody in particular."""
        try:
            return ", ".join(sorted({kind for kind, _, _ in await self._tallies.alarms()})) or None
        except (RedisError, OSError):
            return None  # said by the check of Redis


def dialled_legs(call: Call) -> tuple[PhoneLegState, ...]:
    """Those that count: not a caller's own, and no emergency."""
    dialled = call.phone_legs[1:] if call.direction == "incoming" else call.phone_legs
    return tuple(leg for leg in dialled if find_emergency(leg.target) is None)
