"""Telephones for tests: SIPp for protocol cases, baresip for real sound and keys, a relay that loses chosen packets."""

import asyncio
import contextlib
import json
import os
import socket
import tempfile
import wave
from collections.abc import AsyncIterator, Callable, Collection
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import numpy as np
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from numpy.typing import NDArray

from relay.audio import tones
from tests.helpers.ports import free_port

SCENARIOS = Path(__file__).parent.parent / "data" / "sipp"
RTP_PORTS = 20  # of a softphone
START_DEADLINE_S = 40.0  # of tests too, unless they say otherwise: the machine may be slow and busy


async def until(condition: Callable[[], bool], deadline_s: float = START_DEADLINE_S) -> None:
    """Wait for a condition. :raises TimeoutError: it did not come."""
    async with asyncio.timeout(deadline_s):
        while not condition():
            await asyncio.sleep(0.02)


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), 3)
        except TimeoutError:
            process.kill()
            await process.wait()


class Sipp:
    """One SIPp process that plays a scenario for one call."""

    def __init__(self, scenario: str, process: asyncio.subprocess.Process, port: int, folder: Path) -> None:
        self.scenario = scenario
        self.port = port
        self.folder = folder
        self._process = process

    @property
    def uri(self) -> str:
        return f"sip:bob@127.0.0.1:{self.port}"

    async def passed(self, deadline_s: float = 60.0) -> bool:
        """Wait for the end of the scenario. SIPp's exit code is 0 when every step was as expected."""
        try:
            return await asyncio.wait_for(self._process.wait(), deadline_s) == 0
        except TimeoutError:
            return False

    def messages(self) -> str:
        path = self.folder / "messages"
        return path.read_text(errors="replace") if path.exists() else ""

    def why(self) -> str:
        """What went wrong, for the assertion message."""
        path = self.folder / "errors"
        return f"{self.scenario}: {path.read_text(errors='replace')[-800:] if path.exists() else 'no error file'}"


@contextlib.asynccontextmanager
async def sipp(
    scenario: str | Path,
    *,
    echo: bool = False,
    tcp: bool = False,
    port: int | None = None,
    keys: dict[str, str] | None = None,
    calls: int | None = None,
    host: str = "127.0.0.1",
) -> AsyncIterator[Sipp]:
    """
    :param scenario: name of a file of tests/data/sipp, or another file. :param calls: port on 127.0.0.1 that it calls.
    """
    port = port or free_port()
    with tempfile.TemporaryDirectory(prefix="psr-sipp-") as name:
        folder = Path(name)
        path = scenario if isinstance(scenario, Path) else SCENARIOS / f"{scenario}.xml"
        arguments = ["-sf", str(path), "-i", host, "-mi", host, *([f"127.0.0.1:{calls}"] if calls else [])]
        arguments += ["-p", str(port), "-mp", str(free_port(8)), "-m", "1", "-nostdin", "-t", "t1" if tcp else "u1"]
        arguments += ["-cp", str(free_port()), "-timeout", "100", "-timeout_error", *(["-rtp_echo"] if echo else [])]
        arguments += ["-trace_err", "-error_file", str(folder / "errors")]
        arguments += ["-trace_msg", "-message_file", str(folder / "messages")]
        for key, value in (keys or {}).items():
            arguments += ["-key", key, value]
        process = await asyncio.create_subprocess_exec(
            "sipp",
            *arguments,
            cwd=folder,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            env={**os.environ, "TERM": "dumb"},
        )
        try:
            if calls is None:
                await until(lambda: _listens(port, tcp, host), START_DEADLINE_S)
            yield Sipp(str(scenario), process, port, folder)
        finally:
            await _end(process)


def _listens(port: int, tcp: bool, host: str = "127.0.0.1") -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False


BARESIP_CONFIG = """\
poll_method epoll
sip_listen 127.0.0.1:{port}
{tls}
call_max_calls 10
audio_player aubridge,sink
audio_source ausine,{hz}
ausrc_srate 48000
ausrc_channels 2
audio_level no
rtp_ports {rtp}-{rtp_last}
rtcp_mux no
jitter_buffer_delay 1-5
net_interface 127.0.0.1
module_path /usr/lib/baresip/modules
module g711.so
module g722.so
module opus.so
module srtp.so
module ausine.so
module aubridge.so
module sndfile.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:{control}
snd_path {folder}
"""


class Baresip:
    """A softphone that answers by itself, sounds a tone and writes what it hears into a WAV file."""

    def __init__(self, port: int, folder: Path) -> None:
        self.port = port
        self.folder = folder
        self.events: list[dict[str, Any]] = []
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def uri(self) -> str:
        return f"sip:bob@127.0.0.1:{self.port}"

    async def control(self, port: int) -> None:
        async with asyncio.timeout(START_DEADLINE_S):
            while self._writer is None:
                try:
                    self._reader, self._writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    await asyncio.sleep(0.1)
        self._task = asyncio.create_task(self._read())

    def command(self, command: str, parameters: str = "") -> None:
        assert self._writer is not None
        body = json.dumps({"command": command, "params": parameters, "token": "t"}).encode()
        self._writer.write(b"%d:%s," % (len(body), body))

    def press(self, digit: str) -> None:
        self.command("sndcode", digit)

    def release(self) -> None:
        self.command("sndcode", "\x04")

    def digits_heard(self) -> list[str]:
        return [str(event.get("param")) for event in self.events if event.get("type") == "CALL_DTMF_START"]

    def told(self, kind: str) -> bool:
        """:param kind: of an event, as ``CALL_CLOSED``."""
        return bool(self.all(kind))

    def all(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event.get("type") == kind]

    def last(self, kind: str) -> str:
        """:returns: the reason that the latest event of that kind gave."""
        return str([event for event in self.events if event.get("type") == kind][-1].get("param"))

    def hears(self, at_most: int = 1) -> set[int]:
        """:returns: the strongest tones of :meth:`heard`, in Hz rounded to 10; empty before the end of the call."""
        try:
            rate, sound = self.heard()
        except (StopIteration, OSError, EOFError, wave.Error):
            return set()
        return {round(tone.hz / 10) * 10 for tone in tones(sound, rate, at_most=at_most)}

    async def _read(self) -> None:
        assert self._reader is not None
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                size = int((await self._reader.readuntil(b":"))[:-1])
                self.events.append(json.loads(await self._reader.readexactly(size)))
                await self._reader.readexactly(1)

    async def close(self) -> None:
        with contextlib.suppress(OSError, AssertionError):
            self.command("quit")
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._writer is not None:
            self._writer.close()

    def heard(self) -> tuple[int, NDArray[np.int16]]:
        """:returns: rate in Hz and the last half second but one that it heard."""
        path = next(self.folder.glob("*-dec.wav"))
        with wave.open(str(path)) as file:
            rate, channels = file.getframerate(), file.getnchannels()
            sound = np.frombuffer(file.readframes(file.getnframes()), "<i2")[::channels].astype(np.int16)
        return rate, sound[-rate : -rate // 2]


@contextlib.asynccontextmanager
async def baresip(
    hz: int = 440, certificate: Path | None = None, user: str = "bob", *, codec: str = "PCMU", account: str = ""
) -> AsyncIterator[Baresip]:
    """
    :param certificate: PEM with its key; TLS is then spoken on the port after ``port``. :param codec: the only one.
    :param account: further parameters of the account, ``;mediaenc=srtp-mand``.
    """
    port, control, rtp = free_port(), free_port(), free_port(RTP_PORTS)
    with tempfile.TemporaryDirectory(prefix="psr-baresip-") as name:
        folder = Path(name)
        tls = f"sip_certificate {certificate}" if certificate else ""
        (folder / "config").write_text(
            BARESIP_CONFIG.format(
                port=port, hz=hz, rtp=rtp, rtp_last=rtp + RTP_PORTS - 1, control=control, folder=folder, tls=tls
            )
        )
        (folder / "accounts").write_text(
            f"<sip:{user}@127.0.0.1>;regint=0;answermode=auto;audio_codecs={codec}{account}\n", encoding="utf-8"
        )
        (folder / "contacts").write_text("\n")
        process = await asyncio.create_subprocess_exec(
            "baresip",
            "-f",
            str(folder),
            "-s",
            cwd=folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        phone = Baresip(port, folder)
        try:
            await phone.control(control)
            yield phone
        finally:
            await phone.close()
            await _end(process)


def self_signed(folder: Path) -> Path:
    """:returns: PEM of a certificate for 127.0.0.1 and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / "certificate.pem"
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return path


class UdpPeer(asyncio.DatagramProtocol):
    """At a port of 127.0.0.1 from ``start`` to ``close``."""

    def __init__(self) -> None:
        self.port = 0
        self._transport: asyncio.DatagramTransport | None = None

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", 0))
        self.port = int(self._transport.get_extra_info("sockname")[1])

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def answer(self, request: str, address: tuple[str, int], status: str, *more: str) -> None:
        """:param status: code and reason. :param more: header lines."""
        names = ("via", "from", "to", "call-id", "cseq")
        kept = [line for line in request.split("\r\n") if line.partition(":")[0].lower() in names]
        lines = (f"SIP/2.0 {status}", *kept, *more, "Content-Length: 0", "", "")
        if self._transport is not None:
            self._transport.sendto("\r\n".join(lines).encode(), address)


class LossyRelay(UdpPeer):
    """
    Between a client and a SIP server: loses the n-th packet of a kind.

    :param drops: kind -> which ones, counted from 1. A kind is a method, or a code with its method (``200INVITE``).
    :param first_of: kinds of which the first packet of each CSeq number is lost.
    """

    def __init__(
        self, server: tuple[str, int], drops: dict[str, Collection[int]], first_of: Collection[str] = ()
    ) -> None:
        super().__init__()
        self._first_of = first_of
        self._known: set[tuple[str, bytes]] = set()
        self.lost: list[str] = []
        self.seen: dict[str, int] = {}
        self._server = server
        self._drops = drops
        self._client: tuple[str, int] | None = None

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        kind = _kind(data)
        self.seen[kind] = self.seen.get(kind, 0) + 1
        if addr != self._server:
            self._client = addr
        target = self._client if addr == self._server else self._server
        if self.seen[kind] in self._drops.get(kind, ()) or self._is_first(kind, data):
            self.lost.append(kind)
        elif self._transport is not None and target is not None:
            self._transport.sendto(data, target)

    def _is_first(self, kind: str, data: bytes) -> bool:
        transaction = kind, data.split(b"CSeq:", 1)[1].split()[0]
        known = transaction in self._known
        self._known.add(transaction)
        return kind in self._first_of and not known


def _kind(data: bytes) -> str:
    first = data.split(b"\r\n", 1)[0].decode()
    if not first.startswith("SIP/2.0"):
        return first.split()[0]
    method = data.split(b"CSeq:", 1)[1].split(b"\r\n", 1)[0].decode().split()[-1]
    return first[8:11] + method
