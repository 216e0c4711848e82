"""
``passerelle doctor``: what is there, what is missing, and what to type about it, in words.

Each check looks at one thing and says one sentence; none changes anything. A failure is what keeps the service from
working, a warning what makes it work less.
"""

import asyncio
import shutil
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from rich.console import Console
from rich.markup import escape

from relay import compiled
from relay.phone.config import TrunkConfig
from relay.phone.emergency import AS_OF
from relay.visibility.model_files import find_models
from signaling import embedded_redis, processes
from signaling.config import Config
from signaling.free_ports import bind_problem
from signaling.ice_check import Answer, IceProblem, ask_all
from signaling.ice_servers import IceServers, is_turn
from signaling.machine_check import check_machines

Verdict = Literal["ok", "warning", "failure"]
_MARKS = {"ok": "[green]✓[/green]", "warning": "[yellow]![/yellow]", "failure": "[red]✗[/red]"}
IMPORT_DEADLINE_S = 60.0  # MediaPipe on a cold disk
TRUNK_DEADLINE_S = 3.0
EMERGENCY_LIST_AGE = timedelta(days=400)  # looked at once a year, and a month to do it
FREE_SPACE_WARNING = 500 << 20  # bytes
FREE_SPACE_FAILURE = 50 << 20  # bytes: SQLite and the append-only file soon stop
#: what to run to see that it works, where importing is not enough
_LOADING = {
    "mediapipe": "from mediapipe.tasks.python.core.mediapipe_c_bindings import load_raw_library; load_raw_library()"
}
#: what does not work without the module
_MODULES = {
    "aiortc": "les appels vidéo",
    "av": "le son du téléphone",
    "sippy": "le téléphone",
    "cv2": "la lisibilité des signes",
    "mediapipe": "la lisibilité des signes",
}
_LIBRARY_PACKAGES = {
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libGLESv2.so.2": "libgles2",
    "libxcb.so.1": "libxcb1",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libglib-2.0.so.0": "libglib2.0-0",
}
#: what is wrong with a STUN or TURN server, and what to do about it
_ICE_WORDS: dict[IceProblem, str] = {
    "unknown_host": ": ce nom est inconnu. Corrigez l’adresse ou le DNS.",
    "unreachable": ": personne n’écoute là. Vérifiez l’adresse, le port et que coturn est démarré.",
    "silent": "ne répond pas. Un pare-feu l’arrête peut-être : ouvrez ce port, et ceux des relais en UDP.",
    "certificate": ": certificat refusé, les navigateurs le refuseront aussi. Donnez-lui un certificat reconnu.",
    "credential": "refuse nos accès. Mettez le même secret des deux côtés (PASSERELLE_TURN_SECRET, static-auth-secret "
    "de coturn) et vérifiez l’heure des deux machines.",
    "full": "n’a plus de relais libre. Augmentez ses quotas ou sa plage de ports.",
    "refused": "refuse d’ouvrir un relais. Voyez son journal.",
}


@dataclass(frozen=True)
class Finding:
    verdict: Verdict
    subject: str
    words: str


async def run_doctor(
    config: Config, console: Console, *, closely: bool = False, number: str | None = None, loops: bool = False
) -> bool:
    """
    Print all findings.

    :param closely: only the trunks, with what takes longer. :param number: called then. :param loops: our own one is.
    :returns: False when one of them is a failure.
    """
    findings: list[Finding] = []
    checks = (check_trunk, partial(check_trunk_closely, number=number, loops=loops)) if closely else CHECKS
    for check in checks:
        for finding in await check(config):
            findings.append(finding)
            console.print(
                f"{_MARKS[finding.verdict]} [bold]{finding.subject}[/bold] : {finding.words}", highlight=False
            )
    failures = sum(finding.verdict == "failure" for finding in findings)
    warnings = sum(finding.verdict == "warning" for finding in findings)
    console.print("")
    console.print(_conclusion(failures, warnings), highlight=False)
    return failures == 0


def _conclusion(failures: int, warnings: int) -> str:
    if failures:
        return f"[red]{failures} point(s) à corriger[/red], {warnings} avertissement(s)."
    if warnings:
        return f"[yellow]Le service peut marcher, avec {warnings} réserve(s).[/yellow]"
    return "[green]Tout est en ordre.[/green]"


async def check_python(_config: Config) -> list[Finding]:
    found = ".".join(map(str, sys.version_info[:3]))
    fits = (3, 11) <= sys.version_info[:2] <= (3, 12)
    words = f"{found}, passerelle {version('passerelle')}" if fits else f"{found} ; il faut 3.11 ou 3.12"
    return [Finding("ok" if fits else "failure", "Python", words)]


async def check_modules(_config: Config) -> list[Finding]:
    """Each in a process of its own: a broken C library must not end the doctor."""
    problems = await asyncio.gather(*(asyncio.to_thread(import_problem, module) for module in _MODULES))
    found = [
        Finding(
            "failure" if module in ("aiortc", "av") else "warning",
            module,
            f"{problem} Sans lui : pas de {_MODULES[module]}.",
        )
        for module, problem in zip(_MODULES, problems, strict=True)
        if problem
    ]
    return found or [Finding("ok", "Bibliothèques", ", ".join(f"{name} {_version(name)}" for name in _MODULES))]


def _version(module: str) -> str:
    return version({"cv2": "opencv-python"}.get(module, module))


def import_problem(module: str) -> str | None:
    """None: it can be imported here. Else one sentence, with the package to install when a library is missing."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", _LOADING.get(module, f"import {module}")],
            capture_output=True,
            text=True,
            timeout=IMPORT_DEADLINE_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"ne se charge pas en {IMPORT_DEADLINE_S:.0f} s."
    if done.returncode == 0:
        return None
    if done.returncode < 0:
        return f"fait tomber Python au chargement ({signal.Signals(-done.returncode).name})."
    return explain_import_error(done.stderr)


def explain_import_error(stderr: str) -> str:
    last = (stderr.strip().splitlines() or ["erreur inconnue"])[-1]
    for library, package in _LIBRARY_PACKAGES.items():
        if library in last:
            return f"il manque {library} : sudo apt-get install {package}."
    return f"ne se charge pas ({last})."


async def check_data(config: Config) -> list[Finding]:
    data_dir = config.signaling.data_dir
    free = shutil.disk_usage(data_dir).free
    words = f"{data_dir}, {free >> 20} Mo libres"
    if free < FREE_SPACE_WARNING:
        verdict: Verdict = "failure" if free < FREE_SPACE_FAILURE else "warning"
        return [Finding(verdict, "Données", f"{words} : faites de la place")]
    return [Finding("ok", "Données", words)]


async def check_database(config: Config) -> list[Finding]:
    from signaling.records.database import Database

    database = Database(config.signaling.database_url)
    kind = "SQLite" if database.is_sqlite else "PostgreSQL"
    file = Path(config.signaling.database_url.partition(":///")[2])
    if database.is_sqlite and not await asyncio.to_thread(file.exists):
        return [Finding("ok", "Base de données", "SQLite, créée au premier démarrage")]
    try:
        async with asyncio.timeout(10):
            await database.open(migrate=False)
            async with database.reading() as session:
                await session.connection()
    except Exception as error:
        return [Finding("failure", "Base de données", f"{kind} ne répond pas ({type(error).__name__})")]
    finally:
        await database.close()
    return [Finding("ok", "Base de données", kind)]


async def check_redis(config: Config) -> list[Finding]:
    settings = config.signaling
    if settings.has_own_redis and settings.network is not None:
        words = (
            "[network] listen ne va pas avec le Redis du service, que les autres machines n’atteignent pas : "
            "donnez-leur à toutes le même par PASSERELLE_REDIS_URL, ou retirez [network] listen"
        )
        return [Finding("failure", "Redis", words)]
    if settings.has_own_redis:
        try:
            server = embedded_redis.find_redis_server(settings.data_dir)
        except embedded_redis.RedisServerError as error:
            return [Finding("failure", "Redis", str(error))]
        numbers = embedded_redis.server_version(str(server)) or ()
        return [Finding("ok", "Redis", f"{server.name} {'.'.join(map(str, numbers))}, lancé par le service")]
    return [await _answer_of_redis(settings.redis_url)]


async def _answer_of_redis(url: str) -> Finding:
    from relay.redis_client import connect, oldest_version

    client = connect(url, timeout_s=5)
    try:
        found = await oldest_version(client)
    except Exception as error:
        return Finding("failure", "Redis", f"le serveur configuré ne répond pas ({type(error).__name__})")
    finally:
        await client.aclose()
    fits = tuple(map(int, found.split(".")[:2])) >= embedded_redis.OLDEST
    return Finding("ok" if fits else "failure", "Redis", found if fits else f"{found} ; il faut 6.2 ou plus récent")


async def check_models(config: Config) -> list[Finding]:
    directory = config.service.model_dir
    if find_models(directory) is not None:
        return [Finding("ok", "Modèles MediaPipe", f"vérifiés dans {directory}")]
    words = "absents : la lisibilité des signes n’est pas mesurée. Tapez : ./run models"
    return [Finding("warning", "Modèles MediaPipe", words)]


async def check_thresholds(config: Config) -> list[Finding]:
    """A centre's own: without a usable file those that come with the service hold, and calls go on."""
    from relay.visibility.thresholds import ThresholdsError, rules_of

    file = processes.visibility_worker_config(config, 0).thresholds
    if file is None:
        return []
    try:
        await asyncio.to_thread(rules_of, file)
    except ThresholdsError as error:
        words = f"{error.message_fr} Ceux du service restent. Corrigez ou retirez PASSERELLE_VISIBILITY_THRESHOLDS"
        return [Finding("warning", "Seuils de lisibilité", escape(words))]
    return [Finding("ok", "Seuils de lisibilité", escape(f"ceux du centre, {file}"))]


async def check_compiled(config: Config) -> list[Finding]:
    root = config.service.compiled_dir
    if not processes.media_worker_config(config, 0).compiled:
        return [Finding("ok", "Acheminement", "en Python, comme réglé (PASSERELLE_MEDIA_COMPILED)")]
    if compiled.folder(root).is_dir():
        return [Finding("ok", "Acheminement", f"compilé, dans {root}")]
    advice = "Pour moins de calcul par appel : ./run compile"
    if root.is_dir() and any(root.iterdir()):
        return [Finding("warning", "Acheminement", f"compilé pour une autre version, donc en Python. {advice}")]
    return [Finding("ok", "Acheminement", f"en Python. {advice}")]


async def check_service(config: Config) -> list[Finding]:
    """Is it running? If not, can it listen?"""
    settings = config.signaling
    alive = await processes.http_status(settings.http_host, settings.http_port, "/healthz", tls=settings.is_tls)
    if alive == 200:
        ready = await processes.http_status(settings.http_host, settings.http_port, "/readyz", tls=settings.is_tls)
        words = f"en marche sur {settings.public_url}"
        return [Finding("ok", "Service", words if ready == 200 else f"{words}, mais pas prêt : voir /readyz")]
    problem = bind_problem(settings.http_host, settings.http_port, "tcp")
    if problem:
        advice = f"Choisissez : ./run --port {settings.http_port + 10}"
        words = f"{settings.http_host}:{settings.http_port} : {problem}. {advice}"
        return [Finding("failure", "Port HTTP", words)]
    return [Finding("ok", "Port HTTP", f"{settings.http_host}:{settings.http_port} est libre (service arrêté)")]


async def check_secure_context(config: Config) -> list[Finding]:
    """Browsers give the camera to https pages and to localhost alone."""
    url = urlsplit(config.signaling.public_url)
    if url.scheme == "https" or url.hostname in ("localhost", "127.0.0.1", "::1"):
        return [Finding("ok", "Caméra", f"les navigateurs l’accordent à {config.signaling.public_url}")]
    words = (
        f"les navigateurs la refusent à {config.signaling.public_url} : il faut https. "
        "Essai sur un réseau : ./run --tls ; en production : un proxy avec un certificat."
    )
    return [Finding("failure", "Caméra", words)]


async def check_ice(config: Config) -> list[Finding]:
    """Every STUN and TURN server is asked, the latter for a relay with a credential as offers carry it."""
    servers = IceServers(config.signaling).for_page()
    found = [_ice_finding(answer) for answer in await ask_all(servers)]
    is_local = urlsplit(config.signaling.public_url).hostname in ("localhost", "127.0.0.1", "::1")
    if is_local and not found:
        return [Finding("ok", "TURN", "pas nécessaire sur une seule machine")]
    if not any(is_turn(url) for server in servers for url in server.urls):
        words = "aucun serveur TURN : derrière certains pare-feu, la vidéo ne passera pas (PASSERELLE_TURN_URLS)"
        found.append(Finding("warning", "TURN", words))
    return found


def _ice_finding(answer: Answer) -> Finding:
    subject = "TURN" if is_turn(answer.url) else "STUN"
    if answer.problem is None:
        return Finding("ok", subject, f"{answer.url} répond" + (" et accepte nos accès" if subject == "TURN" else ""))
    return Finding("warning", subject, f"{answer.url} {_ICE_WORDS[answer.problem]}")


async def check_network(config: Config) -> list[Finding]:
    return [
        Finding("ok" if each.code is None else "failure" if each.is_grave else "warning", "Machines", each.words)
        for each in await check_machines(config.signaling)
    ]


async def check_trunk(config: Config) -> list[Finding]:
    if not config.service.phone_workers:
        return [Finding("ok", "Téléphone", "servi par une autre machine")]
    if processes.uses_demo_trunk(config):
        words = "téléphone de démonstration : aucun appel ne sort de cette machine (PASSERELLE_PHONE_TRUNK_HOST)"
        return [Finding("ok", "Téléphone", words)]
    return [await _trunk_finding(trunk) for trunk in processes.phone_worker_config(config).all_trunks]


async def _trunk_finding(trunk: TrunkConfig) -> Finding:
    from relay.phone.dns_names import Names  # what it needs may be missing: that is for check_modules to say

    try:
        host, port = (
            await Names((socket.AF_INET, socket.AF_INET6)).addresses(trunk.host, trunk.port, trunk.transport)
        )[0]
    except OSError:
        return Finding("failure", "Téléphone", f"trunk {trunk.label} : le nom {trunk.host} n’a pas d’adresse (DNS)")
    problem = await asyncio.to_thread(trunk_problem, trunk, host, port)
    where = f"{host}:{port} ({trunk.transport})"
    if problem:
        return Finding("failure", "Téléphone", f"trunk {trunk.label}, {where} : {problem}")
    return Finding("ok", "Téléphone", f"le trunk {trunk.label}, {where}, répond")


async def check_emergency(config: Config) -> list[Finding]:
    return [emergency_finding(datetime.now(UTC).date(), relays=config.signaling.relay_emergency)]


def emergency_finding(today: date, *, relays: bool) -> Finding:
    """The list of emergency numbers is data; somebody has to look at it now and then."""
    then = "relayés si la personne insiste" if relays else "jamais relayés : le 114"
    words = f"liste du {AS_OF:%d/%m/%Y} ; 15, 17, 18 et 112 {then}"
    if today - AS_OF > EMERGENCY_LIST_AGE:
        return Finding("warning", "Urgences", f"{words}. Comparez-la au plan de l’Arcep (docs/phone.md)")
    return Finding("ok", "Urgences", words)


async def check_trunk_closely(config: Config, number: str | None, *, loops: bool = False) -> list[Finding]:
    """:param number: called, when there is one. :param loops: out by the trunk, and back to the service that runs."""
    from signaling.trunk_check import Step, call_number, call_ourselves, check_accounts

    phone = processes.phone_worker_config(config)
    try:
        steps = await check_accounts(phone)
        if number is not None:
            steps.append(await call_number(phone, number))
        if loops:
            steps.append(await call_ourselves(phone, config.signaling.front_numbers))
    except OSError as error:
        steps = [Step(False, f"pas de port SIP sur {phone.sip_host} ({error.strerror})")]
    return [Finding("ok" if step.is_good else "failure", "Trunk", step.words) for step in steps]


def trunk_problem(trunk: TrunkConfig, host: str, port: int) -> str | None:
    """None: it answers at this address. Over UDP an OPTIONS request is sent (RFC 3261 §11); any answer counts."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
    except OSError:
        return "ce nom est inconnu"
    try:
        if trunk.transport == "udp":
            return _options_problem(family, address)
        with socket.create_connection((host, port), TRUNK_DEADLINE_S) as connection:
            if trunk.transport == "tls":
                context = ssl.create_default_context(cafile=str(trunk.ca_file) if trunk.ca_file else None)
                context.wrap_socket(connection, server_hostname=trunk.host).close()
    except ssl.SSLCertVerificationError as error:
        return f"certificat refusé ({error.verify_message})"
    except OSError as error:
        return f"pas de réponse ({error.strerror or type(error).__name__})"
    return None


def _options_problem(family: int, address: tuple[object, ...]) -> str | None:
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.settimeout(TRUNK_DEADLINE_S)
        probe.connect(address)
        host, port = probe.getsockname()[:2]
        host = f"[{host}]" if ":" in host else host
        probe.send(
            f"OPTIONS sip:{address[0]}:{address[1]} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bKdoctor{port};rport\r\n"
            f"Max-Forwards: 70\r\nFrom: <sip:doctor@{host}>;tag=doctor{port}\r\nTo: <sip:{address[0]}>\r\n"
            f"Call-ID: doctor-{port}@{host}\r\nCSeq: 1 OPTIONS\r\nContact: <sip:{host}:{port}>\r\n"
            "Content-Length: 0\r\n\r\n".encode()
        )
        return None if probe.recv(2048).startswith(b"SIP/2.0") else "la réponse n’est pas du SIP"


CHECKS: tuple[Callable[[Config], Awaitable[list[Finding]]], ...] = (
    check_python,
    check_modules,
    check_data,
    check_database,
    check_redis,
    check_models,
    check_thresholds,
    check_compiled,
    check_service,
    check_secure_context,
    check_ice,
    check_network,
    check_trunk,
    check_emergency,
)
