"""
The tables in ``docs/visibility.md``, from the code: ``python -m relay.visibility.rule_tables`` writes, a test compares.

Only what stands between ``<!-- table: advice -->`` and ``<!-- end of table -->`` is written; the words around it are by
hand.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import get_args

from relay.model import AdviceCode, OffReason, WatchFor
from relay.visibility import advice, schedule
from relay.visibility.advice_texts import ADVICE
from relay.visibility.measures import summary
from relay.visibility.rules import ALL, RULES, SIGNING_SHARE, Limit, Rule, rules_for

PAGE = Path(__file__).parents[2] / "docs" / "visibility.md"
BEGIN, END = "<!-- table: {name} -->\n", "<!-- end of table -->"
WATCHED: tuple[WatchFor, ...] = get_args(WatchFor)
ACTIVITIES: tuple[schedule.Activity, ...] = ("still", "moving")
VERDICTS: dict[schedule.Verdict, str] = {
    "well": "all is well",
    "badly": "something is said",
    "unsettled": "it is about to change, or just did",
}
USUAL = Rule("good", "good", (), ALL)


def with_tables(page: str) -> str:
    """
    The page with each of its tables as the code has it now.

    :raises ValueError: a table has no place in the page.
    """
    for name, make in TABLES.items():
        mark = BEGIN.format(name=name)
        begin = page.index(mark) + len(mark)
        page = page[:begin] + "\n".join(make()) + "\n" + page[page.index(END, begin) :]
    return page


def advice_table() -> list[str]:
    """Codes in the order in which they first come in the rules, then those that no rule has."""
    by_rule = dict.fromkeys(rule.code for rule in RULES)
    codes = [*by_rule, *(code for code in (*get_args(AdviceCode), *get_args(OffReason)) if code not in by_rule)]
    return table(
        ["Code", "Level", "To the person: French", "English", "To whoever serves: French"],
        [
            [f"`{code}`", _levels(code), ADVICE[code].french, ADVICE[code].english, ADVICE[code].french_about]
            for code in codes
        ],
    )


def rules_table() -> list[str]:
    """One row for each rule, in order."""
    return table(
        ["Advice", "Level", "Evidence: all of these (until)", "For", "Holds", "Source"],
        [
            [
                f"`{rule.code}`",
                rule.level,
                "<br>".join(_limit(limit) for limit in rule.limits),
                "all" if rule.watch == ALL else ", ".join(name for name in WATCHED if name in rule.watch),
                _timing(rule),
                "<br>".join(dict.fromkeys(limit.source for limit in rule.limits)),
            ]
            for rule in RULES
        ],
    )


def profiles_table() -> list[str]:
    """What each profile leaves out, and has by itself."""
    codes = {name: {rule.code for rule in rules_for(name)} for name in WATCHED}
    every = dict.fromkeys(rule.code for rule in RULES)
    return table(
        ["Watched for", "Never says", "Thresholds of its own"],
        [
            [
                f"`{name}`",
                ", ".join(f"`{code}`" for code in every if code not in codes[name]),
                ", ".join(f"`{limit.name}`" for rule in RULES if rule.watch == {name} for limit in rule.limits),
            ]
            for name in WATCHED
        ],
    )


def times_table() -> list[str]:
    return table(
        ["What", "Time"],
        [
            ["between two changes of what is shown, at least", f"{advice.HOLD_S:g} s"],
            ["evidence until a rule holds, where its row says nothing else", f"{USUAL.enter_s:g} s"],
            ["contrary evidence until it holds no longer", f"{USUAL.leave_s:g} s"],
            ["until it goes by itself while the measures say nothing about it", f"{USUAL.fades_s:g} s"],
            ["looks that tell of a second: those as new as", f"{summary.LOOK_WINDOW_S:g} s"],
            ["the last look tells of seconds without one for", f"{summary.LOOK_LIFETIME_S:g} s"],
            ["where a face was that is not found in every look", f"{summary.FACE_LIFETIME_S:g} s"],
            ["looks that tell whether somebody is there", f"{summary.PERSON_WINDOW_S:g} s"],
            ["looks that tell of the mouth, since signs pass it", f"{summary.MOUTH_WINDOW_S:g} s"],
            ["looks that tell of hands, of those at which something moved", f"{summary.HANDS_WINDOW_S:g} s"],
            [
                f"signing: at least {SIGNING_SHARE:g} of the pictures show its movement, of the last",
                f"{summary.SIGNING_WINDOW_S:g} s",
            ],
        ],
    )


def schedule_table() -> list[str]:
    """Seconds between two looks."""
    return table(
        ["", "nothing moves", "something moves"],
        [
            [words, *(f"{schedule.PERIODS_S[verdict, activity]:g} s" for activity in ACTIVITIES)]
            for verdict, words in VERDICTS.items()
        ],
    )


TABLES: dict[str, Callable[[], list[str]]] = {
    "advice": advice_table,
    "rules": rules_table,
    "profiles": profiles_table,
    "times": times_table,
    "schedule": schedule_table,
}


def table(head: list[str], rows: Iterable[list[str]]) -> list[str]:
    return [_row(head), "|" + "---|" * len(head), *(_row(row) for row in rows)]


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _levels(code: str) -> str:
    levels = dict.fromkeys(rule.level for rule in RULES if rule.code == code)
    return ", ".join(levels) or ("good" if code == "good" else "off")


def _limit(limit: Limit) -> str:
    sign = "<" if limit.side == "below" else ">"
    return f"`{limit.name}`: {limit.measure} {sign} {limit.enter:g} ({limit.leave:g})"


def _timing(rule: Rule) -> str:
    """What is not usual."""
    entered = [] if rule.enter_s == USUAL.enter_s else [f"from {rule.enter_s:g} s"]
    left = [] if rule.leave_s == USUAL.leave_s else [f"until {rule.leave_s:g} s"]
    faded = [] if rule.fades_s == USUAL.fades_s else [f"fades in {rule.fades_s:g} s"]
    signing = ["while signing"] if rule.while_signing else []
    later = [] if rule.at_once else ["not at once"]
    yields = ["yields"] if rule.yields else []
    return ", ".join([*signing, *later, *yields, *entered, *left, *faded])


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
