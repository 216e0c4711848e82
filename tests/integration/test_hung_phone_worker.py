"""A phone worker that hangs: the supervisor notices, starts it again, and the calls it had are ended."""

import functools
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import pytest

from signaling.processes import socket_answers, worker_greets
from signaling.supervisor import Child, Pulse, Supervisor
from tests.helpers.phone_rig import Rig, worker_config
from tests.helpers.redis_server import redis_server
from tests.helpers.sip_peers import sipp
from tests.integration.test_phone_worker import RUNNER, until_async

pytestmark = pytest.mark.integration


async def test_hung_phone_worker_is_started_again_and_ends_the_call_it_had() -> None:
    folder = Path(tempfile.mkdtemp(prefix="psr-", dir="/tmp"))
    config = worker_config(folder)
    try:
        async with redis_server() as redis, redis.client() as client, sipp("answers") as phone:
            words = (str(folder), str(config.sip_port), redis.url, str(config.rtp_ports[0]), "5060")
            child = Child(
                name="phone-0",
                argv=(sys.executable, "-c", RUNNER, *words),
                stage=0,
                stop_stage=0,
                is_ready=functools.partial(socket_answers, config.control_socket),
                is_alive=functools.partial(worker_greets, config.control_socket),
                before_start=functools.partial(config.control_socket.unlink, missing_ok=True),
            )
            supervisor = Supervisor([child], lambda *_: None, pulse=Pulse(period_s=0.5, missed=2))
            rig = Rig(folder, config)
            try:
                await supervisor.start()
                await rig.signaling.connect(config.control_socket)
                await rig.dial(phone.uri)
                await rig.signaling.until_phone("answered")
                await until_async(lambda: client.hlen("passerelle:phone:farewell:phone-test"), 1)
                hung = supervisor.process_id("phone-0")
                assert hung is not None
                os.kill(hung, signal.SIGSTOP)
                assert await phone.passed(45), phone.why()  # the BYE of the one that was started again
                assert supervisor.process_id("phone-0") != hung
            finally:
                await rig.signaling.close()
                await rig.media.close()
                await supervisor.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
