"""
Call-backs: who is to be rung, when, and how far that has come. What is private of them comes and goes sealed.

One is claimed, to enter the line, in one statement, so that of several processes one has it; the id of its call is
written with the claim, so that whoever begins it again after a crash begins the same call. Claimed, it is ``waiting``
until the signer's devices ring: then it is ``trying``, and only then the attempt counts.
"""

import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, fields
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, Update, delete, func, or_, select, update
from sqlalchemy.orm import aliased

from signaling.call_terms import Mode
from signaling.messages.serving import CallbackState
from signaling.records.call_records import CallbackKind, KeptCallback
from signaling.records.database import Database
from signaling.records.tables import CallbackRow

OPEN: tuple[CallbackState, ...] = ("waiting", "trying")
SHOWN = 20  # to a signer; nobody has more of them than a page shows


class Callbacks:
    """:param clock: Unix seconds."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database, self._clock = database, clock

    async def add(self, callback: KeptCallback) -> None:
        """Once, however often it is said."""
        async with self._database.writing() as session:
            if await session.get(CallbackRow, callback.id) is None:
                session.add(CallbackRow(**asdict(callback)))

    async def of(self, signer_id: str) -> list[KeptCallback]:
        """Those open, and those that are over until they would have expired; newest first."""
        shown = or_(CallbackRow.state.in_(OPEN), CallbackRow.expires_at > self._clock())
        query = select(CallbackRow).where(CallbackRow.signer_id == signer_id, shown)
        return await self._read(query.order_by(CallbackRow.asked_at.desc(), CallbackRow.id).limit(SHOWN))

    async def find(self, callback_id: str) -> KeptCallback | None:
        found = await self._read(select(CallbackRow).where(CallbackRow.id == callback_id))
        return found[0] if found else None

    async def count_open(self, signer_id: str) -> int:
        query = select(func.count()).where(CallbackRow.signer_id == signer_id, CallbackRow.state.in_(OPEN))
        async with self._database.reading() as session:
            return await session.scalar(query) or 0

    async def is_rung(self, signer_id: str) -> bool:
        """One of this signer's is in the line, or rings."""
        claimed = CallbackRow.claimed_until.is_not(None)
        query = select(CallbackRow.id).where(CallbackRow.signer_id == signer_id, claimed).limit(1)
        async with self._database.reading() as session:
            return await session.scalar(query) is not None

    async def open(self, limit: int) -> list[KeptCallback]:
        """Everybody's, by arrival."""
        query = select(CallbackRow).where(CallbackRow.state.in_(OPEN))
        return await self._read(query.order_by(CallbackRow.queued_at, CallbackRow.id).limit(limit))

    async def due(self, limit: int) -> list[KeptCallback]:
        """To be claimed now, by arrival."""
        is_due = (CallbackRow.state == "waiting") & (CallbackRow.next_at <= self._clock())
        query = select(CallbackRow).where(is_due, CallbackRow.claimed_until.is_(None))
        return await self._read(query.order_by(CallbackRow.queued_at, CallbackRow.id).limit(limit))

    async def stale(self) -> list[KeptCallback]:
        """Claimed by somebody who has said nothing since."""
        return await self._read(select(CallbackRow).where(CallbackRow.claimed_until <= self._clock()))

    async def claim(self, callback: KeptCallback, lease_s: float) -> KeptCallback | None:
        """
        :returns: with the call to begin; None: another process was faster, with it or with another of the signer's, or
            it was cancelled.
        """
        other = aliased(CallbackRow)
        is_rung = select(other.id).where(other.signer_id == callback.signer_id, other.claimed_until.is_not(None))
        values = {"call_id": uuid.uuid4().hex, "claimed_until": self._clock() + lease_s}
        return await self._change(callback, values, ~is_rung.exists())

    async def claim_again(self, callback: KeptCallback, lease_s: float) -> KeptCallback | None:
        """The same attempt, of a process that is gone."""
        return await self._change(callback, {"claimed_until": self._clock() + lease_s})

    async def rings(self, callback: KeptCallback) -> KeptCallback | None:
        """The signer's devices ring, for this attempt. :returns: None: something else was said of it meanwhile."""
        return await self._change(callback, {"state": "trying", "attempts": callback.attempts + 1})

    async def rings_no_more(self, callback: KeptCallback) -> KeptCallback | None:
        """By no doing of the signer's: it waits on in the line, and the attempt does not count."""
        return await self._change(callback, {"state": "waiting", "attempts": callback.attempts - 1})

    async def postpone(self, callback: KeptCallback, next_at: float, expires_at: float) -> None:
        """Not now; no attempt was made."""
        await self._change(callback, {"next_at": next_at, "expires_at": expires_at})

    async def settle(
        self, callback: KeptCallback, state: CallbackState, next_at: float, attempts: int
    ) -> KeptCallback | None:
        """What became of an attempt. :returns: None: that is known already."""
        values = {"state": state, "next_at": next_at, "attempts": attempts, "claimed_until": None}
        return await self._change(callback, values)

    async def of_calls(self, call_ids: Iterable[str]) -> dict[str, KeptCallback]:
        """By the call of their last attempt."""
        found = await self._read(select(CallbackRow).where(CallbackRow.call_id.in_(list(call_ids))))
        return {each.call_id: each for each in found if each.call_id is not None}

    async def renew(self, call_ids: Iterable[str], lease_s: float) -> None:
        ids = list(call_ids)
        if ids:
            mine = CallbackRow.call_id.in_(ids) & CallbackRow.claimed_until.is_not(None)
            await self._write(update(CallbackRow).where(mine).values(claimed_until=self._clock() + lease_s))

    async def cancel(self, callback_id: str, signer_id: str) -> KeptCallback | None:
        """:returns: as it was; None: this signer has no open one of this id."""
        found = await self.find(callback_id)
        if found is None or found.signer_id != signer_id or found.state not in OPEN:
            return None
        own = (CallbackRow.id == callback_id) & CallbackRow.state.in_(OPEN)
        changed = await self._write(update(CallbackRow).where(own).values(state="cancelled", claimed_until=None))
        return found if changed else None

    async def expire(self) -> set[str]:
        """:returns: ids of the signers whose requests are over now."""
        over = (
            (CallbackRow.state == "waiting")
            & CallbackRow.claimed_until.is_(None)
            & (CallbackRow.expires_at <= self._clock())
        )
        async with self._database.writing() as session:
            people = set(await session.scalars(select(CallbackRow.signer_id).where(over).distinct()))
            if people:
                await session.execute(update(CallbackRow).where(over).values(state="expired"))
            return people

    async def forget(self, before: float) -> None:
        """Whom and what they were about: what is over and would have expired by then. :param before: Unix seconds."""
        over = CallbackRow.state.not_in(OPEN) & (CallbackRow.expires_at <= before)
        async with self._database.writing() as session:
            await session.execute(delete(CallbackRow).where(over))

    async def _change(
        self, callback: KeptCallback, values: dict[str, Any], *also: ColumnElement[bool]
    ) -> KeptCallback | None:
        """Only if it is as it was read: of two who try, one has it. :param also: what must hold besides."""
        same = (
            (CallbackRow.id == callback.id)
            & (CallbackRow.state == callback.state)
            & (CallbackRow.attempts == callback.attempts)
            & (CallbackRow.claimed_until.is_not_distinct_from(callback.claimed_until))
        )
        if not await self._write(update(CallbackRow).where(same, *also).values(**values)):
            return None
        return await self.find(callback.id)

    async def _write(self, statement: Update) -> int:
        """:returns: how many rows it changed."""
        async with self._database.writing() as session:
            return cast("CursorResult[Any]", await session.execute(statement)).rowcount

    async def _read(self, query: Any) -> list[KeptCallback]:
        async with self._database.reading() as session:
            return _kept(list(await session.scalars(query)))


def _kept(rows: Sequence[CallbackRow]) -> list[KeptCallback]:
    names = [each.name for each in fields(KeptCallback)]
    found = []
    for row in rows:
        values = {name: getattr(row, name) for name in names}
        values["kind"], values["mode"] = cast(CallbackKind, row.kind), cast(Mode, row.mode)
        found.append(KeptCallback(**values))
    return found
