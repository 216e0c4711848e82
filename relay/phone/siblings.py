"""
Several phone workers on one machine, made from one set of settings: who has which ports. Pure.

Behind an SBC or PBX they stand behind one address of its own (``docs/sbc``). A request within a dialog names in its
Route and Request-URI the worker whose dialog it is.
"""

from dataclasses import replace

from relay.phone.config import PhoneWorkerConfig

PORT_STEP = 2  # 5062 and 5063 (TLS) for the first worker, 5064 and 5065 for the second: the pairs do not mix
LAST_PORT = 65_535


def sibling(settings: PhoneWorkerConfig, index: int, count: int) -> PhoneWorkerConfig:
    """
    :param settings: of all of them: the first one's SIP ports, the RTP ports of all.
    :param index: from 0. :param count: how many there are.
    :returns: the settings of worker ``index``: SIP ports of its own, its share of the RTP ports. The first alone
        registers at trunks: with several places under one name, registrars ring at each, and one call would be several.
    :raises ValueError: the ports are not enough, or two workers would have the same.
    """
    if count == 1:
        return settings
    shift = PORT_STEP * index
    if max(settings.sip_port, settings.sip_tls_port) + PORT_STEP * (count - 1) > LAST_PORT:
        raise ValueError(f"sip_port et sip_tls_port + {PORT_STEP * (count - 1)} dépassent {LAST_PORT}")
    apart = abs(settings.sip_tls_port - settings.sip_port)
    if apart % PORT_STEP == 0 and apart < PORT_STEP * count:
        raise ValueError(f"sip_tls_port est le sip_port d’un autre : séparez-les de 1 ou de {PORT_STEP * count}")
    return replace(
        settings,
        sip_port=settings.sip_port + shift,
        sip_tls_port=settings.sip_tls_port + shift,
        rtp_ports=_share(settings.rtp_ports, index, count),
        trunk=replace(settings.trunk, register=settings.trunk.register and index == 0),
        trunks=tuple(replace(trunk, register=trunk.register and index == 0) for trunk in settings.trunks),
    )


def _share(ports: tuple[int, int], index: int, count: int) -> tuple[int, int]:
    """Whole pairs, an even and an odd port. :raises ValueError: not one for each."""
    first = ports[0] + ports[0] % 2
    pairs = (ports[1] - first + 1) // 2 // count
    if pairs < 1:
        raise ValueError(f"rtp_ports : {ports[0]} à {ports[1]} ne suffit pas à {count} processus")
    return first + 2 * pairs * index, first + 2 * pairs * (index + 1) - 1
