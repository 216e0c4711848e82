"""Whether the telephone works: the trunks, and how old the list of emergency numbers is."""

import asyncio
import socket
import ssl
from datetime import UTC, date, datetime, timedelta

from relay.phone.config import TrunkConfig
from relay.phone.emergency import AS_OF
from signaling import processes
from signaling.config import Config
from signaling.doctor.finding import Finding

TRUNK_DEADLINE_S = 3.0
EMERGENCY_LIST_AGE = timedelta(days=400)  # looked at once a year, and a month to do it


async def check_trunk(config: Config) -> list[Finding]:
    if not config.service.phone_workers:
        return [Finding("ok", "Téléphone", "servi par une autre machine")]
    if processes.uses_demo_trunk(config):
        words = "téléphone de démonstration : aucun appel ne sort de cette machine (PASSERELLE_PHONE_TRUNK_HOST)"
        return [Finding("ok", "Téléphone", words)]
    return [await _trunk_finding(trunk) for trunk in processes.phone_worker_config(config).all_trunks]


async def _trunk_finding(trunk: TrunkConfig) -> Finding:
    from relay.phone.dns_names import Names  # what it needs may be missing: that is for check_modules to say

    try:
        host, port = (
            await Names((socket.AF_INET, socket.AF_INET6)).addresses(trunk.host, trunk.port, trunk.transport)
        )[0]
    except OSError:
        return Finding("failure", "Téléphone", f"trunk {trunk.label} : le nom {trunk.host} n’a pas d’adresse (DNS)")
    problem = await asyncio.to_thread(trunk_problem, trunk, host, port)
    where = f"{host}:{port} ({trunk.transport})"
    if problem:
        return Finding("failure", "Téléphone", f"trunk {trunk.label}, {where} : {problem}")
    return Finding("ok", "Téléphone", f"le trunk {trunk.label}, {where}, répond")


async def check_emergency(config: Config) -> list[Finding]:
    return [emergency_finding(datetime.now(UTC).date(), relays=config.signaling.relay_emergency)]


def emergency_finding(today: date, *, relays: bool) -> Finding:
    """The list of emergency numbers is data; somebody has to look at it now and then."""
    then = "relayés si la personne insiste" if relays else "jamais relayés : le 114"
    words = f"liste du {AS_OF:%d/%m/%Y} ; 15, 17, 18 et 112 {then}"
    if today - AS_OF > EMERGENCY_LIST_AGE:
        return Finding("warning", "Urgences", f"{words}. Comparez-la au plan de l’Arcep (docs/phone.md)")
    return Finding("ok", "Urgences", words)


async def check_trunk_closely(config: Config, number: str | None, *, loops: bool = False) -> list[Finding]:
    """:param number: called, when there is one. :param loops: out by the trunk, and back to the service that runs."""
    from signaling.trunk_check import Step, call_number, call_ourselves, check_accounts

    phone = processes.phone_worker_config(config)
    try:
        steps = await check_accounts(phone)
        if number is not None:
            steps.append(await call_number(phone, number))
        if loops:
            steps.append(await call_ourselves(phone, config.signaling.front_numbers))
    except OSError as error:
        steps = [Step(False, f"pas de port SIP sur {phone.sip_host} ({error.strerror})")]
    return [Finding("ok" if step.is_good else "failure", "Trunk", step.words) for step in steps]


def trunk_problem(trunk: TrunkConfig, host: str, port: int) -> str | None:
    """None: it answers at this address. Over UDP an OPTIONS request is sent (RFC 3261 §11); any answer counts."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
    except OSError:
        return "ce nom est inconnu"
    try:
        if trunk.transport == "udp":
            return _options_problem(family, address)
        with socket.create_connection((host, port), TRUNK_DEADLINE_S) as connection:
            if trunk.transport == "tls":
                context = ssl.create_default_context(cafile=str(trunk.ca_file) if trunk.ca_file else None)
                context.wrap_socket(connection, server_hostname=trunk.host).close()
    except ssl.SSLCertVerificationError as error:
        return f"certificat refusé ({error.verify_message})"
    except OSError as error:
        return f"pas de réponse ({error.strerror or type(error).__name__})"
    return None


def _options_problem(family: int, address: tuple[object, ...]) -> str | None:
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.settimeout(TRUNK_DEADLINE_S)
        probe.connect(address)
        host, port = probe.getsockname()[:2]
        host = f"[{host}]" if ":" in host else host
        probe.send(
            f"OPTIONS sip:{address[0]}:{address[1]} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bKdoctor{port};rport\r\n"
            f"Max-Forwards: 70\r\nFrom: <sip:doctor@{host}>;tag=doctor{port}\r\nTo: <sip:{address[0]}>\r\n"
            f"Call-ID: doctor-{port}@{host}\r\nCSeq: 1 OPTIONS\r\nContact: <sip:{host}:{port}>\r\n"
            "Content-Length: 0\r\n\r\n".encode()
        )
        return None if probe.recv(2048).startswith(b"SIP/2.0") else "la réponse n’est pas du SIP"
