"""Who is at a page."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from interpreter_queue.model import FULL_LEVEL, Trade
from signaling.call_terms import PageRole

#: What a valid qualification proves beside the trade itself: LSF at Master's level, LSF at C1, cued speech, text.
PROVED_BY_TRADE: dict[Trade, dict[str, int]] = {
    "interpreter": {"lsf": FULL_LEVEL},
    "adviser": {"lsf": 4},
    "lfpc_coder": {"lpc": FULL_LEVEL},
    "transcriber": {"text": FULL_LEVEL},
}


@dataclass(frozen=True)
class Identity:
    """
    Who is at the page.

    :param key: person id, or a random id for a brand's visitor or a rehearsal.
    :param person_id: None for visitors and rehearsals.
    :param skills: an agent's, level 1..5 by name (``interpreter_queue.model.Agent.skills``).
    :param only_brand: slug; the page is of this brand's own site and may call this brand alone.
    """

    key: str
    role: PageRole
    name: str = ""
    person_id: str | None = None
    trades: tuple[Trade, ...] = ()
    skills: Mapping[str, int] = field(default_factory=dict)
    number: str | None = None
    rehearsal: bool = False
    only_brand: str | None = None

    @property
    def is_visitor(self) -> bool:
        """Nobody known: a brand's visitor without sign-in."""
        return self.person_id is None and not self.rehearsal


def proved_skills(trades: tuple[Trade, ...], held: Mapping[str, int]) -> dict[str, int]:
    """Skills held, and those that these valid trades prove; of each the higher level."""
    found = dict(held)
    for trade in trades:
        for name, level in PROVED_BY_TRADE[trade].items():
            found[name] = max(found.get(name, 0), level)
    return found
