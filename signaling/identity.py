"""Who is at a page."""

from dataclasses import dataclass

from interpreter_queue.model import Trade
from signaling.call_model import PageRole


@dataclass(frozen=True)
class Identity:
    """
    Who is at the page.

    :param key: person id, or a random id for a brand's visitor or a rehearsal.
    :param person_id: None for visitors and rehearsals.
    :param only_brand: slug; the page is of this brand's own site and may call this brand alone.
    """

    key: str
    role: PageRole
    name: str = ""
    person_id: str | None = None
    trades: tuple[Trade, ...] = ()
    skills: tuple[str, ...] = ()
    number: str | None = None
    rehearsal: bool = False
    only_brand: str | None = None

    @property
    def is_visitor(self) -> bool:
        """Nobody known: a brand's visitor without sign-in."""
        return self.person_id is None and not self.rehearsal
