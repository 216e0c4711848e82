"""
Two small charts, drawn from numbers: bars in a terminal, and bars with a stepped line as SVG. Pure.

The SVG stands alone (file, page or mail): it names itself to screen readers, and takes the colours of its reader's
light or dark theme. No number is told by colour alone: bars are filled, the line is stepped, both are in the key.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

EIGHTHS = " ▏▎▍▌▋▊▉█"
WIDTH, HEIGHT = 960, 360
LEFT, RIGHT, TOP, BOTTOM = 56, 56, 64, 44
STYLE = """
  svg { color: #1b1b1b; background: #fff; font: 13px system-ui, sans-serif }
  .bar { fill: #9db8d9 } .line { fill: none; stroke: #a3320b; stroke-width: 2.5 }
  .axis { stroke: currentColor } .grid { stroke: currentColor; opacity: .15 } text { fill: currentColor }
  @media (prefers-color-scheme: dark) {
    svg { color: #eee; background: #1b1b1b } .bar { fill: #4a6a94 } .line { stroke: #ff9a6b }
  }"""


@dataclass(frozen=True)
class Series:
    """:param values: 0 or more; None: nothing to show there. :param name: with its unit, for people."""

    name: str
    values: Sequence[float | None]


def text_bars(rows: Sequence[tuple[str, float | None, str]], width: int = 40) -> str:
    """
    One line per row: label, bar, and the value in words.

    :param rows: label, value of 0 or more (None: no bar), the value as shown. :param width: of the longest bar, cells.
    """
    if not rows:
        return ""
    largest = max((value or 0.0 for _, value, _ in rows), default=0.0) or 1.0
    room = max(len(label) for label, _, _ in rows)
    return "\n".join(
        f"{label:>{room}} {_bar((value or 0.0) / largest, width):<{width}} {shown}" for label, value, shown in rows
    )


def _bar(share: float, width: int) -> str:
    eighths = round(share * width * 8)
    full, rest = divmod(eighths, 8)
    return "█" * full + (EIGHTHS[rest] if rest else "")


def svg(title: str, description: str, labels: Sequence[str], bars: Series, line: Series | None = None) -> str:
    """
    One bar per label, its scale on the left; the line's scale is on the right.

    :param description: what a screen reader says instead of the picture.
    """
    step = (WIDTH - LEFT - RIGHT) / max(1, len(labels))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-labelledby="chart-title chart-description">',
        f'<title id="chart-title">{escape(title)}</title>',
        f'<desc id="chart-description">{escape(description)}</desc>',
        f"<style>{STYLE}\n</style>",
        f'<text x="{LEFT}" y="22" font-size="16">{escape(title)}</text>',
        *_key(bars, line),
        *_grid(_top(bars), _top(line) if line else None),
        *_bars(bars, step),
        *([_stepped(line, step)] if line else []),
        *_labels(labels, step),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _key(bars: Series, line: Series | None) -> list[str]:
    found = [
        f'<rect class="bar" x="{LEFT}" y="34" width="18" height="12"/>',
        f'<text x="{LEFT + 24}" y="45">{escape(bars.name)}</text>',
    ]
    if line:
        middle = WIDTH // 2
        found += [
            f'<path class="line" d="M{middle} 44h9v-8h9"/>',
            f'<text x="{middle + 24}" y="45">{escape(line.name)}</text>',
        ]
    return found


def _top(series: Series) -> float:
    """The end of the scale: 1, 2 or 5 times a power of ten, at or above the largest value."""
    largest = max((value for value in series.values if value is not None), default=0.0)
    if largest <= 0:
        return 1.0
    power = 1.0
    while power * 10 < largest:
        power *= 10
    while power > largest:
        power /= 10
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= largest * (1 - 1e-9))


def _y(value: float, top: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / top


def _grid(left_top: float, right_top: float | None) -> list[str]:
    found = []
    for quarter in range(5):
        y = _y(quarter, 4)
        found.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        found.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{_number(left_top * quarter / 4)}</text>')
        if right_top is not None:
            shown = _number(right_top * quarter / 4)
            found.append(f'<text x="{WIDTH - RIGHT + 6}" y="{y + 4:.1f}">{shown}</text>')
    return found


def _number(value: float) -> str:
    return f"{value:g}".replace(".", ",")


def _bars(bars: Series, step: float) -> list[str]:
    top, base = _top(bars), HEIGHT - BOTTOM
    return [
        f'<rect class="bar" x="{LEFT + index * step + 1:.1f}" y="{_y(value, top):.1f}" '
        f'width="{max(1.0, step - 2):.1f}" height="{base - _y(value, top):.1f}"/>'
        for index, value in enumerate(bars.values)
        if value
    ]


def _stepped(line: Series, step: float) -> str:
    """A horizontal piece per value; a gap where there is none."""
    top, path, joined = _top(line), "", False
    for index, value in enumerate(line.values):
        if value is None:
            joined = False
            continue
        x, y = LEFT + index * step, _y(value, top)
        path += f"{'L' if joined else 'M'}{x:.1f} {y:.1f}h{step:.1f}"
        joined = True
    return f'<path class="line" d="{path or "M0 0"}"/>'


def _labels(labels: Sequence[str], step: float) -> list[str]:
    """As many as fit, on an axis below."""
    base, every = HEIGHT - BOTTOM, max(1, -(-len(labels) * 64 // (WIDTH - LEFT - RIGHT)))
    axis = f'<line class="axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{base}" y2="{base}"/>'
    return [
        axis,
        *(
            f'<text x="{LEFT + index * step + 2:.1f}" y="{base + 18}">{escape(label)}</text>'
            for index, label in enumerate(labels)
            if index % every == 0
        ),
    ]
