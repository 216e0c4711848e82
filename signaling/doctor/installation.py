"""What the service stands on: Python and its libraries, space, database, Redis, models, compiled code."""

import asyncio
import shutil
import signal
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from rich.markup import escape

from relay import compiled
from relay.visibility.model_files import find_models
from signaling import embedded_redis, processes
from signaling.config import Config
from signaling.doctor.finding import Finding, Verdict

IMPORT_DEADLINE_S = 60.0  # MediaPipe on a cold disk
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
