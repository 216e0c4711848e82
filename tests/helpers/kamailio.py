"""A real Kamailio as an operator's trunk: registrar and proxy with digest and Record-Route, over UDP, TCP and TLS."""

import asyncio
import contextlib
import os
import re
import shutil
import signal
import socket
import tempfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from relay.phone.config import TrunkConfig
from relay.phone.leg import Transport
from tests.helpers.ports import free_port
from tests.helpers.sip_peers import self_signed

PROGRAM = shutil.which("kamailio", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
LACKING = "kamailio is not installed (apt install kamailio kamailio-tls-modules)"
REALM, USER, PASSWORD = "trunk.example", "relay", "secret"
START_DEADLINE_S = 30.0
SBC_FILES = Path(__file__).parents[2] / "docs" / "sbc" / "kamailio"

CONFIG = """\
#!KAMAILIO
debug=0
log_stderror=yes
fork=yes
children=1
tcp_children=1
enable_tls=yes
auto_aliases=no
alias="{realm}"
listen=udp:{host}:{port}
listen=tcp:{host}:{port}
listen=tls:{host}:{tls_port}
tcp_accept_no_cl=yes
mpath="{modules}/"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "auth.so"
loadmodule "nathelper.so"
loadmodule "tls.so"
modparam("tls", "private_key", "{certificate}")
modparam("tls", "certificate", "{certificate}")
modparam("tls", "tls_method", "TLSv1.2+")
modparam("usrloc", "db_mode", 0)
modparam("registrar", "min_expires", 60)
modparam("registrar|nathelper", "received_avp", "$avp(received)")
modparam("auth", "nonce_expire", 300)
request_route {{
  if (!mf_process_maxfwd_header("10")) {{ sl_send_reply("483", "Too Many Hops"); exit; }}
  if (has_totag()) {{
    if (loose_route()) {{ t_relay(); exit; }}
    if (is_method("ACK")) {{ if (t_check_trans()) t_relay(); exit; }}
    sl_send_reply("404", "Not here"); exit;
  }}
  if (is_method("CANCEL")) {{ if (t_check_trans()) t_relay(); exit; }}
  if (is_method("REGISTER")) {{
    if (!pv_www_authenticate("{realm}", "{password}", "0")) {{ www_challenge("{realm}", "1"); exit; }}
    fix_nated_register();
    save("location"); exit;
  }}
  if ($rU == "{user}") {{
    if (!lookup("location")) {{ sl_send_reply("404", "Not Found"); exit; }}
    if (is_method("OPTIONS")) {{ sl_send_reply("200", "Registered"); exit; }}
    record_route(); t_relay(); exit;
  }}
  if (is_method("INVITE")) {{
    if (!pv_proxy_authenticate("{realm}", "{password}", "0")) {{ proxy_challenge("{realm}", "1"); exit; }}
    consume_credentials();
    record_route();
    $ru = "sip:callee@{host}:{callee}";
    t_relay(); exit;
  }}
  sl_send_reply("200", "OK");
}}
"""


@dataclass(frozen=True)
class Kamailio:
    """
    :param callee: port on 127.0.0.1, UDP, where every number is found.
    :param certificate: signed by itself, for 127.0.0.1.
    """

    port: int
    tls_port: int
    callee: int
    certificate: Path
    log: Path

    def trunk(self, transport: Transport, *, register: bool = True) -> TrunkConfig:
        return TrunkConfig(
            name="kamailio",
            port=self.tls_port if transport == "tls" else self.port,
            transport=transport,
            username=USER,
            password=PASSWORD,
            from_domain=REALM,
            register=register,
            ca_file=self.certificate if transport == "tls" else None,
        )

    async def knows_us(self) -> bool:
        """:returns: whether our registration is in force."""
        return (await self.ask("OPTIONS", USER)).startswith("SIP/2.0 200")

    async def ask(self, method: str, user: str) -> str:
        """:returns: the first final answer to a request from nobody in particular, the first line of it."""
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.setblocking(False)
            asking.bind(("127.0.0.1", 0))
            port = asking.getsockname()[1]
            lines = (
                f"{method} sip:{user}@{REALM} SIP/2.0",
                f"Via: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{port};rport",
                f"From: <sip:test@127.0.0.1>;tag={port}",
                f"To: <sip:{user}@{REALM}>",
                f"Call-ID: {port}-{os.urandom(4).hex()}",
                f"CSeq: 1 {method}",
                f"Contact: <sip:test@127.0.0.1:{port}>",
                "Max-Forwards: 70",
                "Content-Length: 0",
            )
            text = "\r\n".join((*lines, "", ""))
            for _ in range(20):
                asking.sendto(text.encode(), ("127.0.0.1", self.port))
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.5):
                        return (await loop.sock_recv(asking, 4096)).decode().split("\r\n")[0]
        raise TimeoutError("Kamailio does not answer")


def modules() -> Path:
    return next(Path("/usr/lib").glob("*/kamailio/modules"), Path("/usr/lib/kamailio/modules"))


@contextlib.asynccontextmanager
async def kamailio(callee: int = 9) -> AsyncIterator[Kamailio]:
    """:param callee: see :class:`Kamailio`."""
    folder = Path(tempfile.mkdtemp(prefix="psr-kam-", dir="/tmp"))
    port, tls_port = free_port(), free_port()
    running = Kamailio(port, tls_port, callee, self_signed(folder), folder / "log")
    text = CONFIG.format(
        host="127.0.0.1",
        port=port,
        tls_port=tls_port,
        callee=callee,
        certificate=running.certificate,
        modules=modules(),
        realm=REALM,
        user=USER,
        password=PASSWORD,
    )
    try:
        async with _process(folder, text) as process:
            async with asyncio.timeout(START_DEADLINE_S):
                while not await _answers(running):
                    assert process.returncode is None, running.log.read_text(errors="replace")[-2000:]
            yield running
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _answers(running: Kamailio) -> bool:
    with contextlib.suppress(TimeoutError):
        await running.ask("OPTIONS", "ping")
        return True
    return False


@contextlib.asynccontextmanager
async def _process(folder: Path, text: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """:param text: its configuration; it logs into ``log`` of the folder."""
    assert PROGRAM is not None, LACKING
    (folder / "kamailio.cfg").write_text(text)
    with (folder / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(PROGRAM, "-f", str(folder / "kamailio.cfg"), "-DD", "-E", "-m", "32", "-M", "4", "-Y", str(folder)),
            *("-L", str(modules()), "-P", str(folder / "pid")),
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        await _end(process)


# --- in front of phone workers, by the configuration that operators are given ----------------------------------------


@dataclass(frozen=True)
class Sbc:
    """:param outside: UDP port towards the carrier, :param inside: towards the workers, both on 127.0.0.1."""

    outside: int
    inside: int
    log: Path


def sbc_text(outside: int, inside: int, gateways: Path, **changed: str) -> str:
    """:returns: ``docs/sbc/kamailio/kamailio.cfg`` on the loopback. :param changed: others of its names."""
    values = {
        "PUBLIC_IP": "127.0.0.1",
        "PUBLIC_PORT": str(outside),
        "INSIDE_IP": "127.0.0.1",
        "INSIDE_PORT": str(inside),
        "DISPATCHER_LIST": str(gateways),
        **changed,
    }
    text = SBC_FILES.joinpath("kamailio.cfg").read_text()
    for name, value in values.items():
        text, count = re.subn(f'"!{name}![^!]*!g"', f'"!{name}!{value}!g"', text)
        assert count == 1, name
    return text.replace("children=4", "children=1").replace("log_stderror=no", "log_stderror=yes")


@contextlib.asynccontextmanager
async def sbc(workers: Sequence[int], carriers: Sequence[int], **changed: str) -> AsyncIterator[Sbc]:
    """:param workers: their SIP ports on 127.0.0.1. :param carriers: theirs. :param changed: see :func:`sbc_text`."""
    folder = Path(tempfile.mkdtemp(prefix="psr-sbc-", dir="/tmp"))
    outside, inside = free_port(), free_port()
    gateways = folder / "dispatcher.list"
    lines = [f"1 sip:127.0.0.1:{port} 0 0 socket=udp:127.0.0.1:{inside}" for port in workers]
    lines += [f"2 sip:127.0.0.1:{port} 0 0 socket=udp:127.0.0.1:{outside}" for port in carriers]
    gateways.write_text("\n".join(lines) + "\n")
    try:
        async with _process(folder, sbc_text(outside, inside, gateways, **changed)):
            yield Sbc(outside, inside, folder / "log")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Its children are of its process group."""
    for word in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, word)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(5):
                await process.wait()
            await asyncio.sleep(0)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            return
