"""
``passerelle check-video --report``: one HTML page that stands alone. A timeline of levels, every change of advice in
words, and the measures behind each second. Pictures are in it only when they were asked for. Pure.

Nothing is told by colour alone: each level has its own height, and every stretch its words.
"""

import base64
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from itertools import groupby
from typing import Any, Literal

from relay.visibility.advice_texts import ADVICE

Locale = Literal["fr", "en"]
Second = Mapping[str, Any]

BAR, HEIGHT = 6, 60  # pixels of a second, and of the best level
LAST_TICK = 24  # pixels for the words of a tick that stands at the end
HEIGHTS = {"good": 60, "fair": 40, "poor": 20, "off": 4}
TICK_S = 10
WORDS: dict[Locale, dict[str, str]] = {
    "fr": {
        "title": "Lisibilité des signes",
        "summary": "{seconds} s analysées, lisible {share} % du temps.",
        "timeline": "Une barre par seconde",
        "stretches": "Ce qui a été dit",
        "from": "de",
        "to": "à",
        "level": "niveau",
        "advice": "conseil",
        "picture": "image",
        "measures": "Mesures de chaque seconde",
        "second": "seconde",
        "private": "Cette page contient des images de la personne : ne la transmettez qu’avec son accord.",
        "good": "bon",
        "fair": "moyen",
        "poor": "mauvais",
        "off": "non mesuré",
    },
    "en": {
        "title": "Readability of the signing",
        "summary": "{seconds} s analysed, readable {share} % of the time.",
        "timeline": "One bar a second",
        "stretches": "What was said",
        "from": "from",
        "to": "to",
        "level": "level",
        "advice": "advice",
        "picture": "picture",
        "measures": "Measures of each second",
        "second": "second",
        "private": "This page holds pictures of the person: pass it on with their agreement only.",
        "good": "good",
        "fair": "fair",
        "poor": "poor",
        "off": "not measured",
    },
}
STYLE = """
  :root { color-scheme: light dark; --good: #1b7f4b; --fair: #b7791f; --poor: #b3261e; --off: #767676 }
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem }
  table { border-collapse: collapse; width: 100% }
  th, td { text-align: left; padding: .3rem .6rem; vertical-align: top }
  tr { border-top: 1px solid color-mix(in srgb, currentColor 20%, transparent) } .scroll { overflow-x: auto }
  .good { fill: var(--good) } .fair { fill: var(--fair) } .poor { fill: var(--poor) } .off { fill: var(--off) }
  svg text { font: 12px system-ui, sans-serif; fill: currentColor } img { display: block; height: 90px }
  .measures { font-size: 13px; font-variant-numeric: tabular-nums } .measures th { white-space: nowrap }
"""


def page(
    name: str,
    seconds: Sequence[Second],
    summary: Mapping[str, Any],
    pictures: Mapping[int, bytes] | None = None,
    locale: Locale = "fr",
) -> str:
    """
    :param name: of the film, for the title. :param seconds: lines of ``check_video``.
    :param pictures: JPEG by second; None: the page holds none.
    """
    words = WORDS[locale]
    share = round(100 * summary["readable_share"])
    in_short = words["summary"].format(seconds=summary["seconds"], share=share)
    parts = (
        f'<!doctype html><html lang="{locale}"><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{words['title']} · {escape(name)}</title><style>{STYLE}</style>",
        f"<h1>{words['title']} · {escape(name)}</h1>",
        f"<p>{in_short} {_said(summary['main_advice'], locale)}</p>",
        f"<p><strong>{words['private']}</strong></p>" if pictures is not None else "",
        f"<h2>{words['timeline']}</h2>{_timeline(seconds, locale)}",
        f"<h2>{words['stretches']}</h2>{_stretches(seconds, pictures, locale)}",
        f"<h2>{words['measures']}</h2>{_measures(seconds, words)}",
        "</html>",
    )
    return "\n".join(part for part in parts if part) + "\n"


def _said(code: str, locale: Locale) -> str:
    text = ADVICE[code]
    return escape(text.french if locale == "fr" else text.english)


def _timeline(seconds: Sequence[Second], locale: Locale) -> str:
    words = WORDS[locale]
    width = max(1, len(seconds)) * BAR + LAST_TICK
    bars = "".join(
        f'<rect class="{line["level"]}" x="{index * BAR}" y="{HEIGHT - HEIGHTS[line["level"]]}" width="{BAR - 1}" '
        f'height="{HEIGHTS[line["level"]]}"><title>{line["t"]} s : {words[line["level"]]}. '
        f"{_said(line['advice'], locale)}</title></rect>"
        for index, line in enumerate(seconds)
    )
    ticks = "".join(
        f'<text x="{index * BAR}" y="{HEIGHT + 14}">{line["t"]}</text>'
        for index, line in enumerate(seconds)
        if line["t"] % TICK_S == 0
    )
    label = f"{words['timeline']} : {', '.join(_in_short(seconds, words))}"
    return (
        f'<div class="scroll"><svg role="img" aria-label="{escape(label)}" width="{width}" height="{HEIGHT + 18}" '
        f'viewBox="0 0 {width} {HEIGHT + 18}">{bars}{ticks}</svg></div>'
    )


def _in_short(seconds: Sequence[Second], words: Mapping[str, str]) -> Iterator[str]:
    for level in HEIGHTS:
        count = sum(line["level"] == level for line in seconds)
        if count:
            yield f"{words[level]} {count} s"


def _stretches(seconds: Sequence[Second], pictures: Mapping[int, bytes] | None, locale: Locale) -> str:
    words = WORDS[locale]
    columns = ["from", "to", "level", "advice", *(["picture"] if pictures is not None else [])]
    head = "".join(f'<th scope="col">{words[column]}</th>' for column in columns)
    rows = [f"<tr>{head}</tr>"]
    for (level, code), group in groupby(seconds, key=lambda line: (line["level"], line["advice"])):
        stretch = list(group)
        cells = [f"{stretch[0]['t']} s", f"{stretch[-1]['t'] + 1} s", words[level], _said(code, locale)]
        if pictures is not None:
            cells.append(_picture(pictures.get(stretch[len(stretch) // 2]["t"])))
        rows.append(f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>")
    return f'<div class="scroll"><table>{"".join(rows)}</table></div>'


def _picture(jpeg: bytes | None) -> str:
    return "" if jpeg is None else f'<img alt="" src="data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}">'


def _measures(seconds: Sequence[Second], words: Mapping[str, str]) -> str:
    names = sorted({name for line in seconds for name, value in line["measures"].items() if value is not None})
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in (words["second"], *names))
    rows = "".join(_measures_of(line, names) for line in seconds)
    return f'<div class="scroll"><table class="measures"><tr>{head}</tr>{rows}</table></div>'


def _measures_of(line: Second, names: Sequence[str]) -> str:
    cells = "".join(f"<td>{_figure(line['measures'].get(name))}</td>" for name in names)
    return f'<tr><th scope="row">{line["t"]}</th>{cells}</tr>'


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"
