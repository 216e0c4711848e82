"""
The diagrams in ``docs/queue.md``, from the tables: ``python -m interpreter_queue.diagram`` writes, a test compares.

Only what stands between ``<!-- diagram: agent -->`` and the end of the block that follows is written; the words around
it are by hand.
"""

from pathlib import Path

from interpreter_queue.lifecycle import mermaid

PAGE = Path(__file__).parent.parent / "docs" / "queue.md"
MARK, FENCE = "<!-- diagram: {name} -->\n```mermaid\n", "```\n"


def with_diagrams(page: str) -> str:
    """
    The page with each of its diagrams as the tables have it now.

    :raises ValueError: a diagram has no place in the page.
    """
    for name, text in mermaid().items():
        mark = MARK.format(name=name)
        begin = page.index(mark) + len(mark)
        page = page[:begin] + text + page[page.index(FENCE, begin) :]
    return page


if __name__ == "__main__":
    PAGE.write_text(with_diagrams(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
