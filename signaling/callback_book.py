"""
Who asks to be rung later, and may: kept sealed in the records, shown to the signer and, without whom, to agents.

Ringing them is ``signaling.callback_desk``'s.
"""

import contextlib
import logging
import time
import uuid
from collections.abc import Callable
from typing import Protocol

from interpreter_queue.model import Agent
from interpreter_queue.policy import serving_trade
from relay.model import Frozen
from signaling.call_lines import CallLines, asked_skill
from signaling.call_model import Call
from signaling.call_terms import TRADES_BY_MODE, Announce
from signaling.config import SignalingConfig
from signaling.identity import Identity
from signaling.messages.serving import CallbackCancel, CallbackEntry, CallbackRequest, Callbacks
from signaling.numbers import EmergencyFound, read_number
from signaling.page_errors import PageError
from signaling.phone_guard import PhoneGuard, dialler_of_signer
from signaling.queue_rules import QueueRules
from signaling.queue_skills import levels
from signaling.rate_limit import Rate, TokenBuckets
from signaling.records.call_records import KeptCallback
from signaling.records.callbacks import Callbacks as CallbackTable
from signaling.records.database import is_temporary
from signaling.records.model import Brand, Person
from signaling.records.opening import opening
from signaling.routing_plan import CallFacts
from signaling.sealing import Sealer
from signaling.sessions import Hub, Page

OPEN_LIMIT = 3  # open at once for each signer: one for each thing to settle, and no more of the line than that
ASKED = Rate(6, 3600.0)
AHEAD_S = 7 * 86_400.0  # how far ahead an hour may be
LISTED_TO_AGENTS = 100
log = logging.getLogger(__name__)


class Wishes(Frozen):
    """
    What is private of a call-back; sealed in the records.

    :param target: what the agent dials (E.164); None: nothing yet, or a direct call's.
    :param anonymous: the own number is not shown to the phone party.
    """

    target: str | None = None
    display: str | None = None
    announce: Announce = "agent"
    anonymous: bool = False
    voice: bool = False
    hearing: bool = False
    domain: str | None = None
    language: str | None = None


class Lookup(Protocol):
    """``signaling.records_desk``."""

    async def brand(self, slug: str) -> Brand | None: ...
    async def brand_by_id(self, brand_id: str) -> Brand | None: ...
    async def signer_by_number(self, number: str) -> Person | None: ...


class CallbackBook:
    """:param clock: Unix seconds."""

    def __init__(
        self,
        config: SignalingConfig,
        table: CallbackTable,
        *,
        brands: Lookup,
        lines: CallLines,
        guard: PhoneGuard,
        hub: Hub,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._config, self._table, self._brands, self._lines = config, table, brands, lines
        self._guard, self._hub, self._clock = guard, hub, clock
        self._asked = TokenBuckets(ASKED)
        self._told: dict[str, Callbacks] = {}  # by agent connected here

    # --- asked for

    async def request(self, page: Page, message: CallbackRequest) -> None:
        """:raises PageError: nobody who can be rung, too many, a number that is not dialled, nobody is called back."""
        who = page.identity
        if who.person_id is None or who.role != "signer":
            raise PageError("sign_in_required")
        now = self._clock()
        self._check_hour(message.at)
        await self._check_room(who.person_id)
        brand = await self._brand(message)
        facts = facts_of(message.kind, message, brand)
        rules = await self._lines.rules(facts)
        if not rules.callback:
            raise PageError("callback_refused")
        wishes = await self._wishes(who, message)
        if self._asked.take(who.person_id, now):
            raise PageError("rate_limited")
        arrived = now if message.at is None else max(now, message.at)
        await self._keep(who.person_id, message, brand, wishes, arrived=arrived, rules=rules)

    async def admit(self, call: Call, at: float | None) -> None:
        """
        Before :meth:`ask`, while the call still waits.

        :raises PageError: the signer has asked for many already, or for an hour that is none.
        """
        self._check_hour(at)
        if call.signer_id is None:
            return
        try:
            await self._check_room(call.signer_id)
        except Exception as error:  # without the database it is kept for later
            if not is_temporary(error):
                raise

    def _check_hour(self, at: float | None) -> None:
        now = self._clock()
        if at is not None and not now - 60 <= at <= now + AHEAD_S:
            raise PageError("invalid")

    async def _check_room(self, signer_id: str) -> None:
        if await self._table.count_open(signer_id) >= OPEN_LIMIT:
            raise PageError("too_many_callbacks")

    async def ask(self, call: Call, at: float | None, queued_at: float) -> None:
        """
        The signer waits no longer for this call, which has ended, and keeps its place. Once, however often it is said.

        :raises OSError: not now.
        """
        if call.signer_id is None or call.kind == "video" or call.rehearsal:
            return
        try:
            await self._ask(call, call.signer_id, at, queued_at)
        except Exception as error:
            if is_temporary(error):
                raise OSError("the records are away") from error
            raise

    async def _ask(self, call: Call, signer_id: str, at: float | None, queued_at: float) -> None:
        brand = await self._brands.brand_by_id(call.brand_id) if call.brand_id is not None else None
        facts = facts_of(call.kind, call, brand)
        rules, now = await self._lines.rules(facts), self._clock()
        wishes = Wishes(
            target=call.target,
            display=call.display,
            announce=call.announce,
            anonymous=call.kind == "relay" and call.caller_id is None,
            voice=call.voice,
            hearing=call.hearing,
            domain=call.domain,
            language=call.language,
        )
        arrived = queued_at if at is None else max(queued_at, min(at, now + AHEAD_S))
        await self._keep(signer_id, call, brand, wishes, arrived=arrived, rules=rules, callback_id=call.call_id)

    async def _keep(
        self,
        signer_id: str,
        asked: CallbackRequest | Call,
        brand: Brand | None,
        wishes: Wishes,
        *,
        arrived: float,
        rules: QueueRules,
        callback_id: str | None = None,
    ) -> None:
        now = self._clock()
        due_at = self.opens_at(brand, rules, max(now, arrived))
        await self._table.add(
            KeptCallback(
                id=f"cb{callback_id or uuid.uuid4().hex}"[:48],
                signer_id=signer_id,
                kind="direct" if asked.kind == "direct" else "relay",
                mode=asked.mode,
                brand_id=brand.id if brand is not None else None,
                sealed=self._sealer(signer_id).seal(wishes.model_dump_json()),
                asked_at=now,
                queued_at=arrived,
                due_at=due_at,
                next_at=due_at,
                expires_at=due_at + rules.callback_expiry_s,
            )
        )
        await self.show_all(signer_id)

    async def cancel(self, page: Page, message: CallbackCancel) -> KeptCallback:
        """:returns: as it was. :raises PageError: this signer has no open one of this id."""
        found = None
        if page.identity.person_id is not None:
            found = await self._table.cancel(message.callback_id, page.identity.person_id)
        if found is None:
            raise PageError("callback_gone")
        await self.show_all(found.signer_id)
        return found

    async def _brand(self, message: CallbackRequest) -> Brand | None:
        if message.kind == "relay":
            return None
        brand = await self._brands.brand(message.brand or "")
        if brand is None or brand.is_rehearsal:
            raise PageError("unknown_brand")
        return brand

    async def _wishes(self, who: Identity, message: CallbackRequest) -> Wishes:
        given = {"voice": message.voice, "hearing": message.hearing}
        asked = {"domain": asked_skill(message.domain), "language": asked_skill(message.language)}
        if message.kind == "direct":
            return Wishes.model_validate({**given, **asked})
        if not message.number:
            raise PageError("number_missing")
        read = read_number(message.number, self._config, allow_uri=False)
        if isinstance(read, EmergencyFound):
            raise PageError("callback_emergency")
        if read.tariff != "ordinary":
            raise PageError("callback_cost")
        if (signer := await self._brands.signer_by_number(read.target)) is not None:
            raise PageError("own_number" if signer.id == who.person_id else "signer_number")
        await self._guard.check(dialler_of_signer(who), read)
        phone = {"target": read.target, "display": read.display}
        shown = {"announce": message.announce, "anonymous": message.anonymous}
        return Wishes.model_validate({**given, **asked, **phone, **shown})

    def opens_at(self, brand: Brand | None, rules: QueueRules, at: float) -> float:
        """:returns: then, or when it opens next; Unix seconds."""
        hours = brand if brand is not None else rules
        state = opening(hours.hours, hours.timezone, hours.holidays_zone, at)
        return at if state.is_open or state.until is None else state.until

    # --- shown

    def wishes(self, callback: KeptCallback) -> Wishes:
        """Nothing is known any more when the installation's secret has changed."""
        opened = self._sealer(callback.signer_id).open(callback.sealed)
        return Wishes.model_validate_json(opened) if opened is not None else Wishes()

    async def show(self, page: Page) -> None:
        """To a page that has come."""
        who = page.identity
        if who.role == "signer" and who.person_id is not None:
            page.send(await self._of(who.person_id))
        elif who.role == "agent":
            page.send(await self._for_agent(who, await self._table.open(LISTED_TO_AGENTS)))

    async def show_all(self, signer_id: str) -> None:
        """To all of the signer's pages, now that one of them has changed; pages that come ask again."""
        with contextlib.suppress(Exception):
            self._hub.send("signer", signer_id, await self._of(signer_id))

    async def show_agents(self) -> None:
        """To the agents connected here for whom something has changed."""
        opened, pages = await self._table.open(LISTED_TO_AGENTS), self._hub.agents()
        told, self._told = self._told, {}
        for page in pages:
            key = page.identity.key
            self._told[key] = await self._for_agent(page.identity, opened)
            if told.get(key, Callbacks()) != self._told[key]:
                page.send(self._told[key])

    async def _of(self, signer_id: str) -> Callbacks:
        found = await self._table.of(signer_id)
        return Callbacks(entries=tuple([await self._entry(each, self.wishes(each).display) for each in found]))

    async def _for_agent(self, who: Identity, opened: list[KeptCallback]) -> Callbacks:
        agent = Agent(agent_id=who.key, trades=frozenset(who.trades), skills=dict(who.skills))
        shown = []
        for each in opened if not who.rehearsal else ():
            brand = await self._brands.brand_by_id(each.brand_id) if each.brand_id is not None else None
            line = await self._lines.line(facts_of(each.kind, each, brand))
            if any(serving_trade(agent, target) for target in line.targets):
                shown.append(await self._entry(each, None))
        return Callbacks(entries=tuple(shown))

    async def _entry(self, callback: KeptCallback, number: str | None) -> CallbackEntry:
        brand = await self._brands.brand_by_id(callback.brand_id) if callback.brand_id is not None else None
        return CallbackEntry(
            callback_id=callback.id,
            state=callback.state,
            kind=callback.kind,
            mode=callback.mode,
            brand=brand.slug if brand else None,
            brand_name=brand.name if brand else None,
            number=number,
            asked_at=callback.asked_at,
            due_at=callback.due_at,
            next_at=callback.next_at if callback.state == "waiting" and callback.claimed_until is None else None,
            attempts=callback.attempts,
            expires_at=callback.expires_at,
        )

    def _sealer(self, signer_id: str) -> Sealer:
        return Sealer(self._config.secret_key, f"passerelle.callback:{signer_id}")


def facts_of(
    kind: str, asked: CallbackRequest | Call | KeptCallback, brand: Brand | None, wishes: Wishes | None = None
) -> CallFacts:
    """:param wishes: that routing follows; None: none."""
    is_direct = kind == "direct" and brand is not None
    return CallFacts(
        kind="direct" if is_direct else "relay",
        mode=asked.mode,
        trades=("adviser",) if is_direct else TRADES_BY_MODE[asked.mode],
        brand=brand.slug if brand is not None else None,
        skills=levels(brand.skills) if brand is not None else {},
        domain=wishes.domain if wishes else None,
        language=wishes.language if wishes else None,
    )
