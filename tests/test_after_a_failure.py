"""What a failed test leaves is nobody's beginning: see ``conftest``."""

import subprocess
import sys
from pathlib import Path

CONFTEST = Path(__file__).with_name("conftest.py")
MODULE = """
import pytest

made = []

@pytest.fixture(scope="module")
def shared():
    made.append([])
    yield made[-1]
    made[-1].append("ended")

@pytest.mark.integration
def test_fails_the_first_time(shared):
    shared.append("dirty")
    assert len(made) == 2 and made[0] == ["dirty", "ended"]

def test_shares_what_the_test_before_left_well(shared):
    assert (len(made), shared) == (2, ["dirty"])

def test_fails_for_good(shared):
    raise AssertionError

def test_begins_anew(shared):
    assert (len(made), shared) == (3, [])
"""


def test_a_test_run_once_more_and_whatever_follows_a_failure_get_services_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST.read_text())
    (tmp_path / "test_shared.py").write_text(MODULE)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = integration\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", str(tmp_path)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False)
    assert "1 failed, 3 passed, 1 rerun" in done.stdout, done.stdout
    assert "FAILED test_shared.py::test_fails_for_good" in done.stdout
