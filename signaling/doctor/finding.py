"""What a check found, in words."""

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["ok", "warning", "failure"]


@dataclass(frozen=True)
class Finding:
    verdict: Verdict
    subject: str
    words: str
