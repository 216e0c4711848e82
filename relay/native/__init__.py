"""
The media worker's datagrams in C: an option, built by ``relay.native.build`` where there is a compiler.

Without it ``relay.sockets`` and ``aiortc_internals.srtp.FastPath`` do the same in Python. ``docs/decisions`` says what
it is worth.
"""

import importlib
from typing import Any, Protocol

MODULE = "_passerelle_datagrams"


class Library(Protocol):
    """The built module, made by cffi in API mode."""

    ffi: Any
    lib: Any


library: Library | None = None  # what this process uses


def load() -> bool:
    """Use the module from now on, when it can be imported. :returns: whether it can."""
    global library  # noqa: PLW0603 -- a process decides once, at its start
    try:
        library = importlib.import_module(MODULE)
    except ImportError:
        library = None
    return library is not None
