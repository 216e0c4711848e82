"""The planners' guide: its commands work as they are written."""

import re
import shlex
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from signaling import cli_planning

GUIDE = Path(__file__).parents[2] / "docs" / "planning.md"
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
STEP = re.compile(r"cat > (\S+) <<'END'\n(.*?)^END\n|^\./run (.*?[^\\])\n", re.MULTILINE | re.DOTALL)


def test_every_command_of_the_guide_works_as_written_one_after_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cli_planning, "CHECKED_DAYS", 2)
    app = typer.Typer()
    cli_planning.register(app)
    commands = 0
    for block in BLOCK.findall(GUIDE.read_text()):
        assert STEP.sub("", block).strip() == "", "a line of the guide that this test does not try"
        for name, content, command in STEP.findall(block):
            if name:
                Path(name).write_text(content)
                continue
            shorter = re.sub(r"--days \d+", "--days 1", re.sub(r"--calls \d{4,}", "--calls 500", command))
            words = shlex.split(shorter.replace("\\\n", " "))
            done = CliRunner().invoke(app, words)
            assert done.exit_code == 0, (command, done.output)
            commands += 1
    assert commands >= 8
    assert {"jour.svg", "equipe.csv", "equipe.svg"} <= {path.name for path in tmp_path.iterdir()}
