"""``passerelle compile`` and what ``doctor`` says of it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from relay.compiled import folder
from relay.compiler import CompilerMissingError
from signaling.cli_compile import advice
from signaling.config import load_config
from signaling.doctor.installation import check_compiled


def test_what_is_missing_is_named_with_the_line_to_type() -> None:
    words = advice(CompilerMissingError(["gcc", "libc6-dev"], ["mypy"]))
    assert "sudo apt-get update && sudo apt-get install --no-install-recommends -y gcc libc6-dev\n" in words
    assert f"{sys.executable} -m pip install mypy\n" in words
    assert "le service marche sans" in words and "the service runs without" in words
    assert "apt-get" not in advice(CompilerMissingError([], ["mypy"]))
    assert " pip " not in advice(CompilerMissingError(["gcc"], []))


def test_without_a_compiler_the_command_ends_with_that_advice(tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PASSERELLE_")}
    done = subprocess.run(
        [sys.executable, "-m", "signaling.cli", "compile"],
        env=kept | {"PASSERELLE_DATA_DIR": str(tmp_path), "PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("✗ Il manque de quoi compiler") and "gcc libc6-dev" in done.stderr
    assert not (tmp_path / "compiled").exists()


@pytest.mark.parametrize(
    ("given", "made", "verdict", "words"),
    [
        ({}, None, "ok", "./run compile"),
        ({}, "0123456789abcdef", "warning", "pour une autre version"),
        ({}, "", "ok", "compilé, dans"),
        ({"PASSERELLE_MEDIA_COMPILED": "no"}, "", "ok", "PASSERELLE_MEDIA_COMPILED"),
    ],
)
async def test_doctor_says_which_code_forwards(
    tmp_path: Path, given: dict[str, str], made: str | None, verdict: str, words: str
) -> None:
    """:param made: name of what lies there; empty: what fits; None: nothing."""
    config = load_config({"PASSERELLE_DATA_DIR": str(tmp_path)} | given)
    fits = folder(config.service.compiled_dir)
    if made is not None:
        (fits.parent / (made or fits.name)).mkdir(parents=True)
    (finding,) = await check_compiled(config)
    assert finding.verdict == verdict and words in finding.words
