"""The nouns of the audit log: who did what to whom or what, in codes. Neither words nor numbers."""

from dataclasses import dataclass
from typing import Literal

Act = Literal["presence", "move", "say", "join_asked", "joined", "join_refused", "left", "thresholds", "sign_in"]


@dataclass(frozen=True)
class Acted:
    """
    One act of a supervisor.

    :param by_id: person id. :param agent_id: whom it was done to, person id.
    :param subject: what it was done to, when that is not a person: a queue, a direct call's id.
    :param detail: a code (``paused``, ``head``), never a text.
    """

    by_id: str
    act: Act
    agent_id: str | None = None
    subject: str | None = None
    detail: str | None = None
