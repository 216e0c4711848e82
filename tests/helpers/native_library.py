"""The media worker's C part, built once for the tests that take both ways."""

import functools
import importlib.util
import tempfile
from pathlib import Path

import pytest

from relay import native
from relay.native.build import build


@functools.cache
def built() -> native.Library | None:
    """:returns: None where there is no compiler."""
    with tempfile.TemporaryDirectory(prefix="psr-") as folder:
        try:
            path = build(Path(folder))
        except RuntimeError:
            return None
        spec = importlib.util.spec_from_file_location(native.MODULE, path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return module


def use(monkeypatch: pytest.MonkeyPatch) -> None:
    """What opens sockets from now on uses it."""
    library = built()
    if library is None:
        pytest.skip("no C compiler here")
    monkeypatch.setattr(native, "library", library)
