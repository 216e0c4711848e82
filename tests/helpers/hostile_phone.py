"""
A telephone that sends garbage: as a stranger, as a configured peer outside and inside dialogs of its own, and as the
other end of sound, reports and text, encrypted too.
"""

import asyncio
import contextlib
import re
import secrets
import socket
import struct
from collections.abc import AsyncIterator
from random import Random

import pylibsrtp

from relay.control_messages import CloseCall
from relay.errors import RelayError
from relay.phone.leg import Answered
from relay.phone.rtp_packets import RtpPacket, build_rtp
from relay.phone.sdp import LocalAudio, LocalText, Negotiated
from relay.phone.srtp import Srtp
from relay.phone_messages import Dial, PhoneIncoming, TakeIncoming
from tests.helpers import malformed_sip
from tests.helpers.malformed_sip import CRLF, METHODS, Dialog
from tests.helpers.phone_process import PhoneProcess
from tests.helpers.ports import free_port
from tests.helpers.sip_legs import HOST, Legs
from tests.helpers.sip_peers import until

STRANGER = "127.0.0.2"
BURST = 20  # datagrams between two looks at whether they were read: the socket's buffer must not be what drops them
ANSWER_S = 20.0
BEGIN_S = 60.0
STAYING = ("INVITE", "INVITE", "INVITE", "UPDATE", "REFER", "NOTIFY", "INFO", "ACK", "OPTIONS", "PRACK", "MESSAGE")


class HostilePhone:
    """:param worker: whose only configured peer is 127.0.0.1."""

    def __init__(self, worker: PhoneProcess, seed: int) -> None:
        self._worker = worker
        self._random = Random(seed)
        self._address = ("127.0.0.1", worker.config.sip_port)
        self._dialogs = 0
        self._dialog: Dialog | None = None
        self._taken = ""

    async def stranger(self, count: int) -> None:
        """From an address that nobody configured."""
        await self._outside(count, STRANGER)

    async def peer(self, count: int) -> None:
        """From the trunk, outside any dialog."""
        await self._outside(count, HOST)

    async def in_dialog(self, count: int) -> None:
        """Within calls that the worker has taken: whenever one has ended, another one."""
        with _udp(HOST) as sock:
            for number in range(count):
                dialog = self._dialog or await self._begin(sock)
                self._dialog = Dialog(
                    dialog.call_id, dialog.from_tag, dialog.to_tag, dialog.cseq + 1, HOST, dialog.port
                )
                method = self._random.choice(METHODS if self._random.random() < 0.1 else STAYING)
                self._send(sock, malformed_sip.request(self._random, method, self._dialog))
                if number % BURST == 0:
                    await self._is_read(sock)
                    self._answers_to(sock)
        await self._forget()

    async def responses(self, count: int) -> None:
        """To calls that the worker places."""
        with _udp(HOST) as sock:
            sent = 0
            while sent < count:
                request = await self._called(sock)
                for _ in range(BURST * 2):
                    answer = malformed_sip.response(self._random, request, f"t{self._random.randrange(3)}")
                    self._send(sock, answer)
                    sent += 1
                await self._is_read(sock)
                self._answers_to(sock)
                await self._close(f"out-{self._dialogs}")

    async def _outside(self, count: int, host: str) -> None:
        with _udp(host) as sock, _udp(HOST) as asking:
            for number in range(count):
                dialog = Dialog(f"{number}", "a", self._random.choice(("", "", "x")), 1, host, sock.getsockname()[1])
                if self._random.random() < 0.2:
                    request = malformed_sip.request(self._random, "INVITE", dialog)
                    self._send(sock, malformed_sip.response(self._random, request, "x"))
                else:
                    self._send(sock, malformed_sip.request(self._random, self._random.choice(METHODS), dialog))
                if number % BURST == 0:
                    await self._is_read(asking)
                    _drain(sock)

    def _send(self, sock: socket.socket, message: str) -> None:
        with contextlib.suppress(OSError):
            sock.sendto(malformed_sip.damaged(self._random, message), self._address)

    async def _is_read(self, sock: socket.socket) -> None:
        """Everything sent so far: OPTIONS, the last in the queue, is answered."""
        call_id = secrets.token_hex(8)
        text = malformed_sip.request(Random(1), "OPTIONS", Dialog(call_id, "o", host=HOST, port=sock.getsockname()[1]))
        text = text.replace("z9hG4bK", f"z9hG4bK{call_id}")
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(ANSWER_S):
            while True:
                sock.sendto(text.encode(), self._address)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(1.0):
                        while True:
                            answer = await loop.sock_recv(sock, 65_535)
                            if answer.startswith(b"SIP/2.0 200") and call_id.encode() in answer:
                                return

    def _answers_to(self, sock: socket.socket) -> None:
        """The worker's own requests are left unanswered; one that ends the dialog ends it for us too."""
        for data in _drain(sock):
            gone = data.startswith((b"SIP/2.0 481", b"BYE ", b"CANCEL ")) or (
                data.startswith(b"SIP/2.0 200") and b" BYE\r\n" in data
            )
            if gone and self._dialog is not None and self._dialog.call_id.encode() in data:
                self._dialog = None

    async def _begin(self, sock: socket.socket) -> Dialog:
        """A call that the worker takes; another one when it has no room, what rings from the garbage being too much."""
        async with asyncio.timeout(BEGIN_S):
            while True:
                with contextlib.suppress(TimeoutError, RelayError):
                    async with asyncio.timeout(3.0):
                        return await self._taken_call(sock)

    async def _taken_call(self, sock: socket.socket) -> Dialog:
        self._dialogs += 1
        await self._close(self._taken or "none")
        number = f"+331990{self._dialogs:05d}"
        dialog = Dialog(secrets.token_hex(8), secrets.token_hex(4), "", 1, HOST, sock.getsockname()[1])
        invite = _plain(malformed_sip.request(self._random, "INVITE", dialog, number))
        sock.sendto(invite.encode(), self._address)
        events = self._worker.signaling.events

        def ours() -> list[PhoneIncoming]:
            return [each for each in events if isinstance(each, PhoneIncoming) and each.number == number]

        await until(lambda: bool(ours()))
        self._taken = ours()[0].call_id
        await self._worker.signaling.ask(TakeIncoming(call_id=self._taken, epoch=1, attempt="in"))
        while True:
            answer = (await asyncio.get_running_loop().sock_recv(sock, 65_535)).decode(errors="replace")
            if answer.startswith("SIP/2.0 200") and dialog.call_id in answer:
                break
        found = re.search(r"(?im)^To:.*;tag=([^\s;]+)", answer)
        assert found is not None, answer
        sock.sendto(_ack(invite, found[1]).encode(), self._address)
        events.clear()
        return Dialog(dialog.call_id, dialog.from_tag, found[1], 1, HOST, dialog.port)

    async def _forget(self) -> None:
        if self._dialog is not None:
            await self._close(self._taken)
            self._dialog = None

    async def _called(self, sock: socket.socket) -> str:
        """:returns: the INVITE of a call that the worker places to us."""
        self._dialogs += 1
        call_id, port = f"out-{self._dialogs}", sock.getsockname()[1]
        _drain(sock)
        await self._worker.signaling.ask(
            Dial(call_id=call_id, epoch=1, attempt=call_id, target=f"sip:bob@127.0.0.1:{port}")
        )
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(ANSWER_S):
            while True:
                data = (await loop.sock_recv(sock, 65_535)).decode(errors="replace")
                if data.startswith("INVITE"):
                    return data

    async def _close(self, call_id: str) -> None:
        await self._worker.signaling.ask(CloseCall(call_id=call_id, epoch=1))


def _plain(invite: str) -> str:
    """With a description that everybody reads."""
    text = CRLF.join((*malformed_sip.SDP[:13], "a=sendrecv", ""))
    unwanted = ("Content-", "Replaces", "Record-Route", "Diversion", "P-Asserted")
    head = [line for line in invite.partition(CRLF * 2)[0].split(CRLF) if not line.startswith(unwanted)]
    return CRLF.join((*head, "Content-Type: application/sdp", f"Content-Length: {len(text)}", "", text))


def _ack(invite: str, to_tag: str) -> str:
    lines = invite.partition(CRLF * 2)[0].split(CRLF)
    kept = [line for line in lines if line.startswith(("Via", "From", "Call-ID", "Max-Forwards"))]
    to = next(line for line in lines if line.startswith("To:"))
    return CRLF.join(
        (lines[0].replace("INVITE", "ACK", 1), *kept, f"{to};tag={to_tag}", "CSeq: 1 ACK", "Content-Length: 0", "", "")
    ).replace("z9hG4bK", "z9hG4bKa")


def _udp(host: str) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    sock.bind((host, 0))
    return sock


def _drain(sock: socket.socket) -> list[bytes]:
    found = []
    with contextlib.suppress(OSError):
        while True:
            found.append(sock.recv(65_535))
    return found


# --- sound, reports, text ---------------------------------------------------------------------------------


class HostileSound:
    """One answered call of ours, with text, perhaps encrypted: its datagrams, damaged before they are encrypted."""

    def __init__(self, media: Negotiated, seed: int) -> None:
        self._random = Random(seed)
        self._media = media
        self._srtp = Srtp(media.srtp) if media.srtp is not None else None
        text = media.text
        self._text_srtp = Srtp(text.srtp) if text is not None and text.srtp is not None else None
        self._sequence = self._random.randrange(1 << 16)
        self._sent = 0
        self.refused = 0  # by libsrtp before sending: a receiver would refuse them as well

    async def send(self, count: int, sock: socket.socket) -> None:
        """:param sock: bound to what we told the worker, so that its latch believes us."""
        for number in range(count):
            data, port, srtp = self._datagram()
            is_report = port % 2 == 1
            try:
                if srtp is not None and self._random.random() < 0.9:
                    data = srtp.protect_report(data) if is_report else srtp.protect(data)
                sock.sendto(data, (self._media.host, port))
            except (pylibsrtp.Error, OSError, ValueError, TypeError):
                self.refused += 1
            if number % BURST == 0:
                await asyncio.sleep(0.004)

    def _datagram(self) -> tuple[bytes, int, Srtp | None]:
        """:returns: what to send, where to, and what encrypts it."""
        random, media = self._random, self._media
        if media.text is not None and random.random() < 0.3:
            port = media.text.port + random.choice((0, 0, 0, 1))
            kind = random.choice((media.text.t140, media.text.red or 0, random.randrange(128)))
            payload = random.choice((_redundant, _redundant, _written, _noise))(random)
            return self._damaged(port, kind, payload), port, self._text_srtp
        port = media.port + random.choice((0, 0, 0, 1))
        own = (media.payload_type, media.telephone_event or 0, media.comfort_noise or 13, random.randrange(128))
        payload = random.choice((_noise, _noise, _event, _event))(random)
        return self._damaged(port, random.choice(own), payload), port, self._srtp

    def _damaged(self, port: int, kind: int, payload: bytes) -> bytes:
        random = self._random
        if port % 2 == 1:
            return _report(random)
        self._sequence += random.choice((1, 1, 1, 1, 0, 2, -1, 7, 1000, 32_768))
        self._sent += 160
        timestamp = self._sent + random.choice((0, 0, 0, 0, 1 << 31, -160, random.getrandbits(32)))
        ssrc = random.choice((7, 7, 7, 7, 0, random.getrandbits(32)))
        packet = build_rtp(RtpPacket(kind & 0x7F, self._sequence, timestamp, ssrc, payload, random.random() < 0.2))
        changed = bytearray(packet)
        match random.randrange(8):
            case 0:
                changed[0] ^= random.choice((0x10, 0x20, 0x0F, 0x30, 0x80, 0x40))
            case 1:
                del changed[random.randrange(len(changed) + 1) :]
            case 2:
                changed[random.randrange(len(changed))] = random.randrange(256)
            case 3:
                changed[0] |= 0x20
                changed[-1] = random.choice((0, 1, 255, len(changed) & 0xFF))
            case 4:
                changed[0] |= 0x10
                changed[12:12] = struct.pack("!HH", random.choice((0xBEDE, 0x1000)), random.choice((0, 1, 9, 0xFFFF)))
        return bytes(changed)


def _noise(random: Random) -> bytes:
    return random.randbytes(random.choice((0, 1, 2, 4, 20, 80, 160, 160, 160, 161, 320, 1188, 1488)))


def _event(random: Random) -> bytes:
    """RFC 4733, a key."""
    event = struct.pack("!BBH", random.choice((*range(17), 255)), random.randrange(256), random.randrange(1 << 16))
    return event * random.choice((1, 1, 1, 2)) + random.randbytes(random.choice((0, 0, 1, 3)))


def _written(random: Random) -> bytes:
    return random.choice(("é", "\ufeff", "\b" * 9, "x" * 900, "\u2028", "\x1b[31m", "\0")).encode()[
        : random.randrange(60)
    ]


def _redundant(random: Random) -> bytes:
    """RFC 2198."""
    blocks = [
        (random.randrange(128), random.randrange(1 << 14), random.randrange(1 << 10))
        for _ in range(random.randrange(5))
    ]
    head = b"".join(struct.pack("!I", 1 << 31 | kind << 24 | offset << 10 | size) for kind, offset, size in blocks)
    end = bytes((random.randrange(256),)) if random.random() < 0.9 else b""
    size = sum(size for *_, size in blocks) if random.random() < 0.6 else random.randrange(900)
    return (head + end + bytes(random.choice((0x61, 0xC3, 0xFF)) for _ in range(min(size, 1200))) + _written(random))[
        :1400
    ]


def _report(random: Random) -> bytes:
    parts = b""
    for _ in range(random.choice((1, 1, 2, 3))):
        body = random.randbytes(random.choice((0, 3, 4, 20, 24, 24, 28, 48, 52)))
        length = len(body) // 4 if random.random() < 0.7 else random.choice((0, 1, 0xFFFF))
        first = 0x80 | random.choice((0, 1, 1, 2, 31)) | random.choice((0, 0, 0x20))
        parts += struct.pack("!BBH", first, random.choice((200, 200, 201, 202, 203, 204, 207, 192)), length) + body
    return parts


@contextlib.asynccontextmanager
async def hostile_sound(
    worker: PhoneProcess, carrier: Legs, seed: int, *, encrypted: bool
) -> AsyncIterator[tuple[HostileSound, socket.socket]]:
    """:param carrier: with TLS, when the sound is to be encrypted. :returns: and the socket to send by."""
    first, text = free_port(), free_port()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        sock.bind((HOST, first))
        audio = LocalAudio(
            HOST,
            first,
            secrets.randbits(31),
            text=LocalText(text),
            encryption="require" if encrypted else "off",
            over_tls=encrypted,
        )
        events = worker.signaling.events
        events.clear()
        port = worker.config.sip_tls_port if encrypted else worker.config.sip_port
        line = carrier.dial(port, audio=audio, transport="tls" if encrypted else "udp")
        await until(lambda: any(isinstance(event, PhoneIncoming) for event in events))
        told = next(event for event in events if isinstance(event, PhoneIncoming))
        await worker.signaling.ask(TakeIncoming(call_id=told.call_id, epoch=1, attempt="in"))
        answer = await line.until(Answered)
        yield HostileSound(answer.media, seed), sock
        await worker.signaling.ask(CloseCall(call_id=told.call_id, epoch=1))
