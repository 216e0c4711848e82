"""
``passerelle rehearse``: real processes, real SIP, real media, exit code and JSON.

One service of the rehearsal's own plays every scenario; another, that runs already, what is left. Frame rates and
delays are measured but not asserted: the machine that runs the tests may be busy.
"""

import asyncio
import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from signaling.rehearsal.client import UnreachableError
from signaling.rehearsal.model import CallReport, Plan
from signaling.rehearsal.scenarios import SCENARIOS
from signaling.rehearsal.session import Target, rehearse
from tests.helpers.clips import MODELS
from tests.helpers.sip_peers import baresip
from tests.helpers.whole_service import HAS_MODELS, PASSERELLE, WholeService, whole_service

ALL_DEADLINE_S = 300  # of every scenario, one after another: 80 s where nothing else runs
pytestmark = [pytest.mark.integration, pytest.mark.timeout(ALL_DEADLINE_S + 60)]
#: what a busy machine may spoil without any fault of the service
TIMING = {"rehearsal_load"} | {
    f"{leg}_{name}" for leg in ("signer", "agent") for name in ("frame_rate", "size", "delay", "visibility")
}
SMALL = ("--size", "320x240", "--fps", "10")
#: Nothing runs on this machine's usual port.
NOTHING_RUNS = {name: value for name, value in os.environ.items() if not name.startswith("PASSERELLE_")} | {
    "PASSERELLE_DATA_DIR": "/nonexistent",
    "PASSERELLE_HTTP_PORT": "9",
    "PASSERELLE_MODEL_DIR": str(MODELS),
}
Document = dict[str, Any]


@dataclass(frozen=True)
class Everything:
    """Every scenario, one after another."""

    code: int
    document: Document
    log: str

    def call(self, scenario: str) -> Document:
        return next(call for call in self.document["calls"] if call["scenario"] == scenario)


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Everything:
    """No models but the project's own are used."""
    directory = tmp_path_factory.mktemp("rehearse")
    done = subprocess.run(
        [PASSERELLE, "rehearse", "--json", "--scenario", "all", "--log", str(directory / "log"), *SMALL],
        env=NOTHING_RUNS,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=ALL_DEADLINE_S,
        check=False,
    )
    assert done.stdout.strip(), done.stderr
    return Everything(done.returncode, json.loads(done.stdout), (directory / "log").read_text(errors="replace"))


@pytest.fixture(scope="module")
def service() -> Iterator[WholeService]:
    with whole_service(ring_timeout_s="5", demo_phone_ring_s="1", media_workers="1") as running:
        yield running


@pytest.fixture(scope="module")
def two_calls(service: WholeService) -> tuple[int, Document]:
    return command(service, "--calls", "2", "--voice", "--hearing")


def command(service: WholeService, *arguments: str) -> tuple[int, Document]:
    done = service.run("rehearse", "--json", "--url", service.url, *SMALL, *arguments)
    assert done.stdout.strip(), done.stderr
    document = json.loads(done.stdout.splitlines()[-1])
    assert isinstance(document, dict)
    return done.returncode, document


def target(service: WholeService, token: str | None = None) -> Target:
    database = f"sqlite+aiosqlite:///{service.data_dir}/passerelle.sqlite3"
    return Target(service.url, token, service.url, service.data_dir, database, model_dir=None, environ={})


async def one_call(service: WholeService, scenario: str, **plan: Any) -> CallReport:
    small = {"width": 320, "height": 240, "fps": 10.0} | plan
    outcome = await rehearse(Plan(SCENARIOS[scenario], **small), target(service))
    return outcome.reports[0]


def verdicts(call: Document) -> dict[str, str]:
    return {check["name"]: check["status"] for check in call["checks"] if check["name"] not in TIMING}


# --- every ending, on a service of the rehearsal's own -----------------------------------------------------


@pytest.mark.parametrize("scenario", list(SCENARIOS))
def test_every_course_keeps_what_its_scenario_promises(everything: Everything, scenario: str) -> None:
    call = everything.call(scenario)
    assert set(verdicts(call).values()) == {"passed"}, (call["checks"], call["steps"])


def test_one_service_played_them_all_and_is_gone(everything: Everything) -> None:
    document = everything.document
    assert [call["scenario"] for call in document["calls"]] == list(SCENARIOS)
    assert (document["own_service"], document["left_out"]) == (True, [])
    assert everything.code == (0 if document["ok"] else 1)
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(f"{document['url']}/healthz", timeout=3)


@pytest.mark.parametrize(
    ("scenario", "proofs"),
    [
        ("answered", {"signer_hears", "agent_hears", "phone_hears", "signer_reads", "note_refused", "stayed_together"}),
        ("second_number", {"sound", "phone_outcome"}),
        ("hold", {"hold", "resume", "dtmf", "mute", "unmute", "hide", "show"}),
        ("declined_alert", {"alerts"}),
        ("silent_agent", {"alerts"}),
        ("interpreter_lost", {"phone_waits", "taken_over", "picture_again", "sound_again", "not_given_back"}),
        ("handed_over", {"signer_waits", "handed_over", "picture_again", "sound_again"}),
        ("transferred", {"phone_waits", "taken_over", "picture_again", "sound_again"}),
        ("signer_back", {"loss_told", "same_call", "picture_again", "sound"}),
        ("signer_lost", {"loss_told", "not_ended"}),
        ("direct", {"signer_hears", "agent_hears", "agent_reads", "note_kept"}),
    ],
)
def test_what_a_scenario_is_about_is_among_its_checks(everything: Everything, scenario: str, proofs: set[str]) -> None:
    assert proofs < set(verdicts(everything.call(scenario)))


def test_signer_waits_in_the_line_once_for_a_lost_interpreter_and_never_again(everything: Everything) -> None:
    course = next(check for check in everything.call("interpreter_lost")["checks"] if check["name"] == "course")
    states = course["measured"].split(" → ")
    assert states.count("active") == 2
    before, after = states[: states.index("active")], states[states.index("active") :]
    assert after[-3:] == ["active", "after_phone", "ended"]
    assert "queued" in before and "queued" in after[1:-3]


def test_no_typed_text_no_note_and_no_number_is_in_the_logs(everything: Everything) -> None:
    assert str(everything.call("answered")["call_id"]) in everything.log
    words = ("Bonjour", "Bien reçu", "note de contrôle", "33199000020", "01 99 00 00 20")
    assert not any(word in everything.log for word in words)


def children(pid: int) -> list[int]:
    """:returns: process ids; none of a process that is no more."""
    try:
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def services_of(rehearsal: int) -> list[int]:
    """Of its processes; it has short-lived others, which look for libraries."""
    return [each for each in children(rehearsal) if b"serve" in command_line(each)]


def command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_rehearsal_that_is_ended_ends_the_service_it_started() -> None:
    rehearsal = subprocess.Popen([PASSERELLE, "rehearse", "--json", "--scenario", "silent_agent"], env=NOTHING_RUNS)
    try:
        until(lambda: bool(services_of(rehearsal.pid)))
        (service,) = services_of(rehearsal.pid)
        until(lambda: bool(children(service)))  # its own processes begin
        rehearsal.send_signal(signal.SIGTERM)
        assert rehearsal.wait(40) == 128 + signal.SIGTERM
        assert not is_running(service)
    finally:
        rehearsal.kill()
        rehearsal.wait()


def until(holds: Callable[[], bool], deadline_s: float = 60.0) -> None:
    deadline = time.monotonic() + deadline_s
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


# --- a service that runs already ---------------------------------------------------------------------------


def test_two_calls_at_once_are_kept_apart(two_calls: tuple[int, Document]) -> None:
    code, document = two_calls
    for call in document["calls"]:
        assert set(verdicts(call).values()) == {"passed"}, call["checks"]
        assert {"signer_sees", "agent_sees", "signer_hears", "agent_hears", "phone_hears"} < set(verdicts(call))
    assert code == (0 if document["ok"] else 1)
    assert len({call["call_id"] for call in document["calls"]}) == 2


def test_course_is_told_step_by_step_with_figures(two_calls: tuple[int, Document]) -> None:
    call = two_calls[1]["calls"][0]
    wanted = ["queued", "accepted", "briefing", "dialing", "ringing", "active", "phone_gone", "ended", "recorded"]
    assert [step["name"] for step in call["steps"] if step["name"] in wanted] == wanted
    assert call["figures"]["agent_delay_p50_ms"] > 0


@pytest.mark.skipif(not HAS_MODELS, reason="no MediaPipe models in var/models")
def test_drawn_signer_is_read_by_the_visibility_worker(two_calls: tuple[int, Document]) -> None:
    for call in two_calls[1]["calls"]:
        seen = {check["name"]: check["status"] for check in call["checks"]}
        assert (seen["signer_visibility"], seen["agent_visibility"]) == ("passed", "passed"), call["checks"]


def test_scenario_that_needs_short_times_is_not_played_where_people_work(service: WholeService) -> None:
    done = service.run("rehearse", "--url", service.url, "--scenario", "signer_lost")
    assert done.returncode == 2
    assert "signer_lost" in done.stderr


async def test_what_cannot_be_played_here_is_named_and_the_rest_is_played(service: WholeService) -> None:
    wanted = [SCENARIOS[name] for name in ("emergency", "incoming", "signer_lost", "abandoned")]
    outcome = await rehearse(Plan(wanted[0], width=320, height=240), target(service), scenarios=wanted)
    played = [(report.scenario, report.ok) for report in outcome.reports]
    assert played == [("emergency", True), ("incoming", True), ("abandoned", True)]
    assert outcome.left_out == ("signer_lost",)


async def test_phone_from_outside_is_dialled_and_heard(service: WholeService) -> None:
    async with baresip(hz=440) as phone:
        outside = {"phone_uri": phone.uri, "phone_is_demo": False, "phone_tone_hz": 440.0}
        report = await one_call(service, "answered", hearing=True, **outside)
    seen = {check.name: check.status for check in report.checks}
    assert (seen["agent_hears"], seen["signer_hears"], seen["phone_hears"]) == ("passed", "passed", "skipped")
    assert (seen["course"], seen["phone_outcome"], seen["record"]) == ("passed", "passed", "passed")


async def test_call_that_goes_otherwise_than_promised_ends_with_exit_code_1(service: WholeService) -> None:
    async with baresip() as phone:  # answers, where the scenario promises a busy line
        code, document = await asyncio.to_thread(command, service, "--scenario", "busy", "--phone", phone.uri)
    assert (code, document["ok"]) == (1, False)
    assert verdicts(document["calls"][0])["course"] == "failed"


async def test_wrong_operator_token_is_refused(service: WholeService) -> None:
    with pytest.raises(UnreachableError, match="operator_token_refused"):
        await rehearse(Plan(SCENARIOS["abandoned"]), target(service, token="guessed"))
