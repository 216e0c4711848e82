"""
Nothing of a call is left anywhere: real calls with typed text, keys and a voice message, then every file of the service
is searched: SQL, the append-only file and memory of Redis, logs at their most talkative, everything else below the data
directory.
"""

import asyncio
import contextlib
import os
import re
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from redis.asyncio import Redis

from relay.phone.leg import Answered, Invite
from relay.phone.pacing import every_20_ms
from relay.phone.recordings import open_, unpack
from relay.phone.rtp import RtpPorts
from relay.phone.sdp import LocalAudio, LocalText
from relay.phone.text_endpoint import TextEndpoint, open_text
from signaling.auth import SESSION_COOKIE
from signaling.call_terms import CallState
from signaling.messages.call import CallAct, PhoneKey
from signaling.messages.records import WrapUpSubmit
from signaling.messages.serving import Alert, AssignmentAccept, PresenceSet
from signaling.messages.visibility import VisibilityMessage
from signaling.push_encryption import base64url, point
from signaling.records import Records
from signaling.records.model import Person
from signaling.rehearsal.checks import MODELS_MISSING
from signaling.rehearsal.client import RehearsalError
from signaling.rehearsal.participant import Participant, Persona, join, strip_rows
from signaling.rehearsal.pictures import card
from signaling.rehearsal.service import Service, own_service
from tests.helpers.centre import accept
from tests.helpers.control_plane import RawPage
from tests.helpers.people import act, add_pair
from tests.helpers.ports import free_port
from tests.helpers.scene import DEADLINE_S, TONE_NUMBER, Scene, data_dir_of, relay_call, until, whole_service
from tests.helpers.sip_legs import HOST, Line, legs
from tests.helpers.sip_peers import Baresip, baresip

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]
FROM_SIGNER, FROM_AGENT = "zirconium-violet", "tungstène-orange"
NOTE = "palissandre-vert"
ASIDE, ANSWER = "vanadium-turquoise", "hafnium-ocre"
UNHEARD, AFTERWARDS = "rhodium-garance", "iridium-safran"
FROM_PHONE, TO_PHONE = "molybdène-fuchsia", "béryllium-carmin"
SIGNER_KEYS, PHONE_KEYS = "8462013", "7395148"
OWN, CALLER, FRONT = "+33199000050", "+33199007342", "+33199000060"
ENDPOINT = "https://localhost:9/indigo-cobalt"


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
            await consults_a_colleague(scene)
            for page, whose in ((scene.signer, "signer"), (scene.agent, "agent")):
                await picture_is_judged(page, whose)
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
        for text in (FROM_SIGNER, FROM_AGENT, NOTE, ASIDE, ANSWER, UNHEARD, AFTERWARDS):
            for form in forms(text):
                assert [name for name, content in found.items() if form in content] == []
        for name in (b"landmark", b"hands_found", b"face_height", b"keypoint"):
            assert holding(found, name) == [], "what was measured of a picture"
    log = after["service.log"]
    assert b"call ended" in log
    for content in (TONE_NUMBER.encode(), TONE_NUMBER[1:].encode(), b"a=ice-ufrag", b"v=0"):
        assert content not in log, "no number and no SDP in a log"


async def picture_is_judged(page: Participant, whose: str) -> None:
    """By codes and numbers, each by a name, and nothing else; without models, by one code."""

    def fits(reading: VisibilityMessage) -> bool:
        return reading.whose == whose and (bool(reading.measures) or reading.advice == MODELS_MISSING)

    reading = await page.client.wait_for(VisibilityMessage, DEADLINE_S, fits)
    assert set(reading.model_dump()) == {"type", "call_id", "whose", "level", "advice", "measures"}
    assert all(value is None or isinstance(value, float) for value in reading.measures.values())


async def consults_a_colleague(scene: Scene) -> None:
    """
    What they type goes to nobody else, what the signer types meanwhile to neither; and whoever was sent away reads no
    more, whatever is tried.
    """
    signer, agent, size = scene.signer, scene.agent, (320, 240, strip_rows(240))
    async with (
        aiohttp.ClientSession() as http,
        join(http, scene.service, Persona("agent", 33, card(*size), 1400.0, 15.0, sees_two=True)) as beside,
    ):
        await beside.client.ask(PresenceSet(presence="available"))
        await scene.act(agent, "consult")
        alert = await beside.client.wait_for(Alert, DEADLINE_S)
        await beside.client.ask(AssignmentAccept(assignment_id=alert.assignment_id))
        await beside.client.wait_call(lambda call: call.leg == "second" and call.second is not None, DEADLINE_S)
        await until(lambda: agent.ident in beside.eye.ids, "they see each other")
        await types_until_read(agent, ASIDE, beside)
        await types_until_read(beside, ANSWER, agent)
        signer.type_text(UNHEARD)
        await asyncio.sleep(1.0)  # for nothing to come
        assert UNHEARD not in agent.text + beside.text
        assert ASIDE not in signer.text and ANSWER not in signer.text and FROM_SIGNER not in beside.text
        assert beside.eye.ids | beside.second_eye.ids == {agent.ident}, "the signer is not seen"
        await scene.act(agent, "dismiss_second")
        await beside.client.wait_call(lambda call: call.state is CallState.ENDED, DEADLINE_S)
        await types_until_read(signer, AFTERWARDS, agent)
        assert AFTERWARDS not in beside.text and beside.eye.ids | beside.second_eye.ids == {agent.ident}


async def types_until_read(writer: Participant, text: str, reader: Participant) -> None:
    """Its channel may still be opening."""
    async with asyncio.timeout(DEADLINE_S):
        while text not in reader.text:
            with contextlib.suppress(RehearsalError):
                writer.type_text(text)
            await asyncio.sleep(0.3)


async def test_a_telephone_that_calls_leaves_neither_number_nor_key_nor_text() -> None:
    size = (320, 240, strip_rows(240))
    async with (
        talkative_service() as (service, sip_port),
        aiohttp.ClientSession() as http,
        join(http, service, Persona("signer", 11, card(*size), 600.0, 15.0)) as signer,
        join(http, service, Persona("agent", 22, card(*size), 1000.0, 15.0)) as agent,
        calling_with_text(sip_port, number=(signer.client.welcome and signer.client.welcome.number) or "") as phone,
    ):
        scene = Scene(service, signer, agent)
        await agent.client.ask(PresenceSet(presence="available"))
        await signer.client.wait_call(lambda call: call.state is CallState.INCOMING, DEADLINE_S)
        await scene.act(signer, "accept")
        alert = await agent.client.wait_for(Alert, DEADLINE_S)
        await agent.client.ask(AssignmentAccept(assignment_id=alert.assignment_id))
        await scene.state(CallState.ACTIVE)
        await scene.see_each_other()
        for who in (signer, agent):
            await who.wait_text(DEADLINE_S)
        phone.type_text(FROM_PHONE)
        signer.type_text(FROM_SIGNER)
        await until(lambda: FROM_PHONE in signer.text and FROM_PHONE in agent.text, "the telephone's text arrives")
        signer.type_text(TO_PHONE, to_phone=True)
        await until(lambda: FROM_SIGNER in agent.text, "the signer's text arrives")
        await until(lambda: TO_PHONE in phone.text, "the telephone reads")
        for key in PHONE_KEYS:
            assert phone.line.leg.press_by_info(key)
        await agent.client.wait_for(PhoneKey, DEADLINE_S, lambda message: message.digit == PHONE_KEYS[-1])
        await signer.client.ask(CallAct(call_id=scene.call_id, action="dtmf", digits=SIGNER_KEYS))
        during = await everything(data_dir_of(service))
        await scene.act(signer, "hang_up")
        await scene.state(CallState.ENDED)
        after = await written(service)
    for found in (during, after):
        assert holding(found, scene.call_id.encode()), "the search would find what is there"
        for text in (FROM_PHONE, TO_PHONE, FROM_SIGNER):
            for form in forms(text):
                assert holding(found, form) == []
        for content in (*number_forms(CALLER), SIGNER_KEYS, PHONE_KEYS):
            assert holding(found, content.encode()) == []
        assert_no_content(found["service.log"])


async def test_a_voice_message_is_readable_for_nobody_and_its_caller_written_nowhere() -> None:
    async with (
        talkative_service() as (service, sip_port),
        aiohttp.ClientSession() as http,
        baresip(hz=440, user=CALLER) as caller,
    ):
        person, code = await add_people(service)
        signer, agent = await signed_in(http, service, "signer"), await signed_in(http, service, "agent")
        keys = {"p256dh": a_browsers_key(), "auth": "AAAAAAAAAAAAAAAAAAAAAA"}
        assert (await signer.ask("push.subscribe", endpoint=ENDPOINT, keys=keys))["type"] == "ok"
        assert (await agent.ask("presence.set", presence="available"))["type"] == "ok"
        caller.command("dial", f"sip:{FRONT}@127.0.0.1:{sip_port}")
        await until(lambda: caller.told("CALL_ESTABLISHED"), "the centre's number answers")
        await types(caller, f"{code}#")
        await signer.state("incoming")
        await act(signer, "decline")
        await signer.state("message")
        await may_speak(http, service)
        await asyncio.sleep(2.0)  # the caller's tone
        await types(caller, "#")
        inbox = await signer.wait(lambda m: m["type"] == "inbox" and bool(m["entries"]))
        (entry,) = inbox["entries"]
        assert entry["message_s"] > 0 and entry["number"] == "01 99 00 73 42"
        assert (await signer.ask("call.request", kind="relay", message_id=entry["entry_id"]))["type"] == "ok"
        await accept(agent)
        await agent.state("briefing")
        await act(agent, "play_message")
        await agent.wait(lambda m: m["type"] == "call.state" and "stop_message" in m["actions"])
        during = await everything(data_dir_of(service))
        sound = await kept_sound(service, person)
        await act(signer, "hang_up")
        await signer.state("ended")
        after = await written(service)
        for page in (signer, agent):
            await page.close()
    for found in (during, after):
        for content in number_forms(CALLER):
            assert holding(found, content.encode()) == []
        for packet in sound:
            assert holding(found, packet) == [], "a piece of the sound"
        assert holding(found, b"indigo-cobalt") == holding(found, entry["number"].encode()) == []
        assert [name for name in holding(found, OWN.encode()) if "sqlite" not in name] == []
        log = found["service.log"]
        assert b"push not sent" in log and b"a message was taken" in log
        assert not re.search(rb"(?<![0-9a-f.])%s(?![0-9a-f])" % code.encode(), log + found["redis"])
        assert_no_content(log)


# --- people, pages, telephones


@contextlib.asynccontextmanager
async def talkative_service() -> AsyncIterator[tuple[Service, int]]:
    """Logs at debug. :returns: and the SIP port where telephones call."""
    settings = {
        "MEDIA_WORKERS": "1",
        "LOG_LEVEL": "debug",
        "PHONE_SIP_PORT": str(free_port()),
        "FRONT_NUMBERS": FRONT,
        "PUSH_ALLOWED_HOSTS": "localhost",
    }
    async with (
        aiohttp.ClientSession() as http,
        own_service(http, os.environ, None, settings=settings) as service,
    ):
        yield service, int(settings["PHONE_SIP_PORT"])


async def add_people(service: Service) -> tuple[Person, str]:
    """:returns: the signer and their code."""
    async with Records(service.database_url or "") as records:
        signer = await add_pair(records, "Ondine", "Lazare", OWN)
        return signer, await records.people.code_of(signer.id) or ""


async def signed_in(http: aiohttp.ClientSession, service: Service, role: str) -> RawPage:
    headers = {"Cookie": f"{SESSION_COOKIE}={role}-token"}
    page = RawPage(await http.ws_connect(f"{service.url}/ws", origin=service.url, headers=headers))
    await page.send("hello", role=role, **({"device": "phone-0001"} if role == "signer" else {}))
    await page.of_type("welcome")
    return page


def a_browsers_key() -> str:
    return base64url(point(ec.generate_private_key(ec.SECP256R1())))


async def types(caller: Baresip, keys: str) -> None:
    for key in keys:
        caller.press(key)
        await asyncio.sleep(0.3)
        caller.release()
        await asyncio.sleep(0.2)


class TextPhone:
    """A telephone that types."""

    def __init__(self, text: TextEndpoint) -> None:
        self.line, self.text, self._endpoint = Line(), "", text
        text.on_text = self._read

    def _read(self, text: str) -> None:
        self.text += text

    def type_text(self, text: str) -> None:
        assert self._endpoint.send_text(text)


@contextlib.asynccontextmanager
async def calling_with_text(sip_port: int, number: str) -> AsyncIterator[TextPhone]:
    """Its line is up when this begins."""
    first = free_port()
    async with legs() as stack:
        endpoint = await open_text(HOST, RtpPorts(first, first + 1))
        ticking = asyncio.create_task(every_20_ms(lambda: endpoint.tick(time.monotonic())))
        phone = TextPhone(endpoint)
        sound = LocalAudio(HOST, free_port(), 1, text=LocalText(endpoint.port))
        invite = Invite(number.lstrip("+"), HOST, (HOST, sip_port), "udp", HOST, sound, caller_id=CALLER)
        try:
            phone.line.leg = stack.stack.dial(invite, phone.line.hear)
            endpoint.connect((await phone.line.until(Answered)).media.text)
            yield phone
        finally:
            ticking.cancel()
            endpoint.close()


async def may_speak(http: aiohttp.ClientSession, service: Service) -> None:
    """The request to leave a message has been said to its end, and the tone after it."""
    async with asyncio.timeout(DEADLINE_S):
        while True:
            async with http.get(f"{service.url}/metrics") as response:
                if re.search(r'(?m)^relay_announcements_total\{.*"leave_message"\} [1-9]', await response.text()):
                    break
            await asyncio.sleep(0.2)
    await asyncio.sleep(2.0)


async def kept_sound(service: Service, person: Person) -> list[bytes]:
    """:returns: Opus packets of the message, those long enough to be found by accident nowhere."""
    data_dir = data_dir_of(service)
    secret = (data_dir / "secrets" / "secret_key").read_text().strip()
    async with Redis(unix_socket_path=str(data_dir / "run" / "redis.sock")) as redis:
        (key,) = [key async for key in redis.scan_iter("passerelle:recording:*")]
        sealed = await redis.get(key)
    assert isinstance(sealed, bytes)
    packets = unpack(open_(sealed, secret, person.id))
    found = [packet for packet in packets if len(packet) >= 16]
    assert found
    return found[:50]


# --- the search


def number_forms(number: str) -> tuple[str, ...]:
    """:param number: French, E.164."""
    national = "0" + number[3:]
    return number[1:], national, " ".join(re.findall("..", national)), national[1:]


def holding(found: dict[str, bytes], content: bytes) -> list[str]:
    return [name for name, each in found.items() if content in each]


def assert_no_content(log: bytes) -> None:
    for content in (b"a=ice-ufrag", b"v=0", b"m=audio", b"INVITE sip:", b"Call-ID", b'"digit', b"Ondine", b"Lazare"):
        assert content not in log


async def written(service: Service) -> dict[str, bytes]:
    await asyncio.sleep(1.5)  # the append-only file is written every second
    return await everything(data_dir_of(service))


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
