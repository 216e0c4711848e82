"""``passerelle machine add``, and what a process and ``doctor`` say of its files."""

import dataclasses
import datetime
import shutil
from pathlib import Path

import pytest
import typer
from cryptography import x509
from typer.testing import CliRunner, Result

from relay.network_config import NetworkConfig
from signaling import cli_machine
from signaling.config import ConfigError, load_config
from signaling.machine_certificates import MACHINE_LIFETIME, own_problem
from signaling.machine_check import OWN_WORDS, require_machine_files
from tests.helpers.certificates import network, now

ADDRESS = "10.0.0.2"


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PASSERELLE_DATA_DIR", str(tmp_path))
    return tmp_path


def run(*words: str) -> Result:
    app = typer.Typer()
    cli_machine.register(app)
    return CliRunner().invoke(app, ("machine", *words))


def settings(data_dir: Path, **more: str) -> NetworkConfig | None:
    """:param more: of the section [network]."""
    given = {"LISTEN": ADDRESS} | more
    environ = {"PASSERELLE_DATA_DIR": str(data_dir)} | {f"PASSERELLE_NETWORK_{name}": given[name] for name in given}
    return load_config(environ).signaling.network


def test_a_machine_installed_here_needs_one_setting(data_dir: Path) -> None:
    result = run("add", "front", ADDRESS, "--here")
    assert result.exit_code == 0 and f"PASSERELLE_NETWORK_LISTEN={ADDRESS}" in result.output
    config = settings(data_dir)
    assert config is not None and own_problem(config, now()) is None
    assert (config.announced, config.ports) == (ADDRESS, (7400, 7599))


def test_a_folder_for_another_machine_holds_all_it_needs_and_no_authority_key(data_dir: Path) -> None:
    assert run("add", "front", ADDRESS, "--here").exit_code == 0
    assert run("add", "media-2", "10.0.0.3", "fd00::3").exit_code == 0
    folder = data_dir / "machines" / "media-2"
    assert {file.name for file in folder.iterdir()} == {"ca.pem", "certificate.pem", "key.pem", "datagrams.key"}
    assert (folder / "ca.pem").read_bytes() == (data_dir / "machine" / "ca.pem").read_bytes()
    assert (folder / "datagrams.key").read_text() == (data_dir / "machine" / "datagrams.key").read_text()
    for secret in (folder / "key.pem", folder / "datagrams.key", data_dir / "secrets" / "centre_ca.key"):
        assert secret.stat().st_mode & 0o777 == 0o600
    certificate = x509.load_pem_x509_certificate((folder / "certificate.pem").read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert {str(name.value) for name in names} == {"media-2.passerelle.internal", "10.0.0.3", "fd00::3"}


def test_said_again_it_renews_the_certificate_under_the_same_authority(data_dir: Path) -> None:
    run("add", "front", ADDRESS, "--here")
    before = (data_dir / "machine" / "certificate.pem").read_bytes(), (data_dir / "machine" / "ca.pem").read_bytes()
    run("add", "front", ADDRESS, "--here")
    after = (data_dir / "machine" / "certificate.pem").read_bytes(), (data_dir / "machine" / "ca.pem").read_bytes()
    assert before[0] != after[0] and before[1] == after[1]


@pytest.mark.parametrize(("name", "address"), [("Front", ADDRESS), ("a.b", ADDRESS), ("", ADDRESS), ("a", "a.example")])
def test_names_and_addresses_that_cannot_be_are_refused_in_a_sentence(name: str, address: str) -> None:
    result = run("add", name, address)
    assert result.exit_code == 1 and result.output.startswith("✗") and "Traceback" not in result.output


@pytest.mark.parametrize(
    "code",
    [
        "certificate_missing", "certificate_unreadable", "certificate_not_its_key", "certificate_not_of_authority",
        "certificate_for_other_address", "datagram_key_missing",
    ],
)  # fmt: skip
def test_files_that_do_not_go_together_keep_a_process_from_starting_and_say_what_to_do(
    data_dir: Path, code: str
) -> None:
    config = network(data_dir, "a", ADDRESS)
    match code:
        case "certificate_missing":
            config.ca_file.unlink()
        case "certificate_unreadable":
            config.certificate_file.write_text("no certificate")
        case "certificate_not_its_key":
            shutil.copy(network(data_dir, "b", ADDRESS).key_file, config.key_file)
        case "certificate_not_of_authority":
            shutil.copy(network(data_dir, "b", ADDRESS, centre="other").ca_file, config.ca_file)
        case "certificate_for_other_address":
            config = dataclasses.replace(config, announce="10.9.9.9")
        case "datagram_key_missing":
            config = dataclasses.replace(config, datagram_key="")
    assert own_problem(config, now()) == code
    with pytest.raises(ConfigError, match=r"passerelle machine add|recopiez|PEM"):
        require_machine_files(config)
    assert OWN_WORDS[code]


def test_an_old_certificate_is_told_before_and_after_its_end(data_dir: Path) -> None:
    config = network(data_dir, "a", ADDRESS)
    assert own_problem(config, now() + MACHINE_LIFETIME - datetime.timedelta(days=29)) == "certificate_ends_soon"
    assert own_problem(config, now() + MACHINE_LIFETIME + datetime.timedelta(days=1)) == "certificate_expired"
    assert require_machine_files(network(data_dir, "b", ADDRESS, expired=True)) == "certificate_expired"


def test_nothing_set_means_one_machine_and_no_question_asked(data_dir: Path) -> None:
    assert load_config({"PASSERELLE_DATA_DIR": str(data_dir)}).signaling.network is None


@pytest.mark.parametrize(
    "wrong", [{"LISTEN": "front.example"}, {"LISTEN": "0.0.0.0"}, {"PORTS": "7500,7400"}, {"ANNOUNCE": "::"}]
)
def test_a_network_that_cannot_be_is_refused_in_a_sentence(data_dir: Path, wrong: dict[str, str]) -> None:
    with pytest.raises(ConfigError):
        settings(data_dir, **wrong)
