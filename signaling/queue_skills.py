"""Skills as operators write them: ``lsf``, ``medical:4``, ``brand:mairie``, ``brand:mairie:3``."""

import re
from collections.abc import Iterable

from interpreter_queue.model import FULL_LEVEL, HEARING_SKILL, REHEARSAL_SKILL

SECOND_LEVEL_SKILL = "second_level"
#: Names with a part of their own after the colon; every other number after a colon is a level.
FAMILIES = ("brand", "gender", "partner")
#: What a call never asks for by a signer's word.
RESERVED = frozenset({HEARING_SKILL, REHEARSAL_SKILL, SECOND_LEVEL_SKILL})
_WRITTEN = re.compile(rf"((?:{'|'.join(FAMILIES)}):[a-z0-9_-]{{1,64}}|[a-z][a-z0-9_]{{0,39}})(?::([1-5]))?")


class SkillError(ValueError):
    """No skill can be read from this. :param written: as typed by the operator."""

    def __init__(self, written: str) -> None:
        super().__init__(written)
        self.written = written


def skill_of(written: str) -> tuple[str, int]:
    """:returns: name and level, the full one where none is written. :raises SkillError:"""
    match = _WRITTEN.fullmatch(written)
    if match is None or match[1] in FAMILIES:
        raise SkillError(written)
    return match[1], int(match[2] or FULL_LEVEL)


def levels(written: Iterable[str]) -> dict[str, int]:
    """
    Level by name; of a skill written twice the higher one.

    :raises SkillError:
    """
    found: dict[str, int] = {}
    for name, level in map(skill_of, written):
        found[name] = max(found.get(name, 0), level)
    return found


def written_skill(name: str, level: int) -> str:
    return name if level == FULL_LEVEL else f"{name}:{level}"


def may_be_asked_for(name: str) -> bool:
    """Whether a signer's call may ask for it: a domain or a language, nothing that routing keeps for itself."""
    return ":" not in name and name not in RESERVED and _WRITTEN.fullmatch(name) is not None
