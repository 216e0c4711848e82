"""Compiled code is found by what it was made from, and by nothing else."""

import subprocess
import sys
from pathlib import Path

import pytest

from relay.compiled import SOURCE_ROOT, SUFFIX, fingerprint, folder, module_names, sources


def in_new_process(code: str, *words: str) -> str:
    command = [sys.executable, "-c", code, *words]
    done = subprocess.run(command, capture_output=True, text=True, cwd=SOURCE_ROOT, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


USE = "import sys; from pathlib import Path; from relay import compiled; print(compiled.use(Path(sys.argv[1])))"
WHICH = "; import relay.forwarding.rtp as rtp; print(rtp.__file__)"


@pytest.mark.parametrize("name", sorted(sources(SOURCE_ROOT)))
def test_one_byte_of_any_source_changes_the_folder(name: str) -> None:
    files = sources(SOURCE_ROOT)
    changed = files | {name: files[name] + b"\n"}
    assert fingerprint(changed) != fingerprint(files) == fingerprint(dict(reversed(files.items())))


def test_a_module_less_or_renamed_changes_the_folder() -> None:
    files = sources(SOURCE_ROOT)
    less = dict(files)
    moved = less.pop("relay/forwarding/rtp.py")
    assert len({fingerprint(each) for each in (files, less, less | {"relay/forwarding/rtq.py": moved})}) == 3


def test_all_of_the_forwarding_is_compiled() -> None:
    files = {path.stem for path in (SOURCE_ROOT / "relay" / "forwarding").glob("*.py")} - {"__init__"}
    assert {f"relay.forwarding.{name}" for name in files} <= set(module_names())


def test_python_runs_where_nothing_was_compiled(tmp_path: Path) -> None:
    used, file = in_new_process(USE + WHICH, str(tmp_path / "absent")).splitlines()
    assert used == "False" and file.endswith("rtp.py")


def test_python_runs_where_other_sources_were_compiled(tmp_path: Path) -> None:
    _fill(tmp_path / "0123456789abcdef")
    used, file = in_new_process(USE + WHICH, str(tmp_path)).splitlines()
    assert used == "False" and file.endswith("rtp.py")


def test_python_runs_where_compiled_code_is_not_whole(tmp_path: Path) -> None:
    _fill(folder(tmp_path))
    next(folder(tmp_path).rglob(f"rtp{SUFFIX}")).unlink()
    used, file = in_new_process(USE + WHICH, str(tmp_path)).splitlines()
    assert used == "False" and file.endswith("rtp.py")


def test_python_runs_where_compiled_code_cannot_be_loaded(tmp_path: Path) -> None:
    _fill(folder(tmp_path))
    used, file = in_new_process(USE + WHICH, str(tmp_path)).splitlines()
    assert used == "False" and file.endswith("rtp.py")


def test_a_choice_that_comes_too_late_is_told(tmp_path: Path) -> None:
    code = f"import relay.forwarding.rtp\ntry:\n {USE}\nexcept RuntimeError as error: print(error)"
    assert "relay.forwarding.rtp" in in_new_process(code, str(tmp_path))


def _fill(directory: Path) -> None:
    """Files with the right names that are no libraries."""
    for name in module_names():
        file = directory / (name.replace(".", "/") + SUFFIX)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"no library")
