"""
The settings of the control plane, and the one place where the process environment is read.

A value comes from ``PASSERELLE_<FIELD>``, else from the table ``[signaling]`` of ``passerelle.toml``, else from the
default given here with its unit and its reason. The leaves own their settings (``relay.config``…);
``signaling.processes`` joins them to these.
"""

import contextlib
import hashlib
import os
import re
import secrets
import socket
import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from interpreter_queue.config import QueueConfig
from relay.model import IceServer
from relay.network_config import NetworkConfig
from relay.phone.dialling import DiallingOverride, DiallingPolicy
from relay.redis_address import RedisUrlError
from relay.redis_address import parse as parse_redis_url
from signaling.ice_servers import check_ice_settings
from signaling.phone_caps import CapsConfig
from signaling.settings import ConfigError, Reader, generated, setting

LogFormat = Literal["auto", "json", "text"]
LogLevel = Literal["debug", "info", "warning", "error"]
PREFIX = "PASSERELLE_"
LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
SOCKET_PATH_LIMIT = 100  # bytes; sockaddr_un takes 107 (unix(7)), the longest name below run/ must still fit
_LONGEST_SOCKET_NAME = len("/visibility-00.datagram.sock")
__all__ = ["Config", "ConfigError", "ServiceConfig", "SignalingConfig", "load_config", "process_environ"]


def process_environ() -> dict[str, str]:
    """The environment of this process; nobody else reads ``os.environ``."""
    return dict(os.environ)


def _instance_id() -> str:
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(2)}"


def _secret() -> str:
    return secrets.token_urlsafe(32)


@dataclass(frozen=True)
class SignalingConfig:
    """
    One signaling process. Empty values (``database_url``, ``redis_url``, ``run_dir``, ``public_url``,
    ``allowed_origins``) are derived when the object is made: ``SignalingConfig(data_dir=...)`` is whole.
    """

    data_dir: Path = setting(Path("var"), "path", "everything the service keeps on this machine lies below it")
    run_dir: Path = setting(Path(), "path", "Unix sockets; <data_dir>/run, or a short private directory when too long")
    database_url: str = setting(
        "", "SQLAlchemy URL", "SQLite in data_dir needs no administration; PostgreSQL by URL", is_secret=True
    )
    redis_url: str = setting(
        "",
        "redis:// rediss:// unix:// redis+sentinel:// or redis+cluster:// URL",
        "empty: an own Redis on a Unix socket in run_dir",
        is_secret=True,
    )
    http_host: str = setting("127.0.0.1", "address", "nothing is offered to the network before somebody says so")
    http_port: int = setting(8080, "TCP port", "usable without root", at_least=0, at_most=65535)
    tls_certificate: Path | None = setting(
        None, "PEM file", "none: a proxy in front, or localhost, where cameras work too"
    )
    tls_key: Path | None = setting(None, "PEM file", "belongs to tls_certificate")
    public_url: str = setting("", "origin", "what people type; also the first allowed Origin of the WebSocket")
    allowed_origins: tuple[str, ...] = setting(
        (), "origins", "who may open the WebSocket, besides the brands' own lists"
    )
    trusted_proxies: tuple[str, ...] = setting((), "addresses", "only these are believed about X-Forwarded-For")
    instance_id: str = generated(
        _instance_id, "text", "owner name in call leases; new at each start, so that a lease is never inherited"
    )
    demo_phone_url: str | None = setting(None, "URL", "page of the demonstration phone, linked from the home page")
    ice_servers: tuple[IceServer, ...] = setting((), "STUN/TURN servers, JSON", "none needed on one machine or a LAN")
    turn_urls: tuple[str, ...] = setting(
        (), "turn: and turns: URLs", "for networks that let UDP through to nobody; credentials are made for each offer"
    )
    turn_secret: str | None = setting(
        None, "secret", "shared with the TURN server (coturn: static-auth-secret)", is_secret=True
    )
    turn_lifetime_s: float = setting(
        43_200.0, "s", "of a credential: 12 h, longer than any call, as some servers check it again", at_least=600
    )
    server_uses_turn: bool = setting(
        False,
        "yes/no",
        "the media worker's address is public or announced; yes: it opens a TURN relay for each leg too",
    )

    # --- people and sessions
    operator_token: str = generated(
        _secret, "secret", "rehearsals sign in with it; made at first start in data_dir/secrets", is_secret=True
    )
    secret_key: str = generated(
        _secret, "secret", "signs resume and embed tokens; made at first start in data_dir/secrets", is_secret=True
    )
    push_secret: str = generated(
        _secret,
        "secret",
        "signs Web Push (VAPID): the same for all processes, and changed it silences every device; data_dir/secrets",
        is_secret=True,
    )
    push_contact: str = setting("", "mailto: or https:", "whom a push service writes to; empty: public_url")
    push_allowed_hosts: tuple[str, ...] = setting(
        (), "host names", "push services inside the own network: those of the internet need no entry"
    )
    metrics_token: str | None = setting(None, "secret", "none: /metrics answers the loopback alone", is_secret=True)
    session_lifetime_s: float = setting(43_200.0, "s", "one shift: 12 h, then sign in again", at_least=60)
    resume_lifetime_s: float = setting(900.0, "s", "a reload or a dead zone; longer, and the seat is lost", at_least=30)
    first_people: bool = setting(
        True, "yes/no", "an empty directory gets two signers, an interpreter, an adviser and a supervisor to try with"
    )
    audit_days: float = setting(
        365.0, "days", "supervisors' acts are kept; a year covers a dispute about a shift", at_least=1
    )

    # --- the call
    signer_grace_s: float = setting(60.0, "s", "the signer's network may come back; the others are told", at_least=1)
    line_grace_s: float = setting(
        120.0, "s", "a signer who waits and whose network goes keeps the place: mobile networks come back", at_least=1
    )
    agent_grace_s: float = setting(30.0, "s", "then the call goes back to the head of the line", at_least=1)
    ring_timeout_s: float = setting(
        60.0, "s", "ringing before no_answer; networks give up at 60 to 180", at_least=5, at_most=180
    )
    call_lease_s: float = setting(5.0, "s", "a silent owner's calls are taken over after it", at_least=2)
    rating_s: float = setting(300.0, "s", "how long the signer may rate after the end", at_least=0)

    camera_check_s: float = setting(
        180.0, "s", "a camera check before a call ends by itself; long enough to move a lamp", at_least=5, at_most=600
    )

    # --- WebSocket and HTTP
    heartbeat_s: float = setting(10.0, "s", "below the idle limit of every proxy met", at_least=1)
    heartbeat_timeout_s: float = setting(
        25.0, "s", "two beats lost and a little: the connection counts as gone", at_least=2
    )
    message_limit_bytes: int = setting(65_536, "bytes", "an SDP is 10 kB", at_least=16_384)
    messages_per_s: float = setting(20.0, "1/s", "trickling candidates and typing fit three times in", at_least=1)
    messages_burst: int = setting(100, "messages", "a page that resumes says much at once", at_least=10)
    send_queue_limit: int = setting(
        256, "messages", "a page that does not read is disconnected and resumes", at_least=16
    )
    connections_per_address: int = setting(64, "connections", "a school or a floor behind one address", at_least=1)
    call_requests_burst: int = setting(
        10,
        "per call_requests_window_s",
        "of one signed-in person, or of one address's visitors; emergency numbers do not count",
        at_least=1,
    )
    call_requests_window_s: float = setting(300.0, "s", "see call_requests_burst", at_least=1)
    visitor_calls_per_address: int = setting(
        5, "calls", "a brand's visitors behind one address; more at once is a flood", at_least=1
    )
    sign_in_attempts: int = setting(
        10, "per sign_in_window_s and address", "guessing passwords must be slow", at_least=1
    )
    sign_in_window_s: float = setting(300.0, "s", "see sign_in_attempts", at_least=1)
    http_body_limit_bytes: int = setting(262_144, "bytes", "the API takes forms, no files", at_least=16_384)
    drain_deadline_s: float = setting(5.0, "s", "SIGTERM: no new calls, hand over, then leave", at_least=1)

    # --- whom one may call, and who serves (the leaves' own settings, sections [dialling] and [queue])
    default_caller_id: str | None = setting(None, "E.164", "presented when the signer has no number of their own")
    relay_emergency: bool = setting(
        False, "yes/no", "15, 17, 18, 112: the page offers 114; relaying is the operator's choice"
    )
    front_numbers: tuple[str, ...] = setting(
        (), "E.164", "the centre's own: who calls one is asked for a signer's code by keypad"
    )
    message_days: float = setting(
        30.0, "days", "a missed call and its voice message are kept; long holidays", at_least=1, at_most=365
    )
    dialling: DiallingPolicy = generated(DiallingPolicy, "", "see [dialling]")
    dialling_agent: DiallingOverride = generated(DiallingOverride, "", "see [dialling_agent]: advisers, direct calls")
    dialling_visitor: DiallingOverride = generated(DiallingOverride, "", "see [dialling_visitor]: not signed in")
    caps: CapsConfig = generated(CapsConfig, "", "see [caps]")
    queue: QueueConfig = generated(QueueConfig, "", "see [queue]")
    network: NetworkConfig | None = setting(None, "", "see [network]; none: this machine alone")

    def __post_init__(self) -> None:
        for name, value in _derived(self).items():
            object.__setattr__(self, name, value)

    @property
    def alert_s(self) -> float:
        """Seconds that an interpreter has to accept."""
        return self.queue.alert_s

    @property
    def wrap_up_s(self) -> float:
        """Seconds of post-appel."""
        return self.queue.wrap_up_s

    @property
    def has_own_redis(self) -> bool:
        return self.redis_url == _own_redis_url(self.run_dir)

    @property
    def is_tls(self) -> bool:
        return self.tls_certificate is not None


@dataclass(frozen=True)
class ServiceConfig:
    """What ``passerelle serve`` starts on this machine. A process set to no may run on another one."""

    media_workers: int = setting(0, "processes", "0: one per core", at_least=0, at_most=256)
    visibility_workers: int = setting(
        1, "processes", "one watches 20 calls with a core; 0: nothing is analysed", at_least=0, at_most=64
    )
    phone_workers: int = setting(
        1,
        "processes",
        "0: the telephone is served by another machine; several share one trunk address behind an SBC (docs/sbc)",
        at_least=0,
        at_most=16,
    )
    demo_phone: bool = setting(True, "yes/no", "a SIP phone on loopback, to try everything without a trunk")
    model_dir: Path = setting(Path(), "path", "MediaPipe models; <data_dir>/models")
    compiled_dir: Path = setting(Path(), "path", "what `passerelle compile` makes; <data_dir>/compiled")
    log_format: LogFormat = setting("auto", "auto, json, text", "auto: text in a terminal, JSON elsewhere")
    log_level: LogLevel = setting("info", "debug … error", "debug names states, still no content")
    stop_deadline_s: float = setting(8.0, "s", "a process that has not stopped by then is killed", at_least=1)


@dataclass(frozen=True)
class Config:
    """
    All of it, as read once at start.

    :param reader: for the leaves: their values get types when the leaf's dataclass is built (``signaling.processes``).
    """

    signaling: SignalingConfig
    service: ServiceConfig
    reader: Reader = field(repr=False)


#: table of passerelle.toml -> prefix of the environment variables
SECTIONS = {
    "signaling": PREFIX,
    "service": PREFIX,
    "queue": PREFIX + "QUEUE_",
    "dialling": PREFIX + "DIALLING_",
    "dialling_agent": PREFIX + "DIALLING_AGENT_",
    "dialling_visitor": PREFIX + "DIALLING_VISITOR_",
    "caps": PREFIX + "CAPS_",
    "media": PREFIX + "MEDIA_",
    "phone": PREFIX + "PHONE_",
    "visibility": PREFIX + "VISIBILITY_",
    "demo_phone": PREFIX + "DEMO_PHONE_",
    "network": PREFIX + "NETWORK_",
}

#: those that are fields of ``SignalingConfig``
OWN_SECTIONS = ("queue", "dialling", "dialling_agent", "dialling_visitor", "caps")


def load_config(environ: Mapping[str, str], toml_path: Path | None = None) -> Config:
    """
    :param toml_path: None: ``PASSERELLE_CONFIG``, else ``passerelle.toml`` in the data directory when it is there.
    :raises ConfigError: the first setting that cannot be used, in words for the operator.
    """
    tables = _read_toml(environ, toml_path)
    own_table = {**tables.get("signaling", {}), **{name: tables.get(name, {}) for name in OWN_SECTIONS}}
    reader = Reader(environ, {**tables, "signaling": own_table}, SECTIONS)
    own, service = reader.fields(SignalingConfig, "signaling"), reader.fields(ServiceConfig, "service")
    data_dir = own.setdefault("data_dir", Path("var").absolute())
    for name in ("operator_token", "secret_key", "push_secret"):
        own.setdefault(name, ensure_secret(data_dir / "secrets" / name))
    service.setdefault("model_dir", data_dir / "models")
    service.setdefault("compiled_dir", data_dir / "compiled")
    network = network_settings(reader, data_dir)
    own["network"] = network if network.listen is not None else None
    signaling = SignalingConfig(**own)
    _check(signaling)
    return Config(signaling, ServiceConfig(**service), reader)


def machine_dir(data_dir: Path) -> Path:
    """This machine's certificate and the centre's datagram key, as ``passerelle machine add`` made them."""
    return data_dir / "machine"


def network_settings(reader: Reader, data_dir: Path) -> NetworkConfig:
    """Whether the files are there and good is asked by who needs them (``signaling.machine_certificates``)."""
    directory = machine_dir(data_dir)
    wired: dict[str, Any] = {
        "name": socket.gethostname(),
        "ca_file": directory / "ca.pem",
        "certificate_file": directory / "certificate.pem",
        "key_file": directory / "key.pem",
    }
    with contextlib.suppress(OSError):
        wired["datagram_key"] = (directory / "datagrams.key").read_text().strip()
    return reader.build(NetworkConfig, "network", **wired)


def ensure_secret(path: Path) -> str:
    """
    The secret kept in ``path``, made on the first call (mode 0600). Two processes that start together agree: the
    file is linked into place whole, and the first one wins.

    :raises ConfigError: the directory cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists():
            draft = path.with_suffix(f".{os.getpid()}.{secrets.token_hex(4)}")
            draft.touch(mode=0o600)
            draft.write_text(_secret())
            try:
                path.hardlink_to(draft)
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        return path.read_text().strip()
    except OSError as error:
        advice = "Donnez un autre dossier par PASSERELLE_DATA_DIR, ou les droits d’écriture sur celui-ci."
        raise ConfigError("PASSERELLE_DATA_DIR", "un dossier où écrire", f"{path} : {error.strerror}", advice) from None


def _read_toml(environ: Mapping[str, str], toml_path: Path | None) -> dict[str, Mapping[str, Any]]:
    named = toml_path or (Path(environ["PASSERELLE_CONFIG"]) if environ.get("PASSERELLE_CONFIG") else None)
    path = named or Path(environ.get("PASSERELLE_DATA_DIR", "var")) / "passerelle.toml"
    if named is None and not path.exists():
        return {}
    try:
        tables = tomllib.loads(path.read_text())
    except OSError as error:
        raise ConfigError("PASSERELLE_CONFIG", "un fichier TOML lisible", f"{path} : {error.strerror}") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(str(path), "du TOML", str(error), "Corrigez la ligne indiquée.") from None
    for section, table in tables.items():
        if section not in SECTIONS or not isinstance(table, dict):
            raise ConfigError(f"[{section}]", "une section parmi " + ", ".join(SECTIONS), repr(section))
    return tables


def _derived(config: SignalingConfig) -> dict[str, Any]:
    data_dir = config.data_dir.absolute()
    run_dir = short_run_dir(data_dir) if config.run_dir == Path() else config.run_dir.absolute()
    scheme = "https" if config.tls_certificate else "http"
    public_url = (config.public_url or f"{scheme}://localhost:{config.http_port}").rstrip("/")
    local = tuple(f"{scheme}://{host}:{config.http_port}" for host in ("localhost", "127.0.0.1"))
    is_local = urlsplit(public_url).hostname in LOCAL_HOSTS  # else whatever runs at a visitor's port could talk to us
    return {
        "data_dir": data_dir,
        "run_dir": run_dir,
        "database_url": config.database_url or f"sqlite+aiosqlite:///{data_dir}/passerelle.sqlite3",
        "redis_url": config.redis_url or _own_redis_url(run_dir),
        "public_url": public_url,
        "allowed_origins": config.allowed_origins or tuple(dict.fromkeys((public_url, *(local if is_local else ())))),
    }


def _own_redis_url(run_dir: Path) -> str:
    return f"unix://{run_dir}/redis.sock"


def short_run_dir(data_dir: Path) -> Path:
    """Where sockets lie: a path that the kernel takes, always the same one for a data directory."""
    usual = data_dir / "run"
    if len(os.fsencode(usual)) + _LONGEST_SOCKET_NAME <= SOCKET_PATH_LIMIT:
        return usual
    name = hashlib.blake2s(os.fsencode(data_dir), digest_size=6).hexdigest()
    return Path(tempfile.gettempdir()) / f"passerelle-{os.getuid()}-{name}"


def _check(config: SignalingConfig) -> None:
    """Rules that join several settings. :raises ConfigError:"""
    if (config.tls_certificate is None) != (config.tls_key is None):
        raise ConfigError("PASSERELLE_TLS_CERTIFICATE", "le certificat et sa clé ensemble", "l’un sans l’autre")
    for name, path in (("PASSERELLE_TLS_CERTIFICATE", config.tls_certificate), ("PASSERELLE_TLS_KEY", config.tls_key)):
        if path is not None and not path.is_file():
            raise ConfigError(name, "un fichier PEM", f"{path}, qui n’existe pas")
    if config.heartbeat_timeout_s <= config.heartbeat_s:
        raise ConfigError(
            "PASSERELLE_HEARTBEAT_TIMEOUT_S",
            f"plus que PASSERELLE_HEARTBEAT_S ({config.heartbeat_s:g} s)",
            f"{config.heartbeat_timeout_s:g} s",
        )
    if config.public_url.count("/") != 2 or not config.public_url.startswith(("http://", "https://")):
        raise ConfigError("PASSERELLE_PUBLIC_URL", "une origine, https://nom[:port], sans chemin", config.public_url)
    if not all(re.fullmatch(r"\+[1-9][0-9]{4,14}", number) for number in config.front_numbers):
        raise ConfigError("PASSERELLE_FRONT_NUMBERS", "des numéros +33…, séparés par des virgules", "autre chose")
    if config.push_contact and not config.push_contact.startswith(("mailto:", "https://")):
        raise ConfigError("PASSERELLE_PUSH_CONTACT", "mailto:… ou https://…", config.push_contact)
    try:
        parse_redis_url(config.redis_url)
    except RedisUrlError as error:
        raise ConfigError("PASSERELLE_REDIS_URL", error.expected, error.got) from None
    check_ice_settings(config)
    if "+aiosqlite://" not in config.database_url and "+asyncpg://" not in config.database_url:
        got = config.database_url.split("://", maxsplit=1)[0] + "://…"
        raise ConfigError("PASSERELLE_DATABASE_URL", "sqlite+aiosqlite:///… ou postgresql+asyncpg://…", got)
