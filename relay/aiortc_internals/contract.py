"""Whether aiortc, aioice and pylibsrtp are as this package expects them."""

from importlib.metadata import version

import aioice.ice
from aiortc import RTCCertificate, RTCDtlsTransport, RTCIceGatherer, RTCIceTransport, RTCSctpTransport
from pylibsrtp import Session
from pylibsrtp._binding import lib

from relay.aiortc_internals.srtp import STEP_NAMES

PINNED = {"aiortc": "1.16.0", "aioice": "0.13.0", "pylibsrtp": "1.0.0"}
_LIBRARY = (*STEP_NAMES, "srtp_err_status_ok")
_CONNECTION = (
    "_check_list",
    "_nominated",
    "_protocols",
    "_queue",
    "_remote_candidates",
    "check_incoming",
    "check_state",
    "data_received",
    "get_component_candidates",
)


def problems() -> list[str]:
    """:returns: what is not where this package expects it, in words; empty when all is well. In a running loop."""
    found = [
        f"{name} is {version(name)}, written for {wanted}" for name, wanted in PINNED.items() if version(name) != wanted
    ]
    gatherer = RTCIceGatherer(iceServers=[])
    dtls = RTCDtlsTransport(RTCIceTransport(gatherer), [RTCCertificate.generateCertificate()])
    connection = getattr(gatherer, "_connection", None)
    wanted: list[tuple[str, object, tuple[str, ...]]] = [
        ("aiortc.RTCIceGatherer", gatherer, ("_connection",)),
        ("aiortc.RTCDtlsTransport", dtls, ("_set_role", "_rx_srtp", "_tx_srtp", "_ssl")),
        ("aioice.Connection", connection, _CONNECTION),
        ("aioice.ice", aioice.ice, ("CandidatePair", "StunProtocol", "get_host_addresses")),
        ("aiortc.RTCSctpTransport", RTCSctpTransport(dtls), ("_sent_queue", "_outbound_queue")),
        ("pylibsrtp._binding.lib", lib, _LIBRARY),
        ("pylibsrtp.Session()", Session(), ("_srtp",)),
    ]
    if isinstance(connection, aioice.ice.Connection):
        protocol = aioice.ice.StunProtocol(connection)
        candidate = aioice.Candidate("1", 1, "udp", 1, "127.0.0.1", 9, "host")
        protocol.local_candidate = candidate
        pair = aioice.ice.CandidatePair(protocol, candidate)
        pair_names = ("local_candidate", "protocol", "remote_addr", "remote_candidate", "state", "task")
        wanted += [
            ("aioice.StunProtocol", protocol, ("datagram_received", "receiver", "transactions")),
            ("aioice.CandidatePair", pair, pair_names),
            ("aioice.CandidatePair.State", aioice.ice.CandidatePair.State, ("SUCCEEDED", "WAITING")),
        ]
    found += [f"{owner}.{name} is gone" for owner, value, names in wanted for name in names if not hasattr(value, name)]
    return found
