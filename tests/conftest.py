"""For all tests."""

import shutil
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

REAL = ("browser", "integration")
_HAS_FAILED = pytest.StashKey[bool]()


@pytest.fixture
def directory() -> Iterator[Path]:
    """An empty one with a short path, as Unix sockets need it (unix(7)); ``tmp_path`` may be too long."""
    path = Path(tempfile.mkdtemp(prefix="psr-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """
    Real processes, packets and browsers on a machine that others may keep busy: what fails there is run once more, and
    the summary names it (RERUN), so that whatever needs it is seen and mended. What starts nothing has no such grace.
    """
    again = pytest.mark.flaky(reruns=1)
    for item in items:
        if _kind(item) != "":
            item.add_marker(again)
    if hasattr(config, "workerinput"):  # several files at once
        items[:] = _by_turns(items)


def _kind(item: pytest.Item) -> str:
    """:returns: the first of ``REAL`` that the test is marked with, else nothing."""
    return next((name for name in REAL if item.get_closest_marker(name)), "")


def _by_turns(items: list[pytest.Item]) -> list[pytest.Item]:
    """
    Browsers compute a lot, other real processes mostly wait, the rest only computes: files of each kind are spread over
    the whole run, so that what runs at once seldom asks for the same. The run ends with what is short.
    """
    files: dict[Path, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.path, []).append(item)
    kinds: dict[str, list[list[pytest.Item]]] = {}
    for tests in files.values():
        kinds.setdefault(min(map(_kind, tests), key=(*REAL, "").index), []).append(tests)
    placed = [
        ((place + 0.5) / len(group) * (0.9 if kind else 1.0), tests)
        for kind, group in kinds.items()
        for place, tests in enumerate(group)
    ]
    return [item for _, tests in sorted(placed, key=lambda each: each[0]) for item in tests]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    report: pytest.TestReport = yield
    item.stash[_HAS_FAILED] = report.failed or (call.when != "setup" and item.stash.get(_HAS_FAILED, False))
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    """
    After a failure everything that tests share ends with the test, a module's services and browser too: what runs next,
    above all the same test once more, does not begin in the middle of somebody's call.
    """
    if item.stash.get(_HAS_FAILED, False):
        item.session._setupstate.teardown_exact(None)
