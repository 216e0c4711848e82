"""Settings: where they come from, what they may be, what is said when they are not."""

import dataclasses
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from relay.phone.config import PhoneWorkerConfig
from relay.redis_address import parse
from signaling import processes
from signaling.config import (
    OWN_SECTIONS,
    SOCKET_PATH_LIMIT,
    ConfigError,
    ServiceConfig,
    SignalingConfig,
    ensure_secret,
    load_config,
    short_run_dir,
)
from signaling.settings_french import FRENCH
from signaling.settings_table import HIDDEN, Row, service_rows


def environ(tmp_path: Path, **settings: str) -> dict[str, str]:
    return {"PASSERELLE_DATA_DIR": str(tmp_path)} | {f"PASSERELLE_{name}": value for name, value in settings.items()}


def write_toml(tmp_path: Path, text: str) -> None:
    (tmp_path / "passerelle.toml").write_text(text)


@pytest.fixture
def short_dir() -> Iterator[Path]:
    """Short enough for a Unix socket's path."""
    with tempfile.TemporaryDirectory(prefix="psr-") as name:
        yield Path(name)


def test_nothing_configured_is_a_whole_service_on_this_machine(short_dir: Path) -> None:
    settings = load_config(environ(short_dir)).signaling
    assert settings.database_url == f"sqlite+aiosqlite:///{short_dir}/passerelle.sqlite3"
    assert settings.redis_url == f"unix://{short_dir}/run/redis.sock"
    assert settings.has_own_redis
    assert settings.http_host == "127.0.0.1"
    assert settings.public_url == "http://localhost:8080"
    assert settings.allowed_origins == ("http://localhost:8080", "http://127.0.0.1:8080")


def test_port_alone_moves_the_public_url_and_the_origins(tmp_path: Path) -> None:
    settings = load_config(environ(tmp_path, HTTP_PORT="9000")).signaling
    assert settings.public_url == "http://localhost:9000"
    assert "http://127.0.0.1:9000" in settings.allowed_origins


def test_public_url_is_always_an_allowed_origin_and_loses_its_final_slash(tmp_path: Path) -> None:
    settings = load_config(environ(tmp_path, PUBLIC_URL="https://relais.example/")).signaling
    assert settings.public_url == "https://relais.example"
    assert settings.allowed_origins[0] == "https://relais.example"


def test_a_public_service_lets_no_page_of_a_visitors_own_machine_in(tmp_path: Path) -> None:
    settings = load_config(environ(tmp_path, PUBLIC_URL="https://relais.example")).signaling
    assert settings.allowed_origins == ("https://relais.example",)
    for local in ("http://127.0.0.1:8080", "http://[::1]:8080"):
        assert "http://localhost:8080" in load_config(environ(tmp_path, PUBLIC_URL=local)).signaling.allowed_origins


def test_file_is_read_and_the_environment_wins_over_it(tmp_path: Path) -> None:
    write_toml(
        tmp_path,
        "[signaling]\nhttp_port = 9001\nsigner_grace_s = 90\n"
        '[phone]\nsip_port = 5099\n[phone.trunk]\nhost = "trunk.example"\n',
    )
    config = load_config(environ(tmp_path, HTTP_PORT="9002", PHONE_TRUNK_USERNAME="relais"))
    assert config.signaling.http_port == 9002
    assert config.signaling.signer_grace_s == 90
    phone = processes.phone_worker_config(config)
    assert (phone.sip_port, phone.trunk.host, phone.trunk.username) == (5099, "trunk.example", "relais")


def test_queue_and_dialling_have_their_own_sections(tmp_path: Path) -> None:
    write_toml(tmp_path, "[queue]\nalert_s = 15\n[dialling]\ncountries = [33, 32]\n")
    settings = load_config(environ(tmp_path, QUEUE_WRAP_UP_S="30")).signaling
    assert (settings.alert_s, settings.wrap_up_s) == (15, 30)
    assert settings.dialling.countries == frozenset({32, 33})


def test_servers_for_ice_are_given_as_json(tmp_path: Path) -> None:
    text = '[{"urls": ["turn:turn.example:3478"], "username": "u", "credential": "c"}]'
    (server,) = load_config(environ(tmp_path, ICE_SERVERS=text)).signaling.ice_servers
    assert server.urls == ("turn:turn.example:3478",)


@pytest.mark.parametrize("url", ["turn:relay@turn.example", "turns:turn.example?transport=udp", "stun:turn.example"])
def test_turn_server_that_browsers_would_refuse_is_refused_at_the_start(tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfigError, match="PASSERELLE_TURN_URLS"):
        load_config(environ(tmp_path, TURN_URLS=f"turn:turn.example,{url}", TURN_SECRET="north"))


def test_turn_servers_are_given_with_the_secret_they_share(tmp_path: Path) -> None:
    write_toml(
        tmp_path, '[signaling]\nturn_urls = ["turn:[2001:db8::1]:3478", "turns:turn.example:443?transport=tcp"]\n'
    )
    settings = load_config(environ(tmp_path, TURN_SECRET="north")).signaling
    assert settings.turn_urls == ("turn:[2001:db8::1]:3478", "turns:turn.example:443?transport=tcp")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("HTTP_PORT", "http", "un nombre entier"),
        ("HTTP_PORT", "70000", "0 à 65535"),
        ("RELAY_EMERGENCY", "perhaps", "oui ou non"),
        ("LOG_FORMAT", "xml", "auto, json, text"),
        ("PUBLIC_URL", "relais.example", "une origine"),
        ("PUBLIC_URL", "https://relais.example/path", "une origine"),
        ("REDIS_URL", "localhost:6379", "redis://"),
        ("DATABASE_URL", "postgresql://user:secret@host/db", "postgresql+asyncpg://"),
        ("HEARTBEAT_TIMEOUT_S", "5", "plus que PASSERELLE_HEARTBEAT_S"),
        ("TLS_CERTIFICATE", "/nowhere.pem", "le certificat et sa clé"),
        ("ICE_SERVERS", "turn:turn.example", "JSON"),
        ("ICE_SERVERS", '[{"urls": ["stun://stun.example"]}]', "stun:hôte"),
        ("TURN_URLS", "turn:turn.example", "PASSERELLE_TURN_SECRET ensemble"),
        ("TURN_SECRET", "x", "PASSERELLE_TURN_SECRET ensemble"),
        ("QUEUE_ALERT_S", "-1", "alert_s must be above 0"),
        ("QUEUE_BACKOFF_S", "1", "2 valeurs"),
    ],
)
def test_value_that_cannot_be_used_is_refused_with_what_was_expected(
    tmp_path: Path, name: str, value: str, said: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        load_config(environ(tmp_path, **{name: value}))
    assert said in str(refused.value)
    assert "secret" not in str(refused.value)


def test_misspelt_key_in_the_file_is_told_with_the_one_that_was_meant(tmp_path: Path) -> None:
    write_toml(tmp_path, "[signaling]\nhttp_prot = 9000\n")
    with pytest.raises(ConfigError, match=r"Vouliez-vous dire http_port \?"):
        load_config(environ(tmp_path))


@pytest.mark.parametrize(("text", "said"), [("[sginaling]\n", "une section parmi"), ("http_port: 8", "du TOML")])
def test_broken_file_is_told(tmp_path: Path, text: str, said: str) -> None:
    write_toml(tmp_path, text)
    with pytest.raises(ConfigError) as refused:
        load_config(environ(tmp_path))
    assert said in str(refused.value)


def test_named_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="un fichier TOML lisible"):
        load_config(environ(tmp_path, CONFIG=str(tmp_path / "absent.toml")))


def test_leaf_refusal_names_its_section(tmp_path: Path) -> None:
    config = load_config(environ(tmp_path, PHONE_SIP_HOST="0.0.0.0"))
    with pytest.raises(ConfigError, match=r"\[phone\].*concrete address"):
        processes.phone_worker_config(config)


def test_secrets_are_made_once_for_their_owner_alone(tmp_path: Path) -> None:
    first = load_config(environ(tmp_path)).signaling
    second = load_config(environ(tmp_path)).signaling
    assert first.operator_token == second.operator_token
    assert first.secret_key == second.secret_key
    assert first.operator_token != first.secret_key
    path = tmp_path / "secrets" / "operator_token"
    assert path.read_text() == first.operator_token
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in sorted(path.parent.iterdir())] == ["operator_token", "push_secret", "secret_key"]


def test_two_processes_that_start_together_agree_on_a_secret(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "secret_key"
    reading, writing = os.pipe()
    children = []
    for _ in range(4):
        child = os.fork()
        if child == 0:
            os.write(writing, ensure_secret(path).encode() + b"\n")
            os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)
    os.close(writing)
    with os.fdopen(reading) as answers:
        assert set(answers.read().split()) == {path.read_text()}


def test_data_directory_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="un dossier où écrire"):
        load_config({"PASSERELLE_DATA_DIR": str(tmp_path / "file")})


def test_secrets_never_show_in_a_log_line_of_the_settings(tmp_path: Path) -> None:
    config = load_config(
        environ(tmp_path, DATABASE_URL="postgresql+asyncpg://u:hidden-word@h/d", METRICS_TOKEN="m-token")
    )
    shown = repr(config)
    for secret in ("hidden-word", "m-token", config.signaling.operator_token, config.signaling.secret_key):
        assert secret not in shown


def test_long_data_directory_gets_a_short_private_place_for_its_sockets(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 120)
    run_dir = short_run_dir(deep)
    assert run_dir == short_run_dir(deep)
    assert run_dir != short_run_dir(tmp_path / ("e" * 120))
    assert len(os.fsencode(run_dir)) < SOCKET_PATH_LIMIT
    config = load_config({"PASSERELLE_DATA_DIR": str(deep.with_name("d" * 120))})
    paths = [
        processes.visibility_worker_config(config, 63).tap_socket,
        processes.media_worker_config(config, 255).audio_socket,
    ]
    assert all(len(os.fsencode(path)) < 108 for path in paths)


def test_processes_of_one_machine_have_names_and_sockets_of_their_own(tmp_path: Path) -> None:
    config = load_config(environ(tmp_path))
    workers = [processes.media_worker_config(config, index) for index in range(3)]
    assert len({worker.worker_id for worker in workers}) == 3
    assert len({path for worker in workers for path in (worker.control_socket, worker.audio_socket)}) == 6


def test_media_workers_of_one_machine_take_one_udp_port_after_the_other_or_share_a_range(tmp_path: Path) -> None:
    fixed = load_config(environ(tmp_path, MEDIA_UDP_PORT="40000"))
    assert [processes.media_worker_config(fixed, index).udp_port for index in range(3)] == [40_000, 40_001, 40_002]
    for written in ("40000-40999", "40000,40999"):
        ranged = load_config(environ(tmp_path, MEDIA_UDP_PORTS=written))
        assert processes.media_worker_config(ranged, 1).udp_ports == (40_000, 40_999)


def test_ports_and_addresses_of_media_that_do_not_fit_are_refused_in_french(tmp_path: Path) -> None:
    for settings, words in (
        ({"MEDIA_UDP_PORT": "40000", "MEDIA_UDP_PORTS": "40000-40999"}, "udp_port ou udp_ports, pas les deux"),
        ({"MEDIA_UDP_PORTS": "50000-40000"}, "le premier pas après le dernier"),
        ({"MEDIA_UDP_PORTS": "40000"}, "deux ports, comme 40000-40999"),
        ({"MEDIA_UDP_PORT": "65535"}, "au plus 65534, pour 2 processus"),
        ({"MEDIA_PUBLIC_ADDRESS": "relais.example"}, "n’est pas une adresse"),
    ):
        with pytest.raises(ConfigError, match=words):
            processes.media_worker_config(load_config(environ(tmp_path, **settings)), 1)


@pytest.mark.parametrize(
    "settings",
    [
        {"MEDIA_UDP_PORT": "0"},
        {"MEDIA_UDP_PORT": "65535"},  # none is left for the second worker
        {"MEDIA_UDP_PORTS": "50000-40000"},
        {"MEDIA_UDP_PORTS": "40000"},
        {"MEDIA_UDP_PORTS": "40000-70000"},
        {"MEDIA_UDP_PORT": "40000", "MEDIA_UDP_PORTS": "40000-40999"},
        {"MEDIA_PUBLIC_ADDRESS": "relais.example"},
        {"MEDIA_DSCP": "64"},
    ],
)
def test_media_ports_and_addresses_that_cannot_be_used_are_told(tmp_path: Path, settings: dict[str, str]) -> None:
    with pytest.raises(ConfigError):
        processes.media_worker_config(load_config(environ(tmp_path, **settings)), 1)


def test_demonstration_phone_is_beside_the_service_unless_said_otherwise(tmp_path: Path) -> None:
    assert processes.demo_phone_config(load_config(environ(tmp_path, HTTP_PORT="9000"))).http_port == 9001
    chosen = load_config(environ(tmp_path, HTTP_PORT="9000", DEMO_PHONE_HTTP_PORT="9100"))
    assert processes.demo_phone_config(chosen).http_port == 9100


def test_trunk_that_was_named_is_used_instead_of_the_demonstration_phone(tmp_path: Path) -> None:
    assert processes.uses_demo_trunk(load_config(environ(tmp_path)))
    assert not processes.uses_demo_trunk(load_config(environ(tmp_path, PHONE_TRUNK_HOST="sip.example")))
    assert not processes.uses_demo_trunk(load_config(environ(tmp_path, PHONE_TRUNK_PORT="5060")))  # a PBX beside us


def test_several_trunks_are_read_from_toml_and_environment(tmp_path: Path) -> None:
    (tmp_path / "passerelle.toml").write_text(
        '[[phone.trunks]]\nname = "main"\nhost = "one.example"\nprefixes = ["+33", "112"]\n'
        '[[phone.trunks]]\nname = "spare"\nhost = "two.example"\npassword = "pw-word"\n'
    )
    config = load_config(
        environ(tmp_path, PHONE_TRUNKS_2_PRIORITY="20", PHONE_TRUNKS_3_HOST="three.example", PHONE_TRUNKS_3_PORT="0")
    )
    trunks = processes.phone_worker_config(config).all_trunks
    assert [(trunk.label, trunk.host, trunk.priority, trunk.port) for trunk in trunks] == [
        ("main", "one.example", 10, 5070),
        ("spare", "two.example", 20, 5070),
        ("three.example", "three.example", 10, 0),
    ]
    assert trunks[0].prefixes == ("+33", "112")
    assert not processes.uses_demo_trunk(config)
    shown = {f"{row.section}.{row.name}": row for row in service_rows(config)}
    assert shown["phone.trunks.2.password"].value == HIDDEN
    assert shown["phone.trunks.1.host"].is_changed


def test_wrong_setting_of_one_of_several_trunks_is_named(tmp_path: Path) -> None:
    for text, named in (
        ('[[phone.trunks]]\nhots = "x"\n', "phone.trunks.1"),
        ('[phone.trunks]\nhost = "x"\n', "phone.trunks"),
        ('[[phone.trunks]]\nhost = "x"\nregister = true\n', "phone.trunks.1"),
    ):
        (tmp_path / "passerelle.toml").write_text(text)
        with pytest.raises(ConfigError) as refused:
            processes.phone_worker_config(load_config(environ(tmp_path)))
        assert named in refused.value.name


def test_every_setting_is_shown_with_a_reason(tmp_path: Path) -> None:
    found = service_rows(load_config(environ(tmp_path)))
    assert [f"{row.section}.{row.name}" for row in found if not row.reason or not row.reason_fr] == []
    own = {row.name for row in found if row.section in ("signaling", "service")}
    expected = {field.name for cls in (SignalingConfig, ServiceConfig) for field in dataclasses.fields(cls)}
    assert own == expected - {*OWN_SECTIONS, "network"}
    assert {row.section for row in found} >= {
        *OWN_SECTIONS,
        "media",
        "phone",
        "phone.trunk",
        "visibility",
        "demo_phone",
        "network",
    }


def test_no_french_word_is_left_of_a_setting_that_is_gone(tmp_path: Path) -> None:
    found = service_rows(load_config(environ(tmp_path)))
    written = {
        text for owner, texts in FRENCH.items() if owner not in ("units", "QueueRules") for text in texts.values()
    }
    assert written - {row.reason_fr for row in found} == {FRENCH["PhoneWorkerConfig"]["trunk"]}  # where there is none
    assert FRENCH["units"].keys() <= {row.unit for row in found}


def test_shown_settings_hide_secrets_and_mark_what_was_changed(tmp_path: Path) -> None:
    config = load_config(
        environ(tmp_path, HTTP_PORT="9000", REDIS_URL="redis://u:hidden-word@h", PHONE_TRUNK_PASSWORD="pw-word")
    )
    found: dict[str, Row] = {f"{row.section}.{row.name}": row for row in service_rows(config)}
    assert found["signaling.http_port"].is_changed
    assert not found["signaling.http_host"].is_changed
    assert found["signaling.operator_token"].value == HIDDEN
    assert found["phone.trunk.password"].value == HIDDEN
    assert "hidden-word" not in found["signaling.redis_url"].value


def test_phone_worker_settings_reach_its_dataclass(tmp_path: Path) -> None:
    phone = processes.phone_worker_config(load_config(environ(tmp_path, PHONE_RTP_PORTS="30000,30100")))
    assert isinstance(phone, PhoneWorkerConfig)
    assert phone.rtp_ports == (30_000, 30_100)


def test_several_phone_workers_of_one_machine_have_ports_and_sockets_of_their_own(tmp_path: Path) -> None:
    config = load_config(environ(tmp_path, PHONE_WORKERS="3", PHONE_SIP_PORT="5080", PHONE_SIP_TLS_PORT="5081"))
    workers = [processes.phone_worker_config(config, index) for index in range(config.service.phone_workers)]
    assert [(each.sip_port, each.sip_tls_port) for each in workers] == [(5080, 5081), (5082, 5083), (5084, 5085)]
    assert len({path for each in workers for path in (each.control_socket, each.audio_socket)}) == 6
    assert len({each.worker_id for each in workers}) == 3
    assert len({each.rtp_ports for each in workers}) == 3
    crowded = load_config(environ(tmp_path, PHONE_WORKERS="3", PHONE_RTP_PORTS="20000-20003"))
    with pytest.raises(ConfigError, match=r"phone_workers.*rtp_ports"):
        processes.phone_worker_config(crowded, 0)


def test_the_phone_worker_encrypts_with_the_services_secret_which_is_never_shown(tmp_path: Path) -> None:
    config = load_config(environ(tmp_path))
    assert processes.phone_worker_config(config).secret == config.signaling.secret_key
    assert {row.value for row in service_rows(config) if row.name in ("secret", "secret_key")} == {HIDDEN}


@pytest.mark.parametrize("url", [
    "redis+sentinel://:hidden-word@h1,h2/queue?sentinel_username=s&sentinel_password=other-word",
    "rediss+cluster://user:hidden-word@h1:6379,h2:6379",
    "redis://h1:6379/0?password=other-word",
    "redis://user:hid@den-word@h1:6379/0",
])  # fmt: skip
def test_no_password_of_redis_is_shown_wherever_its_address_holds_it(tmp_path: Path, url: str) -> None:
    config = load_config(environ(tmp_path, REDIS_URL=url))
    rows = {(row.section, row.name): row for row in service_rows(config)}
    shown = rows["signaling", "redis_url"].value
    assert "h1" in shown
    for text in (shown, repr(config), repr(parse(url)), *(row.value for row in rows.values())):
        assert [word for word in ("hidden-word", "other-word", "den-word") if word in text] == []
