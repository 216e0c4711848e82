"""``passerelle check-video`` without ``--json``: what was measured, in words."""

from collections.abc import Mapping
from typing import Any

from relay.visibility.advice_texts import ADVICE
from signaling.video_page import HEIGHTS, WORDS, Locale

SUMMARY: dict[Locale, str] = {
    "fr": "{seconds} s, lisible {share} % du temps ({levels}). {advice}",
    "en": "{seconds} s, readable {share} % of the time ({levels}). {advice}",
}


def in_words(line: Mapping[str, Any], locale: Locale = "fr") -> str:
    """:param line: one of ``relay.visibility.check_video.check_video``: a second, or the summary."""
    if "summary" in line:
        return _summary(line["summary"], locale)
    words = WORDS[locale]
    width = max(len(words[level]) for level in HEIGHTS)
    return f"{line['t']:>5} s  {words[line['level']]:<{width}}  {_advice(line['advice'], locale)}"


def _summary(summary: Mapping[str, Any], locale: Locale) -> str:
    levels = ", ".join(f"{WORDS[locale][level]} {seconds} s" for level, seconds in summary["levels"].items())
    return SUMMARY[locale].format(
        seconds=summary["seconds"],
        share=round(100 * summary["readable_share"]),
        levels=levels,
        advice=_advice(summary["main_advice"], locale),
    )


def _advice(code: str, locale: Locale) -> str:
    if code not in ADVICE:
        return code
    return ADVICE[code].french if locale == "fr" else ADVICE[code].english
