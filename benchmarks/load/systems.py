"""The relays under load, each in its own process: this project's media workers, Janus, the plain aiortc way."""

import asyncio
import contextlib
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.load.worker_process import control_socket
from relay.compiler import CompilationError, CompilerMissingError, compile_into

READY_DEADLINE_S = 20.0
STOP_DEADLINE_S = 8.0
NICE = (
    "nice",
    "-n",
    "-10",
)  # where permitted: other work on the machine shows less; the same for all and the generator
COMPILED = Path(__file__).parents[2] / "var" / "compiled"  # as `./run compile`
CAPACITY = 250  # calls: more than any machine carries here, so that load ends a run and not a limit
JANUS_MISSING = (
    "Janus n'est pas installé : pas de comparaison (apt install janus) / Janus is not installed: not compared with"
)


@dataclass(frozen=True)
class Relay:
    """:param endpoints: for ``benchmarks.load.signalling``."""

    name: str
    kind: str
    endpoints: tuple[str, ...]
    processes: tuple["subprocess.Popen[bytes]", ...]

    @property
    def pids(self) -> list[int]:
        return [each.pid for each in self.processes]

    async def stop(self) -> None:
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                await asyncio.to_thread(process.wait, STOP_DEADLINE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                await asyncio.to_thread(process.wait)


async def start_workers(
    folder: Path, count: int = 1, *, name: str = "worker", cpus: Sequence[int] = (), compiled: bool = True
) -> Relay:
    """
    :param cpus: the core each worker is kept on, in turn; none: wherever the system puts it.
    :param compiled: the forwarding compiled, where the machine can; else the Python.
    """
    home = folder / name
    home.mkdir()
    root = [str(COMPILED)] if compiled and can_compile() else []
    processes = []
    for index in range(count):
        arguments = ["benchmarks.load.worker_process", str(home), str(index), str(CAPACITY), *root]
        pinned = kept_on([cpus[index % len(cpus)]] if cpus else [])
        processes.append(_start([*pinned, sys.executable, "-m", *arguments], folder / f"{name}-{index}.log"))
    sockets = [control_socket(home, index) for index in range(count)]
    for path, process in zip(sockets, processes, strict=True):
        await _until(lambda path=path: _listens(socket.AF_UNIX, str(path)), process, name)  # type: ignore[misc]
    return Relay(name, "worker", tuple(map(str, sockets)), tuple(processes))


def can_compile() -> bool:
    """Whether what is compiled of these sources is there now."""
    try:
        compile_into(COMPILED)
    except (CompilerMissingError, CompilationError) as error:
        print(f"Acheminement en Python, non compilé / forwarding in Python, not compiled: {error}", file=sys.stderr)
        return False
    return True


async def start_plain(folder: Path) -> Relay:
    path = folder / "plain.sock"
    process = _start([sys.executable, "-m", "benchmarks.load.plain_relay", str(path)], folder / "plain.log")
    await _until(lambda: _listens(socket.AF_UNIX, str(path)), process, "plain")
    return Relay("plain", "plain", (str(path),), (process,))


async def start_janus(folder: Path) -> Relay | None:
    """:returns: None when there is no Janus on this machine."""
    command = shutil.which("janus")
    if command is None:
        return None
    configuration = folder / "janus"
    configuration.mkdir()
    port = _free_port()
    for name, text in _janus_configuration(port).items():
        (configuration / name).write_text(text)
    process = _start([command, "-F", str(configuration)], folder / "janus.log")
    await _until(lambda: _listens(socket.AF_INET, ("127.0.0.1", port)), process, "Janus")
    return Relay("janus", "janus", (f"ws://127.0.0.1:{port}",), (process,))


def _janus_configuration(port: int) -> dict[str, str]:
    """Debian's defaults, with nothing but the videocall plugin and WebSocket loaded."""
    return {
        "janus.jcfg": """
general: { debug_level = 3, session_timeout = 0, server_name = "benchmark" }
nat: { nice_debug = false }
plugins: { disable = "libjanus_audiobridge.so,libjanus_duktape.so,libjanus_echotest.so,libjanus_lua.so,\
libjanus_nosip.so,libjanus_recordplay.so,libjanus_sip.so,libjanus_streaming.so,libjanus_textroom.so,\
libjanus_videoroom.so,libjanus_voicemail.so" }
transports: { disable = "libjanus_http.so,libjanus_mqtt.so,libjanus_nanomsg.so,libjanus_pfunix.so,\
libjanus_rabbitmq.so" }
events: { broadcast = false }
""",
        "janus.transport.websockets.jcfg": f"""
general: {{ ws = true, ws_port = {port}, ws_ip = "127.0.0.1", wss = false }}
admin: {{ admin_ws = false, admin_wss = false }}
""",
        "janus.plugin.videocall.jcfg": "general: { events = false }\n",
    }


def kept_on(cpus: Sequence[int]) -> tuple[str, ...]:
    """A command's beginning that keeps it on these cores; none: wherever the system puts it."""
    return ("taskset", "-c", ",".join(map(str, cpus))) if cpus else ()


def _start(command: list[str], log: Path) -> "subprocess.Popen[bytes]":
    with log.open("wb") as output:
        return subprocess.Popen([*NICE, *command], stdin=subprocess.DEVNULL, stdout=output, stderr=output)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _listens(family: int, address: str | tuple[str, int]) -> bool:
    with socket.socket(family) as probe, contextlib.suppress(OSError):
        probe.connect(address)
        return True
    return False


async def _until(condition: Callable[[], bool], process: "subprocess.Popen[bytes]", name: str) -> None:
    """:raises RuntimeError: the process ended, or does not answer."""
    deadline = time.monotonic() + READY_DEADLINE_S
    while not condition():
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            raise RuntimeError(f"{name} did not start")
        await asyncio.sleep(0.05)
