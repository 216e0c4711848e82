"""
Compiles what ``relay.compiled`` lists: mypyc turns the Python into one C library, and ``relay.native.build``, where
it exists, adds the C modules written by hand. Needs mypy, setuptools, a C compiler and Python's headers.

The work is done by a process of its own in a copy of the sources: mypyc writes where it stands and ends its process
when it is not content.
"""

import contextlib
import importlib
import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Mapping
from pathlib import Path

from relay.compiled import NATIVE, SOURCE_ROOT, SUFFIX, fingerprint, module_names, sources

DEADLINE_S = 900.0
LAST_WORDS = 2000  # characters of what a compiler said
GROUP = "passerelle_forwarding"  # names the library that all modules share
OPTIMIZATION = "1"  # a forwarded packet takes as long as with 3, the compiler half the time
_FLAGS = ["-Wno-error"]  # another compiler may warn of more
#: our own mypy run checks against pydantic; here its types are not needed, and cost seconds
_MYPY_INI = "[mypy]\n[mypy-pydantic.*]\nfollow_imports = skip\n"


class CompilerMissingError(Exception):
    """:param debian: packages to install, if any is missing. :param python: the same of Python packages."""

    def __init__(self, debian: list[str], python: list[str]) -> None:
        super().__init__(", ".join([*debian, *python]))
        self.debian, self.python = debian, python


class CompilationError(Exception):
    """What the compiler said at the end."""


def compile_into(root: Path, *, again: bool = False) -> Path:
    """
    Compile unless it is there already, and take away what other sources left below ``root``.

    :returns: the folder, for ``relay.compiled.use(root)``.
    :raises CompilerMissingError: the tools are not here. :raises CompilationError: they refused.
    :raises OSError: ``root`` cannot be written.
    """
    files = sources(SOURCE_ROOT)
    root = root.absolute()  # the work is done from another working directory
    directory = root / fingerprint(files)
    if directory.is_dir() and not again:
        return directory
    if missing := missing_tools():
        raise missing
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".making-", dir=root) as place:
        stage, made = Path(place, "sources"), Path(place, "made")
        made.mkdir()
        _write(files, stage)
        _in_own_process(stage, made)
        if not next(made.rglob(f"*{SUFFIX}"), None):
            raise CompilationError("nothing was made")
        _put(made, directory)
    return directory


def missing_tools() -> CompilerMissingError | None:
    own_compiler = str(sysconfig.get_config_var("CC") or "cc").split()[0]  # setuptools will call it
    debian = [] if shutil.which(own_compiler) else ["gcc", "libc6-dev"]
    if not Path(sysconfig.get_path("include"), "Python.h").exists():
        debian.append(f"libpython{sysconfig.get_python_version()}-dev")
    python = [name for name in ("mypy", "setuptools") if importlib.util.find_spec(name) is None]
    return CompilerMissingError(debian, python) if debian or python else None


def _write(files: Mapping[str, bytes], stage: Path) -> None:
    for name, source in files.items():
        target = stage / name
        target.parent.mkdir(parents=True, exist_ok=True)
        (target.parent / "__init__.py").touch()
        target.write_bytes(source)
    (stage / "mypy.ini").write_text(_MYPY_INI)


def _in_own_process(stage: Path, made: Path) -> None:
    script = "import sys; sys.path.insert(0, sys.argv[1]); from relay.compiler import build; build(sys.argv[2])"
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-c", script, str(SOURCE_ROOT), str(made)],
            cwd=stage,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=DEADLINE_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise CompilationError(f"not done after {DEADLINE_S:.0f} s") from None
    if done.returncode != 0:
        raise CompilationError(done.stdout[-LAST_WORDS:].strip())


def build(made: str) -> None:
    """In a copy of the sources as working directory. Ends the process with another status than 0 when it fails."""
    import setuptools  # type: ignore[import-untyped] # noqa: PLC0415 -- before mypyc, which asks whether it is loaded
    from mypyc.build import mypycify  # noqa: PLC0415

    files = [name.replace(".", "/") + ".py" for name in module_names()]
    extensions = mypycify(["--config-file=mypy.ini", *files], group_name=GROUP, opt_level=OPTIMIZATION, debug_level="0")
    for extension in extensions:
        extension.extra_compile_args += _FLAGS
    commands = ["build_ext", "--build-lib", made, "--build-temp", "objects", "-j", str(os.cpu_count() or 1)]
    setuptools.setup(name="compiled", packages=[], py_modules=[], ext_modules=extensions, script_args=commands)
    if importlib.util.find_spec(f"{'.'.join(NATIVE.parts)}.build") is not None:
        importlib.import_module(f"{'.'.join(NATIVE.parts)}.build").build(Path(made))


def _put(made: Path, directory: Path) -> None:
    """Whole or not at all; what a running process has loaded stays loaded."""
    for leftover in made.rglob("*"):
        if leftover.is_file() and not leftover.name.endswith(SUFFIX):
            leftover.unlink()
    for other in directory.parent.iterdir():
        if other.is_dir() and not other.name.startswith("."):
            shutil.rmtree(other, ignore_errors=True)
    with contextlib.suppress(FileExistsError):  # somebody else has compiled the same meanwhile
        made.rename(directory)
