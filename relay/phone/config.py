"""Settings of the phone worker and of the demonstration phone, handed over by whoever starts them."""

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path

from relay.network_config import NetworkConfig
from relay.phone.leg import Transport

DEMO_SIP_PORT = 5070  # 5060 is often taken by a site's own telephony


@dataclass(frozen=True)
class TrunkConfig:
    """
    Where calls go out. The default is the demonstration phone on this machine.

    :param host: name or IP address of the trunk, PBX or SBC.
    :param port: 5060 for udp and tcp, 5061 for tls at most carriers.
    :param transport: ``udp`` by default, as carriers' private trunks speak it; ``tls`` verifies the certificate.
    :param username: digest user (RFC 8760), None where the trunk knows us by address.
    :param password: of ``username``.
    :param from_domain: domain written in From and To; None takes the trunk's host, what carriers expect.
    :param caller_id: the line's own number in E.164, asserted to the trunk on every call (RFC 3325), also on those
        that are presented as anonymous; None asserts nothing.
    :param ca_file: certificate authority for tls; None takes the system's.
    :param known_hosts: further IP addresses whose SIP messages are read (a carrier's other gateways).
    """

    host: str = "127.0.0.1"
    port: int = DEMO_SIP_PORT
    transport: Transport = "udp"
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    from_domain: str | None = None
    caller_id: str | None = None
    ca_file: Path | None = None
    known_hosts: tuple[str, ...] = ()


@dataclass(frozen=True)
class PhoneWorkerConfig:
    """
    :param worker_id: the same after a restart: stored dialogs are found by it.
    :param control_socket: Unix socket for signaling (``relay.control``).
    :param audio_socket: Unix datagram socket for media workers (``relay.datagram``); under 108 characters.
    :param redis_url: for registration and stored dialogs; None does without both.
    :param sip_host: a concrete IP address of this machine, reachable from the trunk; written into Via, Contact and SDP.
    :param sip_port: UDP or TCP port, the same after a restart so that peers find us; 5062 leaves 5060 to others.
    :param rtp_ports: first and last UDP port for sound, an even and an odd one per call.
    :param capacity: calls at once; a call costs about 3 % of a core.
    :param no_response_s: seconds without any response, not even 100, before the trunk counts as dead; SIP itself
        would wait 32 (RFC 3261, Timer B), too long for two people looking at each other.
    :param stop_deadline_s: seconds that BYEs have to be answered at the end.
    :param unkept_after_s: seconds without any command for a call (``keep`` or another) before its phone leg is hung
        up: a telephone never stays open, and billed, because its owner died; 90 leaves a takeover its time.
    :param rtp_timeout_s: seconds without any packet of an answered telephone, held by nobody, before it counts as
        hung up: its BYE was lost, and a deaf signer cannot notice by ear; 0 waits for ever. 30 is far beyond any gap
        of a network that recovers.
    :param secret: encrypts what is stored of dialogs, which hold numbers; the same after a restart. Empty stores
        them readable: acceptable only where nobody else reads Redis and its append-only file.
    :param network: how other machines of the centre reach this worker; None: this machine alone.
    """

    worker_id: str
    control_socket: Path
    audio_socket: Path
    redis_url: str | None = None
    sip_host: str = "127.0.0.1"
    sip_port: int = 5062
    trunk: TrunkConfig = field(default_factory=TrunkConfig)
    rtp_ports: tuple[int, int] = (20_000, 20_999)
    capacity: int = 25
    no_response_s: float = 10.0
    stop_deadline_s: float = 3.0
    unkept_after_s: float = 90.0
    rtp_timeout_s: float = 30.0
    secret: str = field(default="", repr=False)
    network: NetworkConfig | None = None

    def __post_init__(self) -> None:
        if ipaddress.ip_address(self.sip_host).is_unspecified:
            raise ValueError("sip_host must be a concrete address: peers are told to answer there")
        if self.rtp_ports[1] - self.rtp_ports[0] < 1:
            raise ValueError("rtp_ports needs at least one pair of ports")
        if self.unkept_after_s <= 0 or self.rtp_timeout_s < 0:
            raise ValueError("unkept_after_s must be above 0, rtp_timeout_s at least 0")


@dataclass(frozen=True)
class DemoPhoneConfig:
    """
    The demonstration phone never leaves this machine: loopback only, checked.

    :param sip_host: loopback address.
    :param sip_port: UDP; the default trunk points here.
    :param http_host: loopback address of the page.
    :param http_port: TCP.
    :param rtp_ports: apart from the phone worker's.
    :param ring_s: seconds of ringing before a number answers by itself: two French rings (1.5 s on, 3.5 s off)
        are 6.5 s, shortened to what a demonstration bears.
    :param capacity: calls at once, beyond it 486.
    """

    sip_host: str = "127.0.0.1"
    sip_port: int = DEMO_SIP_PORT
    http_host: str = "127.0.0.1"
    http_port: int = 8070
    rtp_ports: tuple[int, int] = (22_000, 22_999)
    ring_s: float = 3.0
    capacity: int = 100

    def __post_init__(self) -> None:
        for host in (self.sip_host, self.http_host):
            if not ipaddress.ip_address(host).is_loopback:
                raise ValueError("the demonstration phone listens on loopback only")
