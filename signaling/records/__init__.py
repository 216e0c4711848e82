"""
Records in SQL: people, brands, calls, contacts. One :class:`Records` per process, its repositories as attributes.

Whose text is kept, and of which calls, is decided here; when a write cannot be done now, ``outbox`` keeps it.
"""

import time
from collections.abc import Callable

from signaling.records.audit import Audit
from signaling.records.blocks import Blocks
from signaling.records.board import BoardRows
from signaling.records.brand_rules import BrandRulesTable
from signaling.records.brands import Brands
from signaling.records.callbacks import Callbacks
from signaling.records.calls import Calls
from signaling.records.database import Database
from signaling.records.inbox import Inbox
from signaling.records.people import People
from signaling.records.push_subscriptions import PushSubscriptions
from signaling.records.queue_rules import QueueRulesTable
from signaling.records.report_rows import ReportRows
from signaling.records.sessions import Sessions

__all__ = ["Records"]


class Records:
    """
    ``await open()`` before, ``await close()`` after. Or ``async with Records(url) as records``.

    :param clock: Unix seconds.
    """

    def __init__(self, database_url: str, clock: Callable[[], float] = time.time) -> None:
        self.database = Database(database_url)
        self.people = People(self.database, clock)
        self.brands = Brands(self.database, clock)
        self.brand_rules = BrandRulesTable(self.database)
        self.audit = Audit(self.database)
        self.board = BoardRows(self.database)
        self.blocks = Blocks(self.database, clock)
        self.calls = Calls(self.database, clock)
        self.sessions = Sessions(self.database, clock)
        self.inbox = Inbox(self.database, clock)
        self.callbacks = Callbacks(self.database, clock)
        self.queue_rules = QueueRulesTable(self.database, clock)
        self.push = PushSubscriptions(self.database, clock)
        self.reports = ReportRows(self.database)

    async def open(self, *, migrate: bool = True) -> None:
        """Brings the schema up to date under a lock. :raises NewerSchemaError:"""
        await self.database.open(migrate=migrate)

    async def close(self) -> None:
        await self.database.close()

    async def __aenter__(self) -> "Records":
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
