"""The whole service as an operator starts it: ``passerelle serve``, every process, a data directory of its own."""

import asyncio
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from relay.visibility.model_files import find_models
from signaling.config import load_config
from signaling.passwords import hash_password
from signaling.records import Records
from signaling.records.model import Qualification
from tests.helpers.clips import MODELS
from tests.helpers.ports import free_port

PASSERELLE = Path(sys.executable).with_name("passerelle")
READY_DEADLINE_S = 90.0
STOP_DEADLINE_S = 30.0
HAS_MODELS = find_models(MODELS) is not None


@dataclass(frozen=True)
class WholeService:
    url: str
    data_dir: Path
    environ: dict[str, str]

    @property
    def token(self) -> str:
        return (self.data_dir / "secrets" / "operator_token").read_text().strip()

    @property
    def demo_phone_url(self) -> str:
        return f"http://127.0.0.1:{int(self.url.rsplit(':', 1)[1]) + 1}"

    def run(self, *arguments: str, stdin: str | None = None) -> "subprocess.CompletedProcess[str]":
        """``passerelle ARGUMENTS`` with this service's settings."""
        return subprocess.run(
            [PASSERELLE, *arguments],
            env=self.environ,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=110,
            check=False,
        )

    def add_people(self, password: str, *, signers: Sequence[str] = (), agents: Sequence[str] = ()) -> None:
        """
        As ``passerelle user add`` does it, without a process for each.

        :param signers: names; the login is the first one in lower case. :param agents: interpreters.
        """
        with ThreadPoolExecutor(1) as elsewhere:  # there may be a running loop here
            elsewhere.submit(asyncio.run, self._add_people(password, signers, agents)).result(60)

    async def _add_people(self, password: str, signers: Sequence[str], agents: Sequence[str]) -> None:
        hashed = await hash_password(password)
        async with Records(load_config(self.environ).signaling.database_url) as records:
            for name in (*signers, *agents):
                is_agent = name in agents
                await records.people.add(
                    login=name.split()[0].lower(),
                    name=name,
                    role="agent" if is_agent else "signer",
                    password_hash=hashed,
                    qualifications=[Qualification("interpreter", "Master d’interprète")] if is_agent else [],
                )

    def log(self) -> str:
        return (self.data_dir / "service.log").read_text(errors="replace")


@contextlib.contextmanager
def whole_service(**settings: str) -> Iterator[WholeService]:
    """
    :param settings: ``PASSERELLE_`` variables, names in lower case without the prefix; ``{port}`` in a value is the
        service's own.
    """
    data_dir = Path(tempfile.mkdtemp(prefix="psr-"))
    port = free_port()  # the next one is the demonstration phone's page
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PASSERELLE_")}
    phone_port, trunk_port = str(free_port()), str(free_port())
    given = {
        "data_dir": str(data_dir),
        "model_dir": str(MODELS),
        "log_format": "json",
        "queue_alert_s": "60",
    } | settings
    given |= {"phone_sip_port": phone_port, "phone_trunk_port": trunk_port, "demo_phone_sip_port": trunk_port}
    environ |= {f"PASSERELLE_{name.upper()}": value.format(port=port) for name, value in given.items()}
    service = WholeService(f"http://127.0.0.1:{port}", data_dir, environ)
    with (data_dir / "service.log").open("wb") as log:
        process = subprocess.Popen(
            [PASSERELLE, "serve", "--port", str(port)],
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait_ready(service, process)
        yield service
    finally:
        process.terminate()
        try:
            process.wait(STOP_DEADLINE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        shutil.rmtree(data_dir, ignore_errors=True)


def _wait_ready(service: WholeService, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + READY_DEADLINE_S
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(urllib.error.URLError, OSError):
            urllib.request.urlopen(f"{service.url}/readyz", timeout=3).close()
            return
        time.sleep(0.1)
    raise AssertionError(f"the service did not become ready:\n{service.log()[-3000:]}")
