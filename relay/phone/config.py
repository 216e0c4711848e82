"""Settings of the phone worker and of the demonstration phone, handed over by whoever starts them."""

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from relay.network_config import NetworkConfig
from relay.phone.leg import Transport
from relay.phone.sdp import DEFAULT_CODECS, CodecName

DEMO_SIP_PORT = 5070  # 5060 is often taken by a site's own telephony


Srtp = Literal["off", "offer", "require"]


@dataclass(frozen=True)
class TrunkConfig:
    """
    A way to the telephone network. The default is the demonstration phone on this machine.

    :param name: in logs, alarms and incoming calls; empty takes the host.
    :param host: name or IP address of the trunk, PBX or SBC.
    :param port: 5060 for udp and tcp, 5061 for tls at most carriers; 0 asks the DNS (SRV, RFC 3263).
    :param transport: ``udp`` by default, as carriers' private trunks speak it; ``tls`` verifies the certificate.
    :param also_tcp: a trunk of ``udp`` that takes TCP at the same port: requests above 1300 bytes, which might be cut
        up on the way, then go by it (RFC 3261 §18.1.1). Ours are so long only with a password and text together, or
        a proxy's long routes.
    :param username: digest user (RFC 8760), None where the trunk knows us by address.
    :param password: of ``username``.
    :param from_domain: domain written in From and To; None takes the trunk's host, what carriers expect.
    :param caller_id: the line's own number in E.164, asserted to the trunk on every call (RFC 3325), also on those
        that are presented as anonymous; None asserts nothing.
    :param ca_file: certificate authority for tls; None takes the system's.
    :param known_hosts: further IP addresses or networks whose SIP messages are read (a carrier's other gateways).
    :param priority: the lowest is tried first (as in SRV, RFC 2782), the next when it fails.
    :param weight: share of the calls among trunks of one priority; 0 hardly any.
    :param prefixes: beginnings of the numbers it serves (``+33``, ``112``); empty: all. The longest match comes first.
    :param register: tell the trunk where we are (REGISTER), as trunks without a fixed address of ours want it.
    :param register_expires_s: asked for; 300 survives a router that forgets us, the trunk may want longer.
    :param srtp: ``off``; ``offer`` encrypted sound where the trunk takes it; ``require`` it. Keys travel in the SIP
        messages (SDES, RFC 4568): only with tls.
    :param codecs: that this trunk may use, best first: opus, G722, PCMA, PCMU. Fewer where a trunk's wideband fails.
    :param real_time_text: offer text (RFC 4103) on our calls too; taken wherever a call to us offers it. Off, as some
        trunks refuse an offer of more than sound.
    :param incoming_auth: calls from this trunk must know ``username`` and ``password`` as well (401).
    :param keep_alive_s: seconds between empty lines sent to keep the firewall's way back open; 0: none. 25 is below
        the 30 s after which routers forget a UDP flow (RFC 5626 §4.4.1 asks 24 to 29).
    """

    name: str = ""
    host: str = "127.0.0.1"
    port: int = DEMO_SIP_PORT
    transport: Transport = "udp"
    also_tcp: bool = False
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    from_domain: str | None = None
    caller_id: str | None = None
    ca_file: Path | None = None
    known_hosts: tuple[str, ...] = ()
    priority: int = 10
    weight: int = 10
    prefixes: tuple[str, ...] = ()
    register: bool = False
    register_expires_s: int = 300
    srtp: Srtp = "off"
    codecs: tuple[CodecName, ...] = DEFAULT_CODECS
    real_time_text: bool = False
    incoming_auth: bool = False
    keep_alive_s: float = 25.0

    def __post_init__(self) -> None:
        if self.srtp != "off" and self.transport != "tls":
            raise ValueError("srtp needs transport tls: its keys are in the SIP messages")
        if self.also_tcp and self.transport != "udp":
            raise ValueError("also_tcp is for transport udp")
        if (self.register or self.incoming_auth) and not (self.username and self.password):
            raise ValueError("register and incoming_auth need username and password")
        if not 0 <= self.port <= 65_535 or self.priority < 0 or self.weight < 0 or self.keep_alive_s < 0:
            raise ValueError("port is 0 to 65535; priority, weight and keep_alive_s are at least 0")
        if self.register_expires_s < 60:
            raise ValueError("register_expires_s is at least 60")
        if not self.codecs or not set(self.codecs) <= set(DEFAULT_CODECS):
            raise ValueError(f"codecs are some of {', '.join(DEFAULT_CODECS)}")
        for host in self.known_hosts:
            ipaddress.ip_network(host, strict=False)

    @property
    def label(self) -> str:
        return self.name or self.host


@dataclass(frozen=True)
class PhoneWorkerConfig:
    """
    :param worker_id: the same after a restart: stored dialogs are found by it.
    :param control_socket: Unix socket for signaling (``relay.control``).
    :param audio_socket: Unix datagram socket for media workers (``relay.datagram``); under 108 characters.
    :param redis_url: for registration and stored dialogs; None does without both.
    :param sip_host: a concrete IP address of this machine, reachable from the trunk; written into Via, Contact and SDP.
    :param sip_host_2: a second one, of the other family: IPv4 and IPv6 are then served at once.
    :param sip_public_host: the address that peers see of ``sip_host``, when a NAT stands between; written in its place.
    :param sip_port: UDP and TCP port, the same after a restart so that peers find us; 5062 leaves 5060 to others.
        Worker N of a machine takes ``sip_port`` + 2 N, and ``sip_tls_port`` + 2 N.
    :param sip_tls_port: TCP port for peers that connect to us by TLS; served with ``sip_certificate``.
    :param sip_certificate: PEM, shown to peers that connect by TLS. :param sip_key: its key.
    :param dns_servers: asked for the names of trunks, ``host`` or ``host:port``; empty: those of the machine.
    :param trunk: where calls go. :param trunks: further ones; alone when ``trunk`` is not set.
    :param sip_messages_per_s: that one address may send, twice as many at once, and a tenth of it requests that open
        something; 200 is twenty calls a second, more than any worker holds.
    :param incoming_limit: calls to us that ring at once, further ones get 503: a flood must not fill the agents' day.
    :param rtp_ports: first and last UDP port for sound, an even and an odd one per call. Several workers of a machine
        get equal shares.
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
    :param taken_within_s: seconds a telephone that calls rings before signaling has taken it; then it hears that
        nobody is there (480). A signaling process that lives takes it in a fraction of this.
    :param sounds_dir: announcements of brands: ``<sounds_dir>/<brand>/<name>.opus`` (or wav, flac, mp3); names as in
        ``relay.model.Announcement``. None: the service's own for everybody.
    :param message_silence_s: seconds of silence that end a voice message; callers who do not know ``#`` just stop.
    :param network: how other machines of the centre reach this worker; None: this machine alone.
    """

    worker_id: str
    control_socket: Path
    audio_socket: Path
    redis_url: str | None = None
    sip_host: str = "127.0.0.1"
    sip_host_2: str | None = None
    sip_public_host: str | None = None
    sip_port: int = 5062
    sip_tls_port: int = 5063
    sip_certificate: Path | None = None
    sip_key: Path | None = None
    dns_servers: tuple[str, ...] = ()
    trunk: TrunkConfig = field(default_factory=TrunkConfig)
    trunks: tuple[TrunkConfig, ...] = ()
    incoming_limit: int = 20
    sip_messages_per_s: float = 200.0
    rtp_ports: tuple[int, int] = (20_000, 20_999)
    capacity: int = 25
    no_response_s: float = 10.0
    stop_deadline_s: float = 3.0
    unkept_after_s: float = 90.0
    rtp_timeout_s: float = 30.0
    secret: str = field(default="", repr=False)
    taken_within_s: float = 10.0
    sounds_dir: Path | None = None
    message_silence_s: float = 5.0
    network: NetworkConfig | None = None

    def __post_init__(self) -> None:
        hosts = [ipaddress.ip_address(host) for host in (self.sip_host, self.sip_host_2, self.sip_public_host) if host]
        if any(host.is_unspecified for host in hosts):
            raise ValueError("sip_host must be a concrete address: peers are told to answer there")
        if self.sip_host_2 and hosts[0].version == hosts[1].version:
            raise ValueError("sip_host and sip_host_2 are one IPv4 and one IPv6 address")
        if (self.sip_certificate is None) != (self.sip_key is None):
            raise ValueError("sip_certificate and sip_key belong together")
        labels = [trunk.label for trunk in self.all_trunks]
        if len(set(labels)) < len(labels):
            raise ValueError("two trunks have the same name: give them different ones")
        if self.rtp_ports[1] - self.rtp_ports[0] < 1:
            raise ValueError("rtp_ports needs at least one pair of ports")
        if self.taken_within_s <= 0 or self.message_silence_s <= 0:
            raise ValueError("taken_within_s and message_silence_s must be above 0")
        if self.sip_messages_per_s <= 0:
            raise ValueError("sip_messages_per_s must be above 0")
        if self.unkept_after_s <= 0 or self.rtp_timeout_s < 0:
            raise ValueError("unkept_after_s must be above 0, rtp_timeout_s at least 0")

    @property
    def all_trunks(self) -> tuple[TrunkConfig, ...]:
        return self.trunks if self.trunks and self.trunk == TrunkConfig() else (self.trunk, *self.trunks)


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
    :param relay_port: the phone worker's SIP port, on ``sip_host``: where a call from the page goes.
    """

    sip_host: str = "127.0.0.1"
    sip_port: int = DEMO_SIP_PORT
    http_host: str = "127.0.0.1"
    http_port: int = 8070
    rtp_ports: tuple[int, int] = (22_000, 22_999)
    ring_s: float = 3.0
    capacity: int = 100
    relay_port: int = 5062

    def __post_init__(self) -> None:
        for host in (self.sip_host, self.http_host):
            if not ipaddress.ip_address(host).is_loopback:
                raise ValueError("the demonstration phone listens on loopback only")
