"""
What ``passerelle doctor`` asks about the machines of a centre: this one's own files, its clock, and whether it reaches
every process that the others have registered. Codes become words here; nothing is changed.
"""

import asyncio
import datetime
import time
from typing import NamedTuple

from relay.control_messages import WorkerKind
from relay.network_config import NetworkConfig
from relay.redis_client import connect, redis_time
from relay.registry import registered
from relay.secure_sockets import Dialer, failure_code, place_of
from signaling.config import SignalingConfig
from signaling.machine_certificates import own_problem
from signaling.peers import registered_processes
from signaling.settings import ConfigError

REDIS_DEADLINE_S = 5.0
GREETING_DEADLINE_S = 5.0
CLOCK_TOLERANCE_S = 1.0
KINDS: tuple[WorkerKind, ...] = ("media", "phone", "visibility")
#: our own files -> what to do
OWN_WORDS = {
    "certificate_missing": "le certificat de cette machine manque : passerelle machine add NOM ADRESSE",
    "certificate_unreadable": "le certificat, la clé ou l’autorité ne sont pas du PEM lisible par cet utilisateur",
    "certificate_not_its_key": "le certificat et la clé ne vont pas ensemble : recopiez le dossier entier",
    "certificate_for_other_address": "le certificat est pour une autre adresse : passerelle machine add le refait",
    "certificate_not_of_authority": "le certificat vient d’une autre autorité : recopiez le dossier entier",
    "datagram_key_missing": "la clé du son (datagrams.key) manque : recopiez le dossier entier",
    "certificate_expired": "le certificat est périmé : passerelle machine add le refait, puis redémarrez",
    "certificate_ends_soon": "le certificat finit dans moins de 30 jours : passerelle machine add le refait",
}
#: connections to others -> what it means
LINK_WORDS = {
    "certificate_expired": "son certificat est périmé",
    "certificate_not_yet_valid": "son certificat n’est pas encore valable : vérifiez les horloges",
    "certificate_of_stranger": "son certificat vient d’une autre autorité",
    "certificate_for_other_address": "son certificat n’est pas pour cette adresse",
    "certificate_name": "son certificat n’a pas un nom de ce centre",
    "certificate_refused": "son certificat est refusé",
    "tls_failed": "ce n’est pas du TLS 1.3",
    "nobody_listens": "personne n’écoute à cette adresse",
    "unreachable": "pas de réponse : réseau, ou pare-feu",
    "connection_lost": "elle ferme la connexion : notre certificat y est sans doute refusé, son journal dit pourquoi",
}


class MachineFinding(NamedTuple):
    """:param code: None: all is well."""

    code: str | None
    words: str
    is_grave: bool = True


def require_machine_files(network: NetworkConfig) -> str | None:
    """
    :returns: a code worth a line in the log: the certificate is or will soon be out of date.
    :raises ConfigError: files are missing or do not go together: this process could talk to no other machine.
    """
    problem = own_problem(network, datetime.datetime.now(datetime.UTC))
    if problem in (None, "certificate_expired", "certificate_ends_soon"):
        return problem
    raise ConfigError(
        "PASSERELLE_NETWORK_LISTEN", "le dossier de cette machine", f"{network.certificate_file}", OWN_WORDS[problem]
    )


async def check_machines(config: SignalingConfig) -> list[MachineFinding]:
    network = config.network
    if network is None:
        return [MachineFinding(None, "une seule machine")]
    problem = own_problem(network, datetime.datetime.now(datetime.UTC))
    found = [MachineFinding(problem, OWN_WORDS[problem], problem != "certificate_ends_soon")] if problem else []
    if any(finding.is_grave for finding in found) and problem != "certificate_expired":
        return found
    found += await _others(config, network)
    return found or [MachineFinding(None, f"{network.name}, {network.announced}")]


async def _others(config: SignalingConfig, network: NetworkConfig) -> list[MachineFinding]:
    redis = connect(config.redis_url, REDIS_DEADLINE_S)
    try:
        behind = time.time() - await redis_time(redis)
        place = place_of(config.run_dir)
        addresses = {
            entry.worker_id: entry.address_from(place) for kind in KINDS for entry in await registered(redis, kind)
        }
        addresses |= {name: where.address_from(place) for name, where in (await registered_processes(redis)).items()}
    except Exception:  # whatever keeps Redis from answering is told by its own check
        return [MachineFinding("redis_unreachable", "Redis ne répond pas : les autres machines sont inconnues")]
    finally:
        await redis.aclose()
    found = []
    if abs(behind) > CLOCK_TOLERANCE_S:
        words = f"l’horloge diffère de {behind:.1f} s de celle de Redis : installez NTP (chrony) partout"
        found.append(MachineFinding("clock_differs", words, is_grave=False))
    dialer = Dialer(network)
    codes = await asyncio.gather(*(_code(dialer, address) for address in addresses.values()))
    for name, code in zip(addresses, codes, strict=True):
        if code is not None:
            found.append(MachineFinding(code, f"{name} : {LINK_WORDS.get(code, code)} ({code})"))
    return found


async def _code(dialer: Dialer, address: str) -> str | None:
    """None: the process at this address greets us."""
    try:
        reader, writer = await dialer.connect(address)
    except OSError as error:
        return failure_code(error)
    try:
        async with asyncio.timeout(GREETING_DEADLINE_S):
            return None if await reader.readline() else "connection_lost"
    except (OSError, ValueError) as error:
        return failure_code(error)
    finally:
        writer.close()
