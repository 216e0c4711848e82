"""
Two real browsers in a call that loses its media worker, sleeps, or changes its network: the pictures come back to the
same call by themselves. No click happens between the loss and the picture.
"""

import asyncio
import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.conftest import CHROMIUM
from tests.browser.recovery_steps import (
    PAIRS,
    both_see,
    call_each_other,
    desk,
    still_together,
    workers,
)
from tests.browser.signing_in import PASSWORD
from tests.helpers.whole_service import WholeService, whole_service

pytestmark = [
    pytest.mark.browser,
    pytest.mark.integration,
    pytest.mark.timeout(240),
    pytest.mark.asyncio(loop_scope="module"),
]
ASLEEP_S = 20.0


class Network:
    """A network namespace with one interface towards this machine; its address can be changed."""

    def __init__(self, name: str, net: int) -> None:
        self.name, self._prefix = name, f"10.213.{net}"
        self.host = f"{self._prefix}.1"
        self._address = ""

    def up(self) -> None:
        inner, outer = f"{self.name}i", f"{self.name}o"
        ip("netns", "add", self.name)
        ip("link", "add", outer, "type", "veth", "peer", "name", inner, "netns", self.name)
        ip("address", "add", f"{self.host}/24", "dev", outer)
        ip("link", "set", outer, "up")
        self._inside("link", "set", "lo", "up")
        self._inside("link", "set", inner, "up")

    def give_address(self, last: int) -> None:
        """In place of the one before."""
        if self._address:
            self._inside("address", "delete", self._address, "dev", f"{self.name}i")
        self._address = f"{self._prefix}.{last}/24"
        self._inside("address", "add", self._address, "dev", f"{self.name}i")

    def down(self) -> None:
        subprocess.run(["ip", "netns", "delete", self.name], check=False, capture_output=True)

    def program(self, folder: Path) -> Path:
        """Starts the browser inside."""
        path = folder / "chromium-inside"
        path.write_text(f'#!/bin/sh\nexec ip netns exec {self.name} {CHROMIUM} "$@"\n')
        path.chmod(0o755)
        return path

    def _inside(self, *words: str) -> None:
        ip("-n", self.name, *words)


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


@pytest.fixture(scope="module")
def network() -> Iterator[Network | str]:
    """:returns: a reason to skip where none can be made."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        yield "a network namespace needs root and iproute2"
        return
    made = Network(f"psr{secrets.token_hex(3)}", secrets.randbelow(250) + 1)
    try:
        made.up()
        made.give_address(2)
        yield made
    except subprocess.CalledProcessError as error:
        yield f"no network namespace here: {error.stderr!r}"
    finally:
        made.down()


@pytest.fixture(scope="module")
def service(network: Network | str) -> Iterator[WholeService]:
    """Reached from here and from the namespace."""
    hosts = ["127.0.0.1", *([network.host] if isinstance(network, Network) else [])]
    settings = {
        "http_host": "0.0.0.0" if len(hosts) > 1 else hosts[0],
        "allowed_origins": ",".join(f"http://{host}:{{port}}" for host in hosts),
        "media_workers": "2",
        "visibility_workers": "0",
        "first_people": "no",
    }
    with whole_service(**settings) as running:
        signers, agents = zip(*PAIRS, strict=True)
        running.add_people(PASSWORD, signers=signers, agents=agents)
        yield running


async def test_a_killed_media_worker_and_twenty_seconds_of_sleep_end_with_pictures_both_ways_without_a_click(
    service: WholeService,
) -> None:
    token = secrets.token_hex(4)
    async with desk(f"signer-{token}") as signer, desk(f"agent-{token}") as agent:
        await call_each_other(PAIRS[0], service.url, service.url, signer, agent)
        for pid in workers(service):  # one of them has the call
            os.kill(pid, signal.SIGKILL)
            await both_see(signer, agent)
        async with signer.asleep():
            await asyncio.sleep(ASLEEP_S)
            assert await agent.is_still()
        await both_see(signer, agent)
        await still_together(signer, agent)


async def test_a_page_whose_computer_gets_another_address_is_back_in_its_call_without_a_click(
    service: WholeService, network: Network | str, tmp_path: Path
) -> None:
    if isinstance(network, str):
        pytest.skip(network)
    outside = service.url.replace("127.0.0.1", network.host)
    camera = f"--unsafely-treat-insecure-origin-as-secure={outside}"
    program = str(network.program(tmp_path))
    async with desk(network.name, camera, program=program) as signer, desk(f"{network.name}-agent") as agent:
        await call_each_other(PAIRS[1], outside, service.url, signer, agent)
        network.give_address(3)
        await both_see(signer, agent)
        await still_together(signer, agent)
