"""Skills as the records write them, with their levels: ``lsf`` or ``medical=3``."""

from collections.abc import Iterable

from interpreter_queue.model import FULL_LEVEL


def levels(written: Iterable[str]) -> dict[str, int]:
    """Level by name: 1 to 5; :data:`FULL_LEVEL` where none is written; of a skill written twice the higher one."""
    found: dict[str, int] = {}
    for text in written:
        name, _, level = text.partition("=")
        found[name] = max(found.get(name, 0), int(level) if level.isdecimal() else FULL_LEVEL)
    return {name: min(FULL_LEVEL, max(1, level)) for name, level in found.items()}
