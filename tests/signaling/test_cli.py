"""The command line: what it offers, what it refuses in words, and the whole service through it."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from signaling import processes
from signaling.announcement import FIRST_SIGN_IN, write_first_sign_in
from signaling.config import load_config
from signaling.doctor.installation import check_redis, explain_import_error
from signaling.free_ports import PortTakenError, check_port, first_free
from signaling.launch import Options, published, running_environment, settle_environment

PASSERELLE = [sys.executable, "-m", "signaling.cli"]
READY_DEADLINE_S = 90.0
STOP_DEADLINE_S = 40.0


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="psr-") as directory:
        yield Path(directory) / "var"


def environment(data_dir: Path, **settings: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PASSERELLE_")}
    kept |= {"PASSERELLE_DATA_DIR": str(data_dir), "COLUMNS": "200", "NO_COLOR": "1"}
    return kept | {f"PASSERELLE_{name}": value for name, value in settings.items()}


def passerelle(data_dir: Path, *words: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*PASSERELLE, *words],
        env=environment(data_dir, **settings),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@contextmanager
def listening() -> Iterator[int]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield int(taken.getsockname()[1])


def free_port() -> int:
    with listening() as port:
        return port


def test_help_names_every_command(data_dir: Path) -> None:
    shown = passerelle(data_dir, "--help").stdout
    names = (
        "serve signaling worker phone visibility demo-phone doctor models check-config db user brand report rehearse"
    )
    for name in (*names.split(), "check-video", "calibrate-visibility", "simulate", "staff"):
        assert re.search(rf"\b{name}\b", shown), name


def test_version_is_that_of_the_package(data_dir: Path) -> None:
    assert re.fullmatch(r"passerelle \d+\.\d+\.\d+\n", passerelle(data_dir, "--version").stdout)


@pytest.mark.parametrize("words", [["--check-config"], ["serve", "--check-config"], ["check-config"]])
def test_check_config_shows_values_and_reasons_and_starts_nothing(data_dir: Path, words: list[str]) -> None:
    done = passerelle(data_dir, *words, HTTP_PORT="9099")
    assert done.returncode == 0
    assert re.search(r"^http_port = 9099 +port TCP / TCP port +\(par défaut : 8080\)$", done.stdout, re.MULTILINE)
    assert "    utilisable sans être root\n    usable without root\n" in done.stdout
    assert not (data_dir / "run").exists()


def test_check_config_for_programs_is_json_without_secrets(data_dir: Path) -> None:
    done = passerelle(data_dir, "check-config", "--json")
    found = {f"{row['section']}.{row['name']}": row for row in json.loads(done.stdout)}
    assert found["signaling.http_port"]["default"] == "8080"
    assert (data_dir / "secrets" / "operator_token").read_text() not in done.stdout


def test_setting_that_cannot_be_used_is_one_sentence_and_exit_code_1(data_dir: Path) -> None:
    done = passerelle(data_dir, "serve", HTTP_PORT="http")
    assert done.returncode == 1
    assert "PASSERELLE_HTTP_PORT : attendu un nombre entier ; reçu 'http'" in done.stderr
    assert "Traceback" not in done.stderr


def test_models_out_of_reach_have_an_exit_code_of_their_own_that_no_wrong_setting_has(data_dir: Path) -> None:
    """``./run`` goes on without models, and does not try again for a day; with a wrong setting it ends."""
    no_folder = data_dir / "models"
    data_dir.mkdir(exist_ok=True)
    no_folder.write_text("a file where the folder should be")
    assert passerelle(data_dir, "models", "--if-missing", MODEL_DIR=str(no_folder)).returncode == 3
    looked = passerelle(data_dir, "models", "--if-missing", "--no-fetch", MODEL_DIR=str(data_dir / "none"))
    assert (looked.returncode, looked.stdout) == (3, "") and str(data_dir / "none") in looked.stderr
    assert passerelle(data_dir, "models", "--if-missing", TURN_URLS="bad").returncode == 1


def test_taken_port_is_one_sentence_with_what_to_type_and_exit_code_1(data_dir: Path) -> None:
    with listening() as port:
        done = passerelle(data_dir, "serve", "--port", str(port))
    assert done.returncode == 1
    assert f"127.0.0.1:{port}" in done.stderr
    assert "un autre programme l’occupe déjà" in done.stderr
    assert f"./run --port {port + 10}" in done.stderr


def test_missing_redis_is_one_sentence_and_exit_code_1(data_dir: Path) -> None:
    done = passerelle(data_dir, "serve", "--port", str(free_port()), REDIS_URL="localhost")
    assert done.returncode == 1
    assert "redis://" in done.stderr


def test_ports_that_nobody_chose_move_and_a_chosen_one_that_is_taken_is_told(data_dir: Path) -> None:
    environ = environment(data_dir)
    with listening() as taken:
        settled = settle_environment(environ, Options(port=taken - 1 if taken > 1024 else None))
        assert int(settled["PASSERELLE_DEMO_PHONE_HTTP_PORT"]) > taken
        assert settled["PASSERELLE_DEMO_PHONE_URL"].endswith(settled["PASSERELLE_DEMO_PHONE_HTTP_PORT"])
        assert settled["PASSERELLE_PHONE_TRUNK_PORT"] == settled["PASSERELLE_DEMO_PHONE_SIP_PORT"]
        chosen = environ | {"PASSERELLE_DEMO_PHONE_HTTP_PORT": str(taken)}
        with pytest.raises(PortTakenError, match=r"\[demo_phone\] http_port"):
            settle_environment(chosen, Options(port=free_port()))


def test_named_trunk_keeps_its_own_port(data_dir: Path) -> None:
    environ = environment(data_dir, PHONE_TRUNK_HOST="192.0.2.9")
    assert "PASSERELLE_PHONE_TRUNK_PORT" not in settle_environment(environ, Options(port=free_port()))


def test_ports_of_several_phone_workers_are_found_free_and_the_demonstration_phone_keeps_off_them(
    data_dir: Path,
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        wanted = taken.getsockname()[1] - 2
        found = first_free("127.0.0.1", wanted, "udp", step=2, count=2)
        assert found > wanted and found % 2 == wanted % 2
    settled = settle_environment(environment(data_dir, PHONE_WORKERS="6"), Options(port=free_port()))
    config = load_config(settled)
    ours = {processes.phone_worker_config(config, index).sip_port for index in range(6)}
    assert not {port + step for port in ours for step in (0, 1)} & {processes.demo_phone_config(config).sip_port}


def test_tls_makes_a_certificate_for_this_machine_and_keeps_it(data_dir: Path) -> None:
    port = free_port()
    settled = settle_environment(environment(data_dir), Options(port=port, tls=True))
    config = load_config(settled).signaling
    assert config.public_url == f"https://localhost:{port}"
    assert config.http_host == "0.0.0.0"
    certificate = Path(settled["PASSERELLE_TLS_CERTIFICATE"])
    first = certificate.read_bytes()
    assert Path(settled["PASSERELLE_TLS_KEY"]).stat().st_mode & 0o077 == 0
    settle_environment(environment(data_dir), Options(port=port, tls=True))
    assert certificate.read_bytes() == first


def test_tls_names_no_address_that_it_does_not_listen_on(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signaling.certificate.local_addresses", lambda: ["192.0.2.2", "2001:db8::2"])
    settled = settle_environment(environment(data_dir), Options(port=free_port(), tls=True))
    origins = load_config(settled).signaling.allowed_origins
    assert [origin for origin in origins if "192.0.2.2" in origin] and not [each for each in origins if "[" in each]


def test_a_second_terminal_means_the_service_that_runs(data_dir: Path) -> None:
    environ = environment(data_dir)
    run_dir = load_config(environ).signaling.run_dir
    run_dir.mkdir(parents=True)
    port = free_port()
    settled = settle_environment(environ, Options(port=port, tls=True))
    with published(run_dir, settled):
        seen = load_config(running_environment(environ)).signaling
        assert (seen.http_port, seen.is_tls, seen.public_url) == (port, True, f"https://localhost:{port}")
        assert "secret" not in (run_dir / "address.json").read_text()
    assert running_environment(environ) == environ
    (run_dir / "address.json").write_text('{"pid": 4194305, "PASSERELLE_HTTP_PORT": "1"}')  # it was killed
    assert running_environment(environ) == environ


async def test_doctor_says_that_several_machines_need_one_redis(data_dir: Path) -> None:
    (finding,) = await check_redis(load_config(environment(data_dir, NETWORK_LISTEN="10.0.0.1")))
    assert finding.verdict == "failure"
    assert "[network] listen" in finding.words and "PASSERELLE_REDIS_URL" in finding.words


def test_free_port_is_looked_for_upwards() -> None:
    with listening() as taken:
        assert first_free("127.0.0.1", taken, "tcp") > taken


def test_address_of_another_machine_is_told() -> None:
    with pytest.raises(PortTakenError, match="pas celle de cette machine"):
        check_port("192.0.2.1", 8080, "tcp", "")


def test_first_sign_in_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / FIRST_SIGN_IN
    write_first_sign_in(path, [("ines", "abcd-efgh", "interprète")])
    assert path.stat().st_mode & 0o777 == 0o600
    assert re.search(r"interprète +identifiant ines +mot de passe abcd-efgh", path.read_text())


def test_missing_system_library_is_told_with_its_package() -> None:
    stderr = "Traceback…\nImportError: libGLESv2.so.2: cannot open shared object file: No such file or directory\n"
    assert explain_import_error(stderr) == "il manque libGLESv2.so.2 : sudo apt-get install libgles2."


@pytest.mark.integration
def test_doctor_says_in_words_what_is_missing(data_dir: Path) -> None:
    done = passerelle(data_dir, "doctor", PUBLIC_URL="http://relais.example", HTTP_PORT=str(free_port()))
    assert "Modèles MediaPipe : absents" in done.stdout
    assert "Caméra : les navigateurs la refusent à http://relais.example : il faut https" in done.stdout
    assert "./run models" in done.stdout
    assert done.returncode == 1


@pytest.mark.integration
def test_database_is_made_by_its_command(data_dir: Path) -> None:
    done = passerelle(data_dir, "db", "upgrade")
    assert "Base de données à jour" in done.stdout
    assert (data_dir / "passerelle.sqlite3").exists()


class Serving:
    """``passerelle serve`` as a person starts it, its words kept in a file."""

    def __init__(self, data_dir: Path, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._output = data_dir.parent / "output"
        with self._output.open("w") as output:
            self.process = subprocess.Popen(
                [*PASSERELLE, "serve", "--port", str(port), "--workers", "1"],
                env=environment(data_dir),
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def said(self) -> str:
        return self._output.read_text()

    def wait_for(self, words: str) -> None:
        deadline = time.monotonic() + READY_DEADLINE_S
        while words not in self.said():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.1)

    def status(self, path: str) -> int:
        try:
            with urllib.request.urlopen(self.url + path, timeout=5) as reply:
                return int(reply.status)
        except urllib.error.HTTPError as error:
            return error.code

    def started(self) -> dict[str, int]:
        """Process ids by name, the latest of each."""
        return {name: int(number) for name, number in re.findall(r'"([\w-]+) started, process (\d+)"', self.said())}

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(STOP_DEADLINE_S)


@contextmanager
def serving(data_dir: Path, port: int) -> Iterator[Serving]:
    service = Serving(data_dir, port)
    try:
        service.wait_for("Prêt.")
        yield service
    finally:
        if service.process.poll() is None:
            service.process.kill()  # its children end with it
            service.process.wait()


@pytest.mark.integration
@pytest.mark.timeout(300)  # two whole starts on a machine that does other things too
def test_whole_service_starts_stops_on_ctrl_c_and_finds_everything_again(data_dir: Path) -> None:
    data_dir.parent.mkdir(exist_ok=True)
    port = free_port()
    with serving(data_dir, port) as service:
        assert service.status("/healthz") == 200
        assert "mot de passe" in service.said()
        sign_in = (data_dir / FIRST_SIGN_IN).read_text()
        assert passerelle(data_dir, "health").returncode == 0, "its port is asked, not the usual one"
        again = passerelle(data_dir, "serve", "--port", str(free_port()))
        assert again.returncode == 1
        assert "tourne déjà" in again.stderr
        children = service.started()
        assert set(children) == {"redis", "worker-0", "phone-0", "visibility-0", "demo-phone", "signaling"}
        assert service.stop() == 0, service.said()
        assert not [name for name, number in children.items() if Path(f"/proc/{number}").exists()]
    with serving(data_dir, port) as service:
        assert "mot de passe" not in service.said()
        assert (data_dir / FIRST_SIGN_IN).read_text() == sign_in
        assert service.stop() == 0
