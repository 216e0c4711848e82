"""Charts show what they are given, and can be read without seeing them."""

from xml.etree import ElementTree

import pytest

from interpreter_queue.charts import Series, svg, text_bars

SVG = "{http://www.w3.org/2000/svg}"


def test_the_longest_bar_fills_the_width_and_the_others_are_in_proportion() -> None:
    lines = text_bars([("8:00", 10.0, "10 s"), ("10:00", 40.0, "40 s"), ("9", None, "–")], width=8).splitlines()
    assert lines == [" 8:00 ██       10 s", "10:00 ████████ 40 s", "    9          –"]


def test_bars_without_values_are_empty_and_no_rows_no_text() -> None:
    assert text_bars([("a", 0.0, "0")], width=3) == "a     0"
    assert text_bars([]) == ""


def drawn(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(text)


def test_a_picture_names_itself_to_screen_readers_and_escapes_what_it_is_told() -> None:
    root = drawn(svg("Appels & attente", "Peu < beaucoup", ["8:00"], Series("appels", [3])))
    assert root.get("role") == "img"
    named = [root.find(f"{SVG}title"), root.find(f"{SVG}desc")]
    assert [each.text for each in named if each is not None] == ["Appels & attente", "Peu < beaucoup"]
    assert (root.get("aria-labelledby") or "").split() == [each.get("id") for each in named if each is not None]


def test_bars_stand_on_the_axis_in_proportion_to_their_values() -> None:
    root = drawn(svg("t", "d", ["a", "b", "c"], Series("n", [50, None, 100])))
    bars = [bar for bar in root.findall(f"{SVG}rect") if bar.get("y") != "34"]
    heights = [float(bar.get("height") or 0) for bar in bars]
    assert len(bars) == 2
    assert heights[1] == pytest.approx(2 * heights[0], rel=0.01)
    assert len({round(float(bar.get("y") or 0) + float(bar.get("height") or 0)) for bar in bars}) == 1


@pytest.mark.parametrize(
    ("largest", "top"), [(17, "20"), (50, "50"), (51, "100"), (0.3, "0,5"), (0, "1"), (1000, "1000")]
)
def test_the_scale_ends_at_a_round_number_above_the_largest_value(largest: float, top: str) -> None:
    root = drawn(svg("t", "d", ["a"], Series("n", [largest])))
    assert top in [each.text for each in root.findall(f"{SVG}text")]


def test_a_line_has_a_gap_where_there_is_no_value() -> None:
    root = drawn(svg("t", "d", list("abcd"), Series("n", [1, 1, 1, 1]), Series("s", [1, 2, None, 1])))
    line = root.findall(f"{SVG}path")[-1].get("d") or ""
    assert line.count("M") == 2
    assert line.count("h") == 3
