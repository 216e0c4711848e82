"""The command line of a rehearsal: what it refuses, and its exit codes."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from signaling.cli_rehearse import register

app = typer.Typer()
register(app)


@app.command("other")
def other() -> None:
    """A second command, so that the first keeps its name."""


@pytest.mark.parametrize(
    "arguments",
    [
        ("--scenario", "unheard_of"),
        ("--size", "10x10"),
        ("--size", "large"),
        ("--size", "641x480"),
        ("--phone", "0612345678"),
        ("--mode", "ASL"),
        ("--calls", "0"),
        ("--calls", "99"),
        ("--fps", "1"),
    ],
)
def test_option_that_makes_no_sense_is_told_by_name(arguments: tuple[str, str]) -> None:
    result = CliRunner().invoke(app, ["rehearse", *arguments])
    assert result.exit_code == 2
    assert arguments[0] in result.output


def test_all_scenarios_have_numbers_of_their_own() -> None:
    result = CliRunner().invoke(app, ["rehearse", "--scenario", "all", "--phone", "sip:bob@192.0.2.7"])
    assert result.exit_code == 2
    assert "--phone" in result.output


def test_service_that_cannot_be_reached_is_exit_code_2_with_json(tmp_path: Path) -> None:
    given = ["--json", "--url", "http://127.0.0.1:9", "--data-dir", str(tmp_path), "--scenario", "abandoned"]
    result = CliRunner().invoke(app, ["rehearse", *given])
    assert result.exit_code == 2
    document = json.loads(result.stdout)
    assert document["ok"] is False
    assert "127.0.0.1:9" in document["error"]


def test_clip_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["rehearse", "--clip", "absent.gif", "--data-dir", str(tmp_path)])
    assert result.exit_code == 2
    assert "absent.gif" in result.output
