"""
A call's line: its queue's rules, read and applied to it, and whether it may begin to wait at all.

An emergency passes everything here, and so does what cannot be read now: rules are looked up, calls are not lost.
"""

import time
from collections.abc import Callable
from typing import Protocol

from signaling.call_model import Call, Line
from signaling.call_terms import TRADES_BY_MODE, Mode
from signaling.messages.call_state import QueueView
from signaling.page_errors import PageError
from signaling.queue_rules import QueueRules
from signaling.queue_skills import may_be_asked_for
from signaling.records.model import Gender
from signaling.records.opening import Opening, opening
from signaling.routing_plan import CallFacts, line_of
from signaling.rules_book import RulesBook


class LineLook(Protocol):
    """``signaling.waits``."""

    def serving(self, line: Line, /) -> int: ...
    def waiting(self, queue: str, /) -> int: ...


class CallLines:
    """:param clock: Unix seconds."""

    def __init__(self, book: RulesBook, look: LineLook, clock: Callable[[], float] = time.time) -> None:
        self._book, self._look, self._clock = book, look, clock

    async def rules(self, facts: CallFacts) -> QueueRules:
        """An emergency does not wait for them to be read."""
        return self._book.known(facts.queue) if facts.is_emergency else await self._book.of(facts.queue)

    async def line(self, facts: CallFacts) -> Line:
        """Where it waits, and who may serve it."""
        rules = await self.rules(facts)
        overflow = self._book.known(rules.overflow_queue) if rules.overflow_queue is not None else None
        return line_of(facts, rules, overflow)

    async def admit(self, facts: CallFacts) -> Line:
        """
        :returns: as :meth:`line`.
        :raises PageError: ``mode_closed``; nobody serves it, or it is full, and its rules say not to wait then.
        """
        rules, line = await self.rules(facts), await self.line(facts)
        if facts.is_emergency or facts.is_rehearsal:
            return line
        if facts.kind == "relay" and not self.opening(rules).is_open:
            raise PageError("mode_closed" if rules.callback else "mode_closed_no_callback")
        if rules.room is not None and self._look.waiting(line.queue) >= rules.room:
            raise PageError("line_full" if rules.when_full == "callback" and rules.callback else "queue_full")
        if rules.when_empty != "wait" and self._look.serving(line) == 0:
            is_offered = rules.when_empty == "callback" and rules.callback
            raise PageError("nobody_serves" if is_offered else "nobody_serves_no_callback")
        return line

    def opening(self, rules: QueueRules) -> Opening:
        """Of a mode of the relay."""
        return opening(rules.hours, rules.timezone, rules.holidays_zone, self._clock())

    async def accepted(self, call: Call, mode: Mode, gender: Gender | None) -> Line:
        """
        Of an incoming call that the signer takes: somebody waits on the telephone, so it is never refused.

        :param gender: of the interpreter, as best effort.
        """
        return await self.line(
            CallFacts(
                kind="relay",
                mode=mode,
                trades=TRADES_BY_MODE[mode],
                gender=gender,
                is_incoming=True,
                is_rehearsal=call.rehearsal,
            )
        )

    def view(self, call: Call, known: QueueView) -> QueueView:
        """What the signer is shown of the wait: beside the place, a partner after a while or while nobody serves."""
        rules = self._book.known(call.line.queue)
        waited_s = self._clock() - call.queued_at
        is_shown = rules.partner_url is not None and (waited_s >= rules.partner_after_s or known.serving == 0)
        partner = (rules.partner_name, rules.partner_url) if is_shown else (None, None)
        return known.model_copy(update={"partner_name": partner[0], "partner_url": partner[1]})


def asked_skill(name: str | None) -> str | None:
    """
    A domain or a language, as a signer's page names it.

    :raises PageError: nothing that a call may ask for.
    """
    if not name:
        return None
    if not may_be_asked_for(name):
        raise PageError("invalid")
    return name
