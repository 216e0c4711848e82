"""What a rehearsal says, and where it looks for its service."""

import io
import json
from pathlib import Path

from rich.console import Console

from signaling.config import load_config
from signaling.rehearsal.model import CallReport, Check, CheckStatus, OwnTimes, Step
from signaling.rehearsal.report import STEP_LABELS, print_report, print_verdicts, to_json
from signaling.rehearsal.scenarios import SCENARIOS
from signaling.rehearsal.service import OWN_RING_TIMEOUT_S, free_ports, own_environment, read_token


def report_with(status: CheckStatus) -> CallReport:
    check = Check("agent_sees", "image signeur → interprète : qui", status, "vu, 0 intrus", "vu, 0 intrus")
    steps = (Step(0.0, "queued", "place 1"), Step(1.5, "accepted"))
    return CallReport("c1", "answered", steps, (check,), {"agent_receives_fps": 25.0})


def printed(*reports: CallReport) -> str:
    output = io.StringIO()
    print_report(Console(file=output, width=160), reports)
    return output.getvalue()


def test_course_is_printed_with_times_and_french_labels() -> None:
    text = printed(report_with("passed"))
    assert STEP_LABELS["accepted"] in text
    assert "1.50" in text
    assert "1 appel(s) bon(s) sur 1" in text


def test_failed_check_is_visible_and_counted() -> None:
    text = printed(report_with("failed"), report_with("passed"))
    assert "échec" in text
    assert "1 appel(s) bon(s) sur 2" in text


def test_all_scenarios_are_one_table_with_what_failed_and_what_was_left_out() -> None:
    output = io.StringIO()
    console = Console(file=output, width=160)
    print_verdicts(console, [report_with("passed"), report_with("failed")], ["signer_lost"])
    text = output.getvalue()
    assert text.count(SCENARIOS["answered"].label) == 2
    assert "vu, 0 intrus (attendu : vu, 0 intrus)" in text
    assert SCENARIOS["signer_lost"].label in text
    assert "1 appel(s) bon(s) sur 2" in text


def test_json_names_the_scenarios_left_out() -> None:
    line = to_json([report_with("passed")], "http://x", own_service=False, left_out=("signer_lost",))
    assert json.loads(line)["left_out"] == ["signer_lost"]


def test_json_is_one_line_with_a_verdict_for_programs() -> None:
    line = to_json([report_with("passed"), report_with("warned")], "http://x", own_service=True)
    assert "\n" not in line
    document = json.loads(line)
    assert document["ok"] is True
    assert document["calls"][0]["checks"][0]["name"] == "agent_sees"
    assert document["calls"][0]["figures"]["agent_receives_fps"] == 25.0


def test_json_is_not_ok_when_one_check_failed_or_nothing_ran() -> None:
    assert json.loads(to_json([report_with("failed")], "http://x", own_service=False))["ok"] is False
    assert json.loads(to_json([], "http://x", own_service=False, error="injoignable"))["ok"] is False


def test_skipped_check_does_not_fail_the_call() -> None:
    assert report_with("skipped").ok
    assert not report_with("failed").ok


def test_own_service_never_inherits_settings_that_lead_to_real_data(tmp_path: Path) -> None:
    environ = {"PATH": "/bin", "PASSERELLE_DATABASE_URL": "postgresql+asyncpg://real", "PASSERELLE_HTTP_PORT": "8080"}
    made = own_environment(environ, tmp_path, 4321, model_dir=None)
    assert made["PATH"] == "/bin"
    assert "PASSERELLE_DATABASE_URL" not in made
    assert made["PASSERELLE_HTTP_PORT"] == "4321"
    assert made["PASSERELLE_RING_TIMEOUT_S"] == str(OWN_RING_TIMEOUT_S)
    assert "PASSERELLE_MODEL_DIR" not in made


def test_own_service_waits_briefly_only_when_that_is_asked_for(tmp_path: Path) -> None:
    usual, short = own_environment({}, tmp_path, 1, None), own_environment({}, tmp_path, 1, None, OwnTimes())
    assert not {"PASSERELLE_QUEUE_ALERT_S", "PASSERELLE_AGENT_GRACE_S", "PASSERELLE_SIGNER_GRACE_S"} & set(usual)
    queue, signaling = load_config(short).signaling.queue, load_config(short).signaling
    assert (queue.alert_s, signaling.agent_grace_s, signaling.signer_grace_s) == (3.0, 2.0, 3.0)


def test_services_that_start_together_have_telephone_ports_of_their_own(tmp_path: Path) -> None:
    names = ("PASSERELLE_PHONE_SIP_PORT", "PASSERELLE_DEMO_PHONE_SIP_PORT")
    made = [own_environment({}, tmp_path, 1, None) for _ in range(2)]
    ports = [environ[name] for environ in made for name in names]
    assert len(set(ports)) == len(ports)
    assert all(environ["PASSERELLE_PHONE_TRUNK_PORT"] == environ[names[1]] for environ in made)


def test_own_service_uses_the_models_that_are_there(tmp_path: Path) -> None:
    assert own_environment({}, tmp_path, 1, tmp_path)["PASSERELLE_MODEL_DIR"] == str(tmp_path)
    assert "PASSERELLE_MODEL_DIR" not in own_environment({}, tmp_path, 1, tmp_path / "absent")


def test_token_is_read_from_the_data_directory(tmp_path: Path) -> None:
    assert read_token(tmp_path) is None
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "operator_token").write_text("abc\n")
    assert read_token(tmp_path) == "abc"


def test_port_for_an_own_service_is_an_unprivileged_one() -> None:
    assert 1024 <= free_ports() < 65_535
