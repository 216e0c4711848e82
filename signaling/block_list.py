"""
Which numbers are not dialled, and which may not call: of the whole service, of a brand, of one signer.

An entry is a number, a beginning of numbers (``+881*``) or, incoming, whoever hides theirs. The database holds digests
that only the service's secret makes, and sealed texts for the operator's list; emergencies never come here.
"""

import hashlib
import hmac
import json
import logging
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Literal

from signaling.records.blocks import Blocks
from signaling.records.database import is_temporary
from signaling.records.model import Block
from signaling.sealing import Sealer

Direction = Literal["in", "out"]
Scope = Literal["service", "brand", "person"]
ANONYMOUS = "anonymous"
_PURPOSE = "passerelle.blocks"
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Entry:
    """
    :param pattern: E.164 or a short number; with ``*`` at its end, all that begin so; :data:`ANONYMOUS`.
    :param whose: id of the brand or person; empty: the service's.
    """

    direction: Direction
    pattern: str
    scope: Scope = "service"
    whose: str = ""


class BlockList:
    """:param secret: of the installation."""

    def __init__(self, secret: str, table: Blocks) -> None:
        self._key = hmac.digest(secret.encode(), _PURPOSE.encode(), hashlib.sha256)
        self._sealer, self._table = Sealer(secret, _PURPOSE), table

    async def add(self, entry: Entry) -> bool:
        """:returns: False: this person's list is full."""
        person_id = entry.whose if entry.scope == "person" else None
        return await self._table.add(
            Block(self._digest(entry), self._sealer.seal(json.dumps(asdict(entry))), person_id)
        )

    async def remove(self, entry: Entry) -> bool:
        """:returns: whether it was there."""
        return await self._table.remove(self._digest(entry))

    async def all(self) -> list[Entry]:
        """Those sealed with another secret are left out."""
        opened = (self._sealer.open(sealed) for sealed in await self._table.all())
        return [Entry(**json.loads(text)) for text in opened if text is not None]

    async def is_blocked(
        self, direction: Direction, number: str | None, *, person_id: str | None = None, brand_id: str | None = None
    ) -> bool:
        """
        While the database is away nothing is blocked: a call is worth more than a list.

        :param number: E.164 or a short number; None: it is hidden.
        """
        whose: list[tuple[Scope, str]] = [("service", "")]
        whose += [("brand", brand_id)] if brand_id else []
        whose += [("person", person_id)] if person_id else []
        entries = (Entry(direction, pattern, *each) for each in whose for pattern in patterns(number))
        try:
            return await self._table.any_of([self._digest(entry) for entry in entries])
        except Exception as error:
            if not is_temporary(error):
                raise
            log.warning("block list not read: %s", type(error).__name__)
            return False

    def _digest(self, entry: Entry) -> str:
        text = "\n".join((entry.direction, entry.scope, entry.whose, entry.pattern))
        return hmac.digest(self._key, text.encode(), hashlib.sha256).hex()


def patterns(number: str | None) -> Iterator[str]:
    """Everything that this number may be listed as."""
    if number is None:
        yield ANONYMOUS
        return
    yield number
    for length in range(2, len(number) + 1):
        yield f"{number[:length]}*"
