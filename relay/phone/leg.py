"""
What the phone worker asks of a SIP stack, so that another engine can replace the embedded one.

A leg is one dialog. It negotiates SDP itself and tells its listener what was agreed; RTP, mixing and the meaning of
response codes belong to others.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from relay.phone.sdp import LocalAudio, Negotiated

Transport = Literal["udp", "tcp", "tls"]


@dataclass(frozen=True)
class Trying:
    """100: the trunk has the request and works on it."""


@dataclass(frozen=True)
class Ringing:
    """A provisional response above 100, without sound."""

    code: int


@dataclass(frozen=True)
class EarlyMedia:
    """Sound before the answer: ring-back tone or an announcement, to be heard by whom it concerns."""

    code: int
    media: Negotiated


@dataclass(frozen=True)
class Answered:
    media: Negotiated


@dataclass(frozen=True)
class Acknowledged:
    """
    Of a call to us: the peer has our answer, so the INVITE came from where it says it did. Over UDP anybody can write
    somebody's address into one, and a third one's into its description.
    """


@dataclass(frozen=True)
class MediaChanged:
    """A re-INVITE of either side succeeded: address, direction or codec may differ."""

    media: Negotiated


@dataclass(frozen=True)
class Ended:
    """
    The last event of a leg.

    :param sip_code: the final response to an INVITE that failed, None after BYE.
    :param by_us: we hung up, cancelled or refused.
    :param cause: why, in the telephone network's words (Q.850, RFC 3326), when the peer says so.
    """

    sip_code: int | None
    by_us: bool
    cause: int | None = None


@dataclass(frozen=True)
class Held:
    """The peer holds us (re-INVITE without its sound), or takes us back."""

    held: bool


@dataclass(frozen=True)
class KeyPressed:
    """A key sent by SIP INFO (application/dtmf-relay); those of RFC 4733 come with the sound."""

    digit: str


@dataclass(frozen=True)
class Referred:
    """
    The peer asks us to dial ``number`` in its place (REFER); accepted with 202, how it answers is reported back.

    :param replaces: for :attr:`Invite.replaces`: the dialog that the new call shall take over (RFC 3891).
    """

    number: str
    replaces: str | None = None


@dataclass(frozen=True)
class ReferEnded:
    """
    What became of our REFER: the final code of the last NOTIFY or of its refusal; 200: the peer is with others, also
    when it accepted and then hung up; 408: it accepted and told nothing.
    """

    sip_code: int


LegEvent = (
    Trying
    | Ringing
    | EarlyMedia
    | Answered
    | Acknowledged
    | MediaChanged
    | Held
    | KeyPressed
    | Referred
    | ReferEnded
    | Ended
)
LegListener = Callable[[LegEvent], None]


@dataclass(frozen=True)
class Invite:
    """
    An outgoing call.

    :param user: user part of the target, ``+33199000001`` or whatever a ``sip:`` URI had.
    :param domain: host (and port) written in Request-URI and To, as the peer wants to read it.
    :param address: where the request goes: IP address and port, already resolved.
    :param caller_id: None presents the call as anonymous (RFC 3323).
    :param asserted_id: the line's own number, told to the trunk alone (RFC 3325), None for none.
    :param own_hosts: names and addresses of the same trunk: where a redirection or a REFER may lead.
    :param may_follow: whether a redirection (3xx) to this number may be followed; None: none is.
    :param replaces: value of a Replaces header (RFC 3891), from :class:`Referred`.
    """

    user: str
    domain: str
    address: tuple[str, int]
    transport: Transport
    from_domain: str
    audio: LocalAudio
    caller_id: str | None = None
    asserted_id: str | None = None
    username: str | None = None
    password: str | None = None
    is_number: bool = True
    own_hosts: frozenset[str] = frozenset()
    may_follow: Callable[[str], bool] | None = None
    replaces: str | None = None


@dataclass(frozen=True)
class DialogConfig:
    """
    :param session_expires_s: proposed length of a session without a refresh; RFC 4028's recommendation.
    :param min_session_s: shortest one accepted; RFC 4028 allows none below 90 s.
    :param own_hosts: names and addresses by which peers write us and our trunks: where a REFER may point to.
    :param region: where a number without country code is (ISO 3166-1).
    """

    session_expires_s: int = 1800
    min_session_s: int = 90
    own_hosts: frozenset[str] = frozenset()
    region: str = "FR"


@dataclass(frozen=True)
class StoredRequest:
    """A CANCEL or BYE ready to be sent by a process that knows nothing else of the dialog."""

    host: str
    port: int
    transport: Transport
    text: str


class PhoneLeg(Protocol):
    def hold(self, held: bool) -> None:
        """Offer sendonly, or sendrecv again. Takes effect at the peer when it answers; the last wish wins."""

    def hang_up(self) -> None:
        """CANCEL, BYE or rejection, whatever the dialog needs. Harmless when it has ended."""

    def press_by_info(self, digit: str) -> bool:
        """
        A key by SIP INFO (application/dtmf-relay), after those before it have arrived.

        :returns: False when the peer takes none: not answered yet, no INFO in its Allow, or one was refused.
        """

    def refer(self, target: str) -> None:
        """Blind transfer of the peer to a number or ``sip:`` URI; :class:`ReferEnded` follows, we do not hang up."""

    def refer_to(self, other: "PhoneLeg") -> None:
        """Attended transfer of the peer to the answered ``other``, whose dialog it replaces (RFC 3891)."""

    def report(self, sip_code: int) -> None:
        """What became of the call that :class:`Referred` asked for (NOTIFY); 200 and above end the subscription."""

    def farewell(self) -> StoredRequest | None:
        """:returns: what would end the leg now, for a successor; None while there is nothing to end."""


class IncomingLeg(PhoneLeg, Protocol):
    """
    A call to us.

    :param number: of the Request-URI, else of To: E.164 where it is one, else as written. :param caller: E.164, the
        P-Asserted-Identity of a configured trunk, else From; None when the caller asks for privacy (RFC 3323) or has no
        readable number. :param peer_host: IP address it came from. :param transport: by which it came.
    :param offer: the INVITE's description, None when it has none and ours is the offer.
    """

    number: str
    caller: str | None
    peer_host: str
    transport: str
    offer: str | None
    audio: LocalAudio

    def ring(self) -> None: ...

    def early_media(self, audio: LocalAudio) -> None:
        """
        183 with our description; tells :class:`EarlyMedia`. Without an offer in the INVITE only the code goes out.
        """

    def answer(self, audio: LocalAudio) -> None:
        """
        Tells the listener :class:`Answered`, at once or, when the INVITE had no offer, once the peer has answered ours;
        or :class:`Ended` with 488 when nothing can be agreed.
        """

    def reject(self, code: int, reason: str) -> None: ...

    def listen(self, listener: LegListener) -> None: ...


class PhoneStack(Protocol):
    async def start(self) -> None:
        """:raises OSError: the SIP port is taken."""

    def dial(self, invite: Invite, listener: LegListener) -> PhoneLeg: ...

    def send_stored(self, request: StoredRequest) -> None:
        """Send what a dead predecessor left behind, with retransmissions."""

    async def close(self, deadline_s: float) -> None:
        """Wait a moment for transactions under way, then free the ports."""
