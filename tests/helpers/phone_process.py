"""
A phone worker as the process it is in production, with a control client and a stand-in for the media worker.

``tests.helpers.phone_worker_process`` is that process; what it logs goes to a file.
"""

import asyncio
import contextlib
import json
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from relay.phone.config import PhoneWorkerConfig
from tests.helpers.phone_rig import Rig
from tests.helpers.phone_worker_process import config_of
from tests.helpers.ports import free_port
from tests.helpers.sip_peers import until

REPOSITORY = Path(__file__).parents[2]
STOP_S = 15.0


class PhoneProcess(Rig):
    """:class:`Rig`, of another process."""

    def __init__(self, folder: Path, config: PhoneWorkerConfig, process: asyncio.subprocess.Process) -> None:
        super().__init__(folder, config)
        self.process = process

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    @property
    def faults(self) -> list[str]:
        """Everything but ordinary lines: warnings, errors, and what was printed."""
        return [line for line in self.log.splitlines() if not line.startswith("INFO:")]

    @property
    def is_alive(self) -> bool:
        return self.process.returncode is None

    @property
    def resident_mb(self) -> float:
        """Memory in use (proc_pid_status)."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024

    @property
    def cpu_s(self) -> float:
        """Processor time so far, by the scheduler's own count (proc_pid_schedstat)."""
        return int(Path(f"/proc/{self.process.pid}/schedstat").read_text().split()[0]) / 1e9

    async def held(self) -> dict[str, int]:
        """:returns: how much of each kind it holds: calls, dialogs, transactions, timers."""
        counts = self.folder / "counts"
        counts.unlink(missing_ok=True)
        self.process.send_signal(signal.SIGUSR1)
        await until(counts.exists)
        return dict(json.loads(counts.read_text()))

    async def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()
        await self.process.wait()


@contextlib.asynccontextmanager
async def phone_process(*trunks: dict[str, Any], **settings: Any) -> AsyncIterator[PhoneProcess]:
    """:param trunks: of ``TrunkConfig``; :param settings: of ``PhoneWorkerConfig``, as JSON can say them."""
    folder = Path(tempfile.mkdtemp(prefix="psr-", dir="/tmp"))
    first = free_port(40)
    usual = {"sip_port": free_port(), "rtp_ports": [first, first + 39], "stop_deadline_s": 1.0, "no_response_s": 3.0}
    given = {**usual, "trunks": trunks, **settings}
    with (folder / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.helpers.phone_worker_process", str(folder), json.dumps(given)),
            stdout=log,
            stderr=log,
            cwd=REPOSITORY,
        )
    worker = PhoneProcess(folder, config_of(folder, given), process)
    try:
        await worker.signaling.connect(worker.config.control_socket)
        yield worker
    finally:
        await worker.signaling.close()
        for media in (worker.media, *worker.others):
            await media.close()
        if worker.is_alive:
            process.terminate()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), STOP_S)
        if worker.is_alive:
            await worker.kill()
        shutil.rmtree(folder, ignore_errors=True)
