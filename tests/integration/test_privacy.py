"""
Nothing of a relay call is left anywhere: a real call with typed text, then every file of the service is searched.

SQL, the append-only file and memory of Redis, logs and everything else below the data directory.
"""

import asyncio
from pathlib import Path

import pytest
from redis.asyncio import Redis

from signaling.call_model import CallState
from signaling.messages import WrapUpSubmit
from signaling.rehearsal.client import RehearsalError
from tests.helpers.scene import DEADLINE_S, TONE_NUMBER, data_dir_of, relay_call, until, whole_service

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]
FROM_SIGNER, FROM_AGENT = "zirconium-violet", "tungstène-orange"
NOTE = "palissandre-vert"


def forms(text: str) -> list[bytes]:
    """As it could stand in a file: UTF-8, UTF-16, JSON escapes, pieces."""
    head, tail = text.split("-")
    escaped = text.encode("ascii", "backslashreplace")
    return [text.encode(), text.encode("utf-16-le"), escaped, head.encode(), tail.encode()]


async def test_a_relay_call_leaves_no_text_in_sql_redis_logs_or_files() -> None:
    async with whole_service() as service:
        data_dir = data_dir_of(service)
        async with relay_call(service) as scene:
            for who, text in ((scene.signer, FROM_SIGNER), (scene.agent, FROM_AGENT)):
                await who.wait_text(DEADLINE_S)
                who.type_text(text)
            await until(lambda: FROM_SIGNER in scene.agent.text and FROM_AGENT in scene.signer.text, "the text arrives")
            during = await everything(data_dir)
            await scene.act(scene.signer, "hang_up")
            await scene.state(CallState.ENDED)
            with pytest.raises(RehearsalError) as refused:
                await scene.agent.client.ask(WrapUpSubmit(call_id=scene.call_id, note=NOTE))
            assert refused.value.code == "not_in_relay"
            call_id = scene.call_id
        await asyncio.sleep(1.5)  # the append-only file is written every second
        after = await everything(data_dir)
    for found in (during, after):
        assert any(call_id.encode() in content for content in found.values()), "the search would find what is there"
        for text in (FROM_SIGNER, FROM_AGENT, NOTE):
            for form in forms(text):
                assert [name for name, content in found.items() if form in content] == []
    log = after["service.log"]
    assert b"call ended" in log
    for content in (TONE_NUMBER.encode(), TONE_NUMBER[1:].encode(), b"a=ice-ufrag", b"v=0"):
        assert content not in log, "no number and no SDP in a log"


async def everything(data_dir: Path) -> dict[str, bytes]:
    """Every file by its name, and what Redis holds in memory."""
    files = {
        str(path.relative_to(data_dir)): path.read_bytes()
        for path in data_dir.rglob("*")
        if path.is_file() and "secrets" not in path.parts
    }
    async with Redis(unix_socket_path=str(data_dir / "run" / "redis.sock")) as redis:
        keys = [key async for key in redis.scan_iter("*")]
        files["redis"] = b"\n".join([*keys, *[(await redis.dump(key)) or b"" for key in keys]])
    return files
