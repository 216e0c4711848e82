"""
The forwarding compiled: the same tests, the same bytes out, and the worker that says so.

Compiled once for a run, and not again while the sources stay as they are.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from relay.compiled import SUFFIX, folder
from relay.compiler import CompilationError, compile_into
from relay.control_messages import WorkerState
from tests.helpers.compiled_forwarding import compiled_root
from tests.helpers.media_worker import media_worker
from tests.helpers.peers import until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]  # the first one compiles

REPOSITORY = Path(__file__).parents[2]
GARBAGE = 60_000
NO_COMPILER = (
    "import sys; sys.modules.update(dict.fromkeys(('mypy', 'mypyc', 'mypy_extensions', 'librt', 'setuptools')))"
)
USE = "from pathlib import Path; from relay import compiled; assert compiled.use(Path(sys.argv[1]))"
WRONG_TYPES = """
from relay.forwarding.rtp import parse_header, sequence_delta
for call in (lambda: parse_header(None), lambda: sequence_delta("1", 2), lambda: sequence_delta(1.5, 2)):
    try:
        print(call())
    except TypeError:
        print("TypeError")
print(sequence_delta(1 << 80, -(1 << 90)), sequence_delta(70_000, 3))
"""


def python(*words: str) -> str:
    done = subprocess.run(
        [sys.executable, *words], cwd=REPOSITORY, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def test_it_passes_the_tests_of_the_forwarding() -> None:
    root = compiled_root()
    tests = [path for path in (REPOSITORY / "tests" / "relay").glob("test_*.py") if path.name != "test_compiled.py"]
    about_it = [str(path) for path in tests if {"relay.forwarding", "simulated_call"} & set(_words(path))]
    assert len(about_it) >= 15
    python("-m", "pytest", "-q", "-p", "tests.helpers.compiled_forwarding", "--compiled", str(root), *about_it)


def _words(path: Path) -> list[str]:
    """Modules by package and by name, of the imports."""
    imports = [line.split()[1] for line in path.read_text().splitlines() if line.startswith(("from ", "import "))]
    return [part for name in imports for part in (".".join(name.split(".")[:2]), name.split(".")[-1])]


def test_on_a_bad_line_and_given_garbage_it_sends_what_the_python_sends() -> None:
    ways: tuple[list[str], ...] = ([], [str(compiled_root())])
    plain, fast = (json.loads(python("-m", "tests.helpers.forwarding_digest", str(GARBAGE), *way)) for way in ways)
    assert plain.pop("file").endswith(".py") and fast.pop("file").endswith(SUFFIX)
    assert plain == fast
    assert plain["call"]["pictures"] > 200 and not plain["garbage"]["escaped"]


def test_wrong_types_are_refused_and_great_numbers_counted_as_in_python() -> None:
    script = f"import sys; {USE}\n{WRONG_TYPES}"
    *refused, numbers = python("-c", script, str(compiled_root())).splitlines()
    assert refused == ["TypeError"] * 3
    assert numbers == python("-c", WRONG_TYPES.splitlines()[1] + "\n" + WRONG_TYPES.splitlines()[-1]).strip()


def test_it_runs_where_there_is_no_compiler() -> None:
    python("-c", f"{NO_COMPILER}; {USE}; import relay.worker", str(compiled_root()))


def test_it_is_made_once() -> None:
    root = compiled_root()
    before = {path: path.stat().st_mtime_ns for path in folder(root).rglob("*")}
    assert compile_into(root) == folder(root)
    assert before == {path: path.stat().st_mtime_ns for path in folder(root).rglob("*")}


def test_a_refusal_of_the_compiler_is_told_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled_root()
    monkeypatch.setenv("CC", "false")
    with pytest.raises(CompilationError, match="false"):
        compile_into(tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("is_compiled", [True, False])
async def test_a_worker_says_which_code_it_runs(is_compiled: bool) -> None:
    async with media_worker(compiled_root() if is_compiled else None) as worker:
        await until(lambda: any(isinstance(each, WorkerState) for each in worker.events), "its state")
        state = next(each for each in worker.events if isinstance(each, WorkerState))
        assert state.compiled is is_compiled
