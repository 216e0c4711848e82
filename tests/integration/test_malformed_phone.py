"""
Mutated SIP, RTP, RTCP and text at a real phone worker while a call goes on: nothing escapes, the call is not felt.

``benchmarks.malformed_phone`` sends the same by the hundred thousand.
"""

import contextlib
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from relay.phone_messages import HangUpPhone, SetPhoneAudio
from tests.helpers.hostile_phone import HostilePhone, hostile_sound
from tests.helpers.phone_process import PhoneProcess, phone_process
from tests.helpers.phone_rig import CALL
from tests.helpers.ports import free_port
from tests.helpers.sip_legs import Legs, legs
from tests.helpers.sip_peers import Baresip, baresip, self_signed, until

pytestmark = pytest.mark.integration
COUNT = 2_000
KINDS = ("stranger", "peer", "in_dialog", "responses")
SOUNDS = ("plain_sound", "encrypted_sound")
AGENT_HZ, PHONE_HZ = 1000, 440
DEADLINE_S = 45.0
MEMORY_ALLOWANCE_MB = 40
EXPECTED = (
    "a trunk fails",
    "phone leg is given up",
    "nobody takes a telephone",
    "a SIP peer's name",
    "no SIP connection",
)


class PhoneUnderFire:
    """A worker with an ordinary call, and somebody who sends garbage to it."""

    def __init__(self, worker: PhoneProcess, phone: Baresip, carrier: Legs, seed: int) -> None:
        self.worker, self.went_on = worker, True
        self._phone, self._carrier, self._seed = phone, carrier, seed
        self._hostile = HostilePhone(worker, seed)

    @property
    def faults(self) -> list[str]:
        """What the log has that tells of no garbage as such."""
        return [line for line in self.worker.faults if not any(words in line for words in EXPECTED)]

    async def begin(self) -> None:
        self.worker.media.speaks = {"agent": AGENT_HZ}
        await self.worker.hears({"phone": ("agent",), "agent": ("phone",)})
        await self.worker.dial(self._phone.uri)
        await until(lambda: self._phone.told("CALL_ESTABLISHED"), DEADLINE_S)

    async def fire(self, kind: str, count: int) -> None:
        self._seed += 1
        if kind in KINDS:
            await getattr(self._hostile, kind)(count)
            return
        encrypted = kind == "encrypted_sound"
        async with hostile_sound(self.worker, self._carrier, self._seed, encrypted=encrypted) as (sound, sock):
            await sound.send(count, sock)

    async def call_goes_on(self) -> None:
        """The agent hears the telephone anew, and nothing else."""
        media = self.worker.media
        await self.worker.signaling.ask(
            SetPhoneAudio(
                call_id=CALL,
                epoch=1,
                worker_socket=str(media.path),
                hears={"phone": ("agent",), "agent": ("phone",)},
            )
        )
        media.forget()
        try:
            await until(lambda: media.tones("agent") == {PHONE_HZ}, DEADLINE_S)
        except TimeoutError:
            self.went_on = False

    async def ends_well(self) -> bool:
        """Hangs up. :returns: whether the telephone heard the agent until then."""
        await self.worker.signaling.ask(HangUpPhone(call_id=CALL, epoch=1))
        await until(lambda: self._phone.told("CALL_CLOSED"), DEADLINE_S)
        return AGENT_HZ in self._phone.hears() and self.worker.is_alive


@contextlib.asynccontextmanager
async def under_fire(seed: int) -> AsyncIterator[PhoneUnderFire]:
    """The rate limit of one address is raised: what is measured here is what lies behind it."""
    with tempfile.TemporaryDirectory(prefix="psr-", dir="/tmp") as folder:
        certificate = self_signed(Path(folder))
        settings = {
            "sip_tls_port": free_port(),
            "sip_certificate": str(certificate),
            "sip_key": str(certificate),
            "sip_messages_per_s": 100_000,
            "capacity": 60,
            "unkept_after_s": 3600,
            "taken_within_s": 1.0,
        }
        async with (
            baresip(PHONE_HZ) as phone,
            legs(certificate=certificate) as carrier,
            phone_process({"name": "trunk", "keep_alive_s": 0}, **settings) as worker,
        ):
            fire = PhoneUnderFire(worker, phone, carrier, seed)
            await fire.begin()
            yield fire


async def test_garbage_by_the_thousand_is_not_felt_by_a_call_and_leaves_nothing_behind() -> None:
    async with under_fire(seed=5) as fire:
        await fire.call_goes_on()
        before_mb = fire.worker.resident_mb
        for kind in (*KINDS, *SOUNDS):
            await fire.fire(kind, COUNT)
            await fire.call_goes_on()
            assert fire.went_on, kind
        assert await fire.ends_well()
        assert not fire.faults
        assert fire.worker.resident_mb - before_mb < MEMORY_ALLOWANCE_MB
        assert (await fire.worker.held())["calls"] <= 1  # the ordinary one, until signaling closes it
