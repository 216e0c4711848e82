"""Signers who call, and agents who serve, with the whims of people; they note what their pages tell them."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.helpers.chaos.pages import Message, Page

NUMBER = "01 99 00 00 01"
SERVED = ("briefing", "talking", "active", "after_phone")
UNANSWERED_S = 4.0  # asked, and nobody knows whether it arrived: then it is asked again
REFUSALS = 5  # about as many seconds
IMPATIENT = 0.1  # of the signers leave while they wait
UNTOLD_S = 15.0  # connected for so long and told nothing of its call: the call is lost
STUCK_S = 120.0
AGAIN_S = 1.0


@dataclass
class Book:
    """
    What the pages of everybody saw.

    :param unanswered: asked for, and nobody knows whether it arrived. :param came_back: shown as over, then again as
        not over: whoever took them over had not read the end.
    :param told: how calls ended, by the reason told. :param waits: seconds from asking to being served.
    """

    asked: int = 0
    unanswered: int = 0
    came_back: int = 0
    served: int = 0
    resumed: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    told: Counter[str] = field(default_factory=Counter)
    waits: list[float] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    done: dict[str, str] = field(default_factory=dict)  # call -> reason


class Signer(Page):
    """Follows whatever call the page shows to its end, also one whose asking nobody answered."""

    role = "signer"

    def __init__(self, book: Book, *args: Any) -> None:
        super().__init__(*args)
        self.book = book
        self.calls: dict[str, Message] = {}  # newest state of those that are not over
        self.told_at: dict[str, float] = {}
        self.is_closing = False

    def on(self, message: Message) -> None:
        if message["type"] != "call.state":
            return
        call_id = message["call_id"]
        if message["state"] == "ended":
            self.calls.pop(call_id, None)
            self.book.done.setdefault(call_id, message["end_reason"])
        else:
            self.book.came_back += self.book.done.pop(call_id, None) is not None
            self.calls[call_id] = message
        self.told_at[call_id] = time.monotonic()

    @property
    def waits(self) -> bool:
        return any(call["state"] == "queued" for call in self.calls.values())

    def state(self, call_id: str) -> str:
        return str(self.calls[call_id]["state"]) if call_id in self.calls else "ended"

    async def live(self) -> None:
        """One call after the other until ``is_closing``."""
        while self.calls or not self.is_closing:
            if self.calls:
                await self._follow(next(iter(self.calls)))
                continue
            await asyncio.sleep(self.chance.uniform(0.2, 2.5))
            if await self.until(lambda: self.is_fresh, STUCK_S) and not self.is_closing:
                await self._ask()

    async def _ask(self) -> None:
        known = set(self.told_at)
        answer = await self.ask("call.request", kind="relay", number=NUMBER)
        is_told = answer is not None and answer["type"] == "ok"
        if answer is not None and answer["type"] == "error" and answer["code"] != "already_in_call":
            self.book.refused[answer["code"]] += 1
        elif not await self.until(lambda: bool(set(self.told_at) - known), UNTOLD_S if is_told else UNANSWERED_S):
            if is_told and time.monotonic() - self.welcomed_at > UNTOLD_S:
                self.book.violations.append(f"{self.name}: asked and acknowledged, then never told of the call")
            else:
                self.book.unanswered += 1

    async def _follow(self, call_id: str) -> None:
        self.book.asked += 1
        began, served_at, refused = time.monotonic(), 0.0, 0
        patience = self.chance.uniform(1, 6) if self.chance.random() < IMPATIENT else STUCK_S
        while (state := self.state(call_id)) != "ended":
            if state in SERVED and not served_at:
                served_at = time.monotonic()
                self.book.waits.append(served_at - began)
                await asyncio.sleep(self.chance.uniform(0.2, 1.5))
            if served_at or time.monotonic() - began > patience:
                answer = await self.ask("call.act", call_id=call_id, action="hang_up")
                refused = refused + 1 if answer is not None and answer["type"] == "error" else 0
                if refused >= REFUSALS and self._shows_another(call_id):
                    self.book.told["over while another was shown"] += 1
                    del self.calls[call_id]
                    return
            await self.until(lambda before=state: self.state(call_id) != before, AGAIN_S)  # type: ignore[misc]
            if self._is_lost(call_id) and not self._shows_another(call_id):
                self.book.violations.append(f"{self.name}: nothing told of {call_id} since it was {state}")
                del self.calls[call_id]
                return
        self.book.served += bool(served_at)
        self.book.told[self.book.done[call_id]] += 1

    def _shows_another(self, call_id: str) -> bool:
        """A page shows one call, the last one told; it is not told of the end of an earlier one."""
        return any(told > self.told_at[call_id] for other, told in self.told_at.items() if other in self.calls)

    def _is_lost(self, call_id: str) -> bool:
        """The page has come back since it was last told of its call, and hears of everything but the call."""
        now = time.monotonic()
        return self.is_fresh and self.welcomed_at > self.told_at[call_id] and now - self.welcomed_at > UNTOLD_S


class Agent(Page):
    role = "agent"

    def __init__(self, book: Book, *args: Any) -> None:
        super().__init__(*args)
        self.book = book
        self.view: Message | None = None
        self.call: Message | None = None
        self.alerts: dict[str, Message] = {}
        self.alerted = 0

    def on(self, message: Message) -> None:
        match message["type"]:
            case "agent.state":
                self.view = message
            case "call.state":
                self.call = message
            case "assignment.alert":
                self.alerts.setdefault(message["assignment_id"], message)
                self.alerted += 1
                self.book.resumed += bool(message["resumed"])
            case "assignment.ended":
                self.alerts.pop(message["assignment_id"], None)

    @property
    def state(self) -> str | None:
        return self.view["state"] if self.view else None

    @property
    def serves(self) -> str | None:
        """The call that this page shows as its own."""
        return self.call["call_id"] if self.call and self.call["state"] in SERVED else None

    async def live(self) -> None:
        """Until cancelled: ready for the next call, and for the one after it."""
        answered: set[str] = set()
        while True:
            await self.until(lambda: self.is_fresh, STUCK_S)
            alert = next((each for name, each in self.alerts.items() if name not in answered), None)
            if alert is not None:
                answered.add(alert["assignment_id"])
                await self._answer(alert["assignment_id"])
            elif self.state == "wrap_up":
                await self.ask("wrap_up.finish")
            elif self.state in ("paused", "not_responding", "offline", None):
                await self.ask("presence.set", presence="available")
            await self.until(lambda: any(name not in answered for name in self.alerts), 0.3)

    async def _answer(self, assignment_id: str) -> None:
        await asyncio.sleep(self.chance.uniform(0.0, 0.4))
        whim = self.chance.random()
        if whim < 0.06:
            return  # silence
        if whim < 0.12:
            await self.ask("assignment.decline", assignment_id=assignment_id, reason="other")
            return
        for _ in range(3):
            if await self.ask("assignment.accept", assignment_id=assignment_id) is not None:
                return
