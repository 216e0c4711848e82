"""
The forwarding compiled once for all tests of a run, and the pytest plugin that makes another run test it:
``pytest -p tests.helpers.compiled_forwarding --compiled DIRECTORY``.
"""

import os
from pathlib import Path

import pytest

from relay import compiled

CACHE = Path(__file__).parents[2] / ".pytest_cache" / "compiled"


def compiled_root() -> Path:
    """Skips the test where there is no compiler. Made anew only when the sources have changed."""
    from relay.compiler import CompilerMissingError, compile_into

    try:
        compile_into(Path(os.path.relpath(CACHE)))  # as somebody would type it
    except CompilerMissingError as error:
        pytest.skip(f"nothing to compile with: {error}")
    return CACHE


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--compiled", type=Path, help="folder that `passerelle compile` filled: its code is tested")


def pytest_configure(config: pytest.Config) -> None:
    root = config.getoption("--compiled")
    if root is not None and not compiled.use(root):
        raise pytest.UsageError(f"nothing below {root} fits these sources")
