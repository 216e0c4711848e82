"""The page that ``check-video --report`` writes."""

import re
from html.parser import HTMLParser
from typing import Any

from relay.visibility.check_video import summary
from relay.visibility.monitor import Reading
from signaling.video_page import WORDS, page
from signaling.video_report import in_words

READINGS = [
    Reading("good", "good", {"luma": 0.5}),
    Reading("poor", "hands_cut", {"luma": 0.51, "signing": None}),
    Reading("poor", "hands_cut", {"luma": 0.5}),
    Reading("off", "no_video", {}),
]
SECONDS: list[dict[str, Any]] = [
    {"t": t, "measures": reading.measures, "level": reading.level, "advice": reading.advice}
    for t, reading in enumerate(READINGS)
]
SUMMARY = summary(READINGS)


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append(tag)


def tags(html: str) -> list[str]:
    parser = Tags()
    parser.feed(html)
    return parser.found


def test_a_page_has_a_bar_a_second_and_a_line_for_each_change() -> None:
    html = page("appel.mp4", SECONDS, SUMMARY)
    assert tags(html).count("rect") == 4
    assert "<td>1 s</td><td>3 s</td><td>mauvais</td>" in html
    assert "Les mains sortent de l’image" in html


def test_the_terminal_speaks_the_language_of_the_page() -> None:
    assert (
        in_words(SECONDS[1])
        == "    1 s  mauvais     Les mains sortent de l’image. Reculez un peu ou baissez la caméra."
    )
    assert in_words(SECONDS[1], "en").startswith("    1 s  poor          The hands leave the picture.")
    assert in_words({"summary": SUMMARY}, "en").startswith("4 s, readable ")
    assert "good 1 s" in in_words({"summary": SUMMARY}, "en")


def test_a_page_holds_no_picture_unless_asked() -> None:
    assert "img" not in tags(page("appel.mp4", SECONDS, SUMMARY))
    html = page("appel.mp4", SECONDS, SUMMARY, {0: b"a", 2: b"b"})
    assert tags(html).count("img") == 2
    assert WORDS["fr"]["private"] in html


def test_a_page_asks_nothing_of_the_network_and_runs_nothing() -> None:
    html = page("appel.mp4", SECONDS, SUMMARY)
    assert not {"script", "link", "iframe"} & set(tags(html))
    assert not re.search(r"https?://|url\(", html)


def test_the_name_of_a_film_is_text() -> None:
    assert "<b>" not in page("<b>.mp4", SECONDS, SUMMARY)


def test_english_is_complete() -> None:
    assert WORDS["fr"].keys() == WORDS["en"].keys()
    html = page("call.mp4", SECONDS, SUMMARY, locale="en")
    assert 'lang="en"' in html and "The hands leave the picture" in html
