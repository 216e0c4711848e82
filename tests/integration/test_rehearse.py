"""
``passerelle rehearse`` against the whole service: real processes, real SIP, real media, exit code and JSON.

Frame rates and delays are measured but not asserted: the machine that runs the tests may be busy.
"""

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from signaling.rehearsal.client import UnreachableError
from signaling.rehearsal.model import CallReport, Plan
from signaling.rehearsal.scenarios import SCENARIOS
from signaling.rehearsal.session import Target, rehearse
from tests.helpers.sip_peers import baresip
from tests.helpers.whole_service import HAS_MODELS, WholeService, whole_service

pytestmark = pytest.mark.integration
#: what a busy machine may spoil without any fault of the service
TIMING = {"rehearsal_load"} | {
    f"{leg}_{name}" for leg in ("signer", "agent") for name in ("frame_rate", "size", "delay", "visibility")
}
Document = dict[str, Any]


@pytest.fixture(scope="module")
def service() -> Iterator[WholeService]:
    with whole_service(ring_timeout_s="5", media_workers="1") as running:
        yield running


@pytest.fixture(scope="module")
def two_calls(service: WholeService) -> tuple[int, Document]:
    return command(service, "--calls", "2", "--voice", "--hearing")


def command(service: WholeService, *arguments: str) -> tuple[int, Document]:
    done = service.run("rehearse", "--json", "--url", service.url, *arguments)
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


def test_whole_calls_prove_who_sees_hears_and_reads_whom(two_calls: tuple[int, Document]) -> None:
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


def test_no_typed_text_and_no_number_is_in_the_logs(two_calls: tuple[int, Document], service: WholeService) -> None:
    log = service.log()
    assert two_calls[1]["calls"][0]["call_id"] in log
    assert not any(word in log for word in ("Bonjour", "Bien reçu", "33199000020", "01 99 00 00 20"))


@pytest.mark.parametrize(
    ("scenario", "outcome"),
    [("busy", "busy"), ("wrong_number", "wrong_number"), ("no_answer", "no_answer"), ("phone_hangs_up", "hung_up")],
)
async def test_every_ending_of_the_phone_is_told_and_both_stay_together(
    service: WholeService, scenario: str, outcome: str
) -> None:
    report = await one_call(service, scenario)
    assert {check.status for check in report.checks} == {"passed"}, report.checks
    assert [step.detail for step in report.steps if step.name == "phone_gone"] == [outcome]


async def test_signer_who_leaves_while_waiting_has_abandoned(service: WholeService) -> None:
    report = await one_call(service, "abandoned")
    assert report.ok, report.checks
    assert [step.detail for step in report.steps if step.name == "ended"] == ["abandoned"]


async def test_emergency_number_is_recognised_before_any_call(service: WholeService) -> None:
    report = await one_call(service, "answered", emergency=True)
    assert (report.ok, report.call_id) == (True, None)


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


def test_without_a_service_it_starts_one_and_ends_it(service: WholeService) -> None:
    environ = service.environ | {"PASSERELLE_DATA_DIR": str(service.data_dir / "nothing"), "PASSERELLE_HTTP_PORT": "9"}
    done = WholeService(service.url, service.data_dir, environ).run("rehearse", "--json", "--scenario", "abandoned")
    document = json.loads(done.stdout.splitlines()[-1])
    assert (done.returncode, document["own_service"], document["ok"]) == (0, True, True)
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(f"{document['url']}/healthz", timeout=3)
