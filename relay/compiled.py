"""
The forwarding as compiled code, where ``passerelle compile`` made some (``relay.compiler``).

There is one source, the Python of ``MODULES``. What is compiled lies in a folder of its own, named by a fingerprint of
everything it was made from, never beside the sources: after any change it is not found again, and the Python runs.
"""

import functools
import hashlib
import importlib
import importlib.util
import logging
import platform
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

SOURCE_ROOT = Path(__file__).parents[1]
#: compiled: modules, or all modules of a package. They import each other, ``READ_TOO`` and the standard library
MODULES = ("relay.forwarding", "relay.intake", "relay.native.datagrams")
#: read by the compiler for types and constants
READ_TOO = ("relay.model",)
#: its C sources and their builder, where there are any
NATIVE = Path("relay/native")
SUFFIX = str(sysconfig.get_config_var("EXT_SUFFIX"))  # names the interpreter's ABI and the platform
_MAKERS = ("relay/compiled.py", "relay/compiler.py")
log = logging.getLogger(__name__)


def use(root: Path) -> bool:
    """
    Import compiled code from now on, if there is some below ``root`` that fits sources and interpreter.

    :returns: False: the Python is used; nothing to compile with, never compiled, changed since, or not loadable.
    :raises RuntimeError: one of the modules has been imported already, it would be there twice.
    """
    names = module_names()
    if early := [name for name in names if name in sys.modules]:
        raise RuntimeError(f"imported before its compiled form could be chosen: {early[0]}")
    finder = _Finder(folder(root))
    if not set(names) <= finder.files.keys():
        return False
    sys.meta_path.insert(0, finder)
    try:
        for name in names:
            importlib.import_module(name)
    except ImportError:  # built for another C library, or damaged
        log.warning("compiled forwarding cannot be loaded", exc_info=True)
        sys.meta_path.remove(finder)
        for name in finder.files:
            sys.modules.pop(name, None)
        return False
    return True


def is_in_use() -> bool:
    return directory_in_use() is not None


def directory_in_use() -> Path | None:
    """Where this process takes compiled code from; None: it runs the Python."""
    return next((each.directory for each in sys.meta_path if isinstance(each, _Finder)), None)


def folder(root: Path) -> Path:
    """Where code compiled from these sources for this interpreter lies, whether it is there or not."""
    return root.absolute() / fingerprint(sources(SOURCE_ROOT))


def fingerprint(files: Mapping[str, bytes]) -> str:
    """
    16 hexadecimal digits of the sources, of what compiles them, and of the interpreter. Not of the compilers' versions:
    where the code runs there need be none.
    """
    digest = hashlib.blake2s(f"{SUFFIX} {platform.python_version()}".encode(), digest_size=8)
    for name, source in sorted(files.items()):
        digest.update(f"\0{name}\0{len(source)}\0".encode() + source)
    return digest.hexdigest()


def sources(source_root: Path) -> dict[str, bytes]:
    """All files that compiled code is made from, by their path below ``source_root``."""
    paths = [path for name in (*MODULES, *READ_TOO) for path in _files(name, source_root)]
    paths += [source_root / name for name in _MAKERS]
    paths += [path for path in (source_root / NATIVE).glob("*") if path.suffix in (".py", ".c", ".h")]
    return {path.relative_to(source_root).as_posix(): path.read_bytes() for path in paths}


@functools.cache
def module_names() -> tuple[str, ...]:
    """Each module that is compiled. A package's ``__init__`` is none: it is empty."""
    paths = [path.relative_to(SOURCE_ROOT) for name in MODULES for path in _files(name, SOURCE_ROOT)]
    return tuple(path.with_suffix("").as_posix().replace("/", ".") for path in paths)


def _files(name: str, source_root: Path) -> Sequence[Path]:
    path = source_root.joinpath(*name.split("."))
    if path.is_dir():
        return sorted(each for each in path.glob("*.py") if each.name != "__init__.py")
    return [path.with_suffix(".py")]


class _Finder(MetaPathFinder):
    """Knows exactly the modules of one folder: what else lies on any path is no matter."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        found = directory.rglob(f"*{SUFFIX}")
        self.files: Mapping[str, Path] = {
            path.relative_to(directory).as_posix().removesuffix(SUFFIX).replace("/", "."): path for path in found
        }

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        file = self.files.get(fullname)
        return None if file is None else importlib.util.spec_from_file_location(fullname, file)
