"""Every ``./run …`` and ``passerelle …`` of the documentation is a command with such options."""

import re
import shlex
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer.main

from signaling.cli import app, register_commands

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("README*.md"), *(ROOT / "docs").rglob("*.md")])
BLOCK = re.compile(r"^ *```sh\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`((?:\./run|passerelle) [^`]+)`")
COMMAND = re.compile(r"^\s*(?:\./run|passerelle)(?: (.+))?$")
#: The script's own, before it starts the service; and what stands for words to be chosen.
OF_THE_SCRIPT = frozenset({"--install-only"})
CHOSEN = re.compile(r"\[|…|\.\.\.|<| \| |\bN$|^COMMAND$")


def typed(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        found = COMMAND.match(line)
        if found and not CHOSEN.search(found[1] or ""):
            yield found[1] or ""


def in_blocks(text: str) -> list[str]:
    return [line for block in BLOCK.findall(text) for line in block.replace("\\\n", " ").splitlines()]


COMMANDS = sorted({(page.name, line) for page in PAGES for line in typed(in_blocks(page.read_text()))})
NAMED = sorted({(page.name, line) for page in PAGES for line in typed(INLINE.findall(page.read_text()))})


def test_the_documentation_shows_commands() -> None:
    assert len(COMMANDS) > 50 and len(NAMED) > 10


@pytest.mark.parametrize(("page", "line"), COMMANDS)
def test_a_command_of_the_documentation_can_be_typed_as_it_is_written(page: str, line: str) -> None:
    parse(shlex.split(line, comments=True))


@pytest.mark.parametrize(("page", "line"), NAMED)
def test_a_command_that_a_sentence_names_is_one_whose_arguments_may_be_left_out(page: str, line: str) -> None:
    try:
        parse(shlex.split(line))
    except Exception as error:
        assert str(error).startswith("Missing parameter"), error


@pytest.mark.parametrize("line", ["queue sat relay", "queue list --fast", "rehearse --calls many", "brand add"])
def test_a_wrong_one_is_found(line: str) -> None:
    with pytest.raises(Exception, match=r"sat|--fast|integer|slug"):
        parse(line.split())


@cache
def whole() -> Any:
    if "queue" not in {group.name for group in app.registered_groups}:
        register_commands()
    return typer.main.get_command(app)


def parse(words: list[str]) -> None:
    """Nothing is run. :raises Exception: typer's, which keeps its own click: no such command, option or value."""
    command = whole()
    words = [word for word in words if word not in OF_THE_SCRIPT]
    words = words if words and not words[0].startswith("-") else ["serve", *words]
    context = command.context_class(command)
    while hasattr(command, "resolve_command") and (words or not command.invoke_without_command):
        name, command, words = command.resolve_command(context, words)
        context = command.context_class(command, info_name=name, parent=context)
    command.parse_args(context, words)
