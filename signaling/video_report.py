"""``passerelle check-video`` without ``--json``: what was measured, in words."""

from collections.abc import Mapping
from typing import Any

from relay.visibility.advice_texts import ADVICE

LEVELS = {"good": "bon", "fair": "moyen", "poor": "mauvais", "off": "non mesuré"}


def in_words(line: Mapping[str, Any]) -> str:
    """:param line: one of ``relay.visibility.check_video.check_video``: a second, or the summary."""
    if "summary" in line:
        return _summary(line["summary"])
    return f"{line['t']:>5} s  {LEVELS[line['level']]:<10}  {_advice(line['advice'])}"


def _summary(summary: Mapping[str, Any]) -> str:
    share = round(100 * summary["readable_share"])
    levels = ", ".join(f"{LEVELS[level]} {seconds} s" for level, seconds in summary["levels"].items())
    return f"{summary['seconds']} s, lisible {share} % du temps ({levels}). {_advice(summary['main_advice'])}"


def _advice(code: str) -> str:
    return ADVICE[code].french if code in ADVICE else code
