"""``docs/visibility.md`` says of measures, advice, rules and times what the code has."""

import re
from pathlib import Path

from relay.visibility.monitor import LegMonitor
from relay.visibility.rule_tables import PAGE, TABLES, with_tables
from relay.visibility.rules import limits

TEXT = PAGE.read_text(encoding="utf-8")
CHAPTER = TEXT.partition("## What is measured")[2].partition("\n## ")[0]
DESCRIBED = {
    name for cell in re.findall(r"^\| (`.*?) \|", CHAPTER, re.MULTILINE) for name in re.findall(r"`(\w+)`", cell)
}


def test_the_documentation_shows_the_tables_of_the_code() -> None:
    assert with_tables(TEXT) == TEXT, "run: python -m relay.visibility.rule_tables"


def test_a_table_begins_where_it_is_marked_and_nothing_else_is_touched() -> None:
    page = "".join(
        f"before {name}\n<!-- table: {name} -->\nwritten by hand\n<!-- end of table -->\n" for name in TABLES
    )
    written = with_tables(page)
    assert "by hand" not in written
    assert all(f"before {name}\n<!-- table: {name} -->\n| " in written for name in TABLES)
    assert with_tables(written) == written


def test_every_measure_of_a_reading_is_described_and_no_other() -> None:
    assert set(LegMonitor().reading(1.0, 1.0).measures) == DESCRIBED


def test_every_threshold_is_about_a_measure_that_is_described() -> None:
    assert {limit.measure for limit in limits().values()} <= DESCRIBED


def test_no_link_of_the_page_leads_nowhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", TEXT):
        assert (Path(PAGE).parent / target).is_file(), target
