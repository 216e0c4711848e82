"""
From the options of ``passerelle serve`` to the environment that every sibling is started with.

Options become settings, a certificate is made when asked for, and ports are asked for before anything starts: those
that nobody chose may move, a chosen one that is taken ends the start with a sentence.
"""

import contextlib
import datetime
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from relay.phone.siblings import PORT_STEP
from signaling import processes
from signaling.config import Config, load_config
from signaling.free_ports import Transport, check_port, first_free

ADDRESS_FILE = "address.json"
#: none of them a secret
PUBLISHED = (
    "PASSERELLE_HTTP_HOST",
    "PASSERELLE_HTTP_PORT",
    "PASSERELLE_TLS_CERTIFICATE",
    "PASSERELLE_TLS_KEY",
    "PASSERELLE_PUBLIC_URL",
    "PASSERELLE_ALLOWED_ORIGINS",
    "PASSERELLE_PHONE_SIP_PORT",
    "PASSERELLE_PHONE_TRUNK_PORT",
    "PASSERELLE_DEMO_PHONE_SIP_PORT",
    "PASSERELLE_DEMO_PHONE_HTTP_PORT",
)
WILDCARDS = ("0.0.0.0", "::")  # noqa: S104 # compared, and bound with --tls, which is asked for


@dataclass(frozen=True)
class Options:
    """What ``passerelle serve`` was called with; None leaves the configuration's word."""

    host: str | None = None
    port: int | None = None
    workers: int | None = None
    tls: bool = False
    demo_phone: bool | None = None


def settle_environment(environ: Mapping[str, str], options: Options) -> dict[str, str]:
    """
    The environment that every sibling gets: the operator's own, the options, and the ports that were found free.

    :raises ConfigError, PortTakenError:
    """
    settled = dict(environ) | _from_options(options)
    config = load_config(settled)
    if options.tls and config.signaling.tls_certificate is None:
        settled |= _own_certificate(config)
        config = load_config(settled)
    settled |= {"PASSERELLE_LOG_FORMAT": "json", "PASSERELLE_DATA_DIR": str(config.signaling.data_dir)}
    settled.setdefault("PASSERELLE_MEDIA_DRAIN_S", "0")  # all siblings end together: there is nothing to wait for
    _check_http(config)
    return settled | _telephone_ports(config)


def running_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """
    ``environ`` with what a running ``serve`` was told by its options or found by itself (:func:`published`): who asks
    in a second terminal means that service.

    :raises ConfigError:
    """
    with contextlib.suppress(OSError, ValueError):
        written = json.loads((load_config(environ).signaling.run_dir / ADDRESS_FILE).read_text())
        if isinstance(written, dict) and Path(f"/proc/{written.pop('pid')}").exists():
            return {**environ, **{name: str(value) for name, value in written.items() if name in PUBLISHED}}
    return dict(environ)


@contextlib.contextmanager
def published(run_dir: Path, settled: Mapping[str, str]) -> Iterator[None]:
    """Others find the address of the service as long as it runs. :param settled: see :func:`settle_environment`."""
    path = run_dir / ADDRESS_FILE
    told = {name: settled[name] for name in PUBLISHED if name in settled}
    path.write_text(json.dumps({"pid": os.getpid(), **told}))
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def _from_options(options: Options) -> dict[str, str]:
    host = options.host or (WILDCARDS[0] if options.tls else None)
    given = {
        "PASSERELLE_HTTP_HOST": host,
        "PASSERELLE_HTTP_PORT": options.port,
        "PASSERELLE_MEDIA_WORKERS": options.workers,
        "PASSERELLE_DEMO_PHONE": options.demo_phone,
    }
    return {name: str(value) for name, value in given.items() if value is not None}


def _own_certificate(config: Config) -> dict[str, str]:
    """A certificate for localhost and this machine's addresses, and these as allowed origins."""
    from signaling.certificate import ensure_certificate, local_addresses

    settings = config.signaling
    host = settings.http_host
    addresses = [host]
    if host in WILDCARDS:  # each listens to its own family alone
        addresses = [name for name in local_addresses() if (":" in name) == (":" in host)]
    now = datetime.datetime.now(datetime.UTC)
    files = ensure_certificate(settings.data_dir / "tls", addresses, now)
    hosts = ["localhost", "127.0.0.1", *(f"[{name}]" if ":" in name else name for name in addresses)]
    origins = [f"https://{host}:{settings.http_port}" for host in dict.fromkeys(hosts)]
    found = {"PASSERELLE_TLS_CERTIFICATE": str(files.certificate), "PASSERELLE_TLS_KEY": str(files.key)}
    if not config.reader.is_set("signaling", "allowed_origins"):
        found["PASSERELLE_ALLOWED_ORIGINS"] = ",".join(origins)
    if not config.reader.is_set("signaling", "public_url"):
        found["PASSERELLE_PUBLIC_URL"] = origins[0]
    return found


def _check_http(config: Config) -> None:
    settings = config.signaling
    advice = f"Choisissez un autre port : ./run --port {settings.http_port + 10}"
    check_port(settings.http_host, settings.http_port, "tcp", advice)


def _telephone_ports(config: Config) -> dict[str, str]:
    """Ports that nobody chose may move when they are taken; a chosen one is checked."""
    found: dict[str, str] = {}
    taken: range = range(0)
    if config.service.phone_workers:
        taken = _phone_worker_ports(config)
        found["PASSERELLE_PHONE_SIP_PORT"] = str(taken.start)
    if config.service.demo_phone:
        demo = processes.demo_phone_config(config)
        wanted = max(taken.stop, demo.sip_port) if demo.sip_port in taken else demo.sip_port
        sip_port = _settle(config, "demo_phone", demo.sip_host, wanted, "sip_port")
        http_port = _settle(config, "demo_phone", demo.http_host, demo.http_port, "http_port")
        found["PASSERELLE_DEMO_PHONE_SIP_PORT"] = str(sip_port)
        found["PASSERELLE_DEMO_PHONE_HTTP_PORT"] = str(http_port)
        if processes.uses_demo_trunk(config):
            found["PASSERELLE_PHONE_TRUNK_PORT"] = str(sip_port)
        if config.signaling.demo_phone_url is None:
            found["PASSERELLE_DEMO_PHONE_URL"] = f"http://localhost:{http_port}"
    return found


def _phone_worker_ports(config: Config) -> range:
    """:returns: from the first worker's SIP port to the last one's, all of them found free."""
    phone, count = processes.phone_worker_config(config), config.service.phone_workers
    first = phone.sip_port
    if config.reader.is_set("phone", "sip_port"):
        for port in range(first, first + count * PORT_STEP, PORT_STEP):
            check_port(phone.sip_host, port, "udp", "Changez [phone] sip_port.")
    else:
        first = first_free(phone.sip_host, first, "udp", step=PORT_STEP, count=count)
    return range(first, first + count * PORT_STEP)


def _settle(config: Config, section: str, host: str, port: int, name: str) -> int:
    transport: Transport = "udp" if name == "sip_port" else "tcp"
    if not config.reader.is_set(section, name):
        return first_free(host, port, transport)
    check_port(host, port, transport, f"Changez [{section}] {name}.")
    return port
