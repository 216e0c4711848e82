"""
The nouns of the media plane.

A *leg* is one participant's side of a call. ``signer``, ``agent`` and ``second`` are WebRTC legs, ``phone`` is a SIP
dialog. Whoever comes beside the agent is ``second``, at most one at a time. What each leg receives is not commanded
piece by piece: the runner states the whole :class:`CallPlan` and ``relay.routing`` derives who sees, hears and reads
whom. Stating the same plan twice changes nothing.
"""

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

WebLeg = Literal["signer", "agent", "second"]
Leg = Literal["signer", "agent", "second", "phone"]
WEB_LEGS: Final[tuple[WebLeg, ...]] = ("signer", "agent", "second")
#: As what somebody comes beside the agent; ``relay.routing`` says what each gives and gets.
SecondRole = Literal[
    "consulted",  # asked for advice first; the signer waits meanwhile, the phone party is on hold
    "team",  # second interpreter, who takes turns; the one who is not active prompts
    "interpreter",  # of an agent who does not hear: interprets for the phone party
    "expert",  # second level, brought in: everybody with everybody
    "supervisor",  # after everyone's yes: everybody with everybody, not heard by the phone party
]
LegConnection = Literal["connecting", "connected", "disconnected", "closed"]
PhoneProgress = Literal["trying", "ringing", "early_media", "answered", "held", "ended"]

#: Why a phone leg ended, as the runner needs it. SIP codes map onto these in ``relay.phone.outcome``.
PhoneOutcome = Literal[
    "hung_up",  # by the phone party
    "released",  # by us
    "busy",
    "no_answer",
    "wrong_number",  # 404, 410, 484, 604: the number does not exist
    "declined",
    "unreachable",  # 480 and relatives
    "refused",  # our dialling rules said no
    "trunk_failed",  # no route, 5xx, authentication
    "voicemail",  # a machine answered: marked by whoever heard it
    "hung_up_at_announcement",  # answered, and gone before the announcement was over
    "transferred",  # the phone party speaks to somebody else now
]

#: What may be played to a phone party; each has a sound of the service and may have one of the brand.
Announcement = Literal[
    "ask_code",  # incoming at the centre's number: the signer's code, then #
    "wrong_code",
    "ringing",  # incoming: the person is being called, an interpreter will join
    "seeking_agent",  # accepted: an interpreter is sought
    "please_wait",  # on hold, or the call is taken over by another interpreter
    "leave_message",  # then the tone
    "message_kept",
    "not_reachable",
    "unknown_number",
    "relay",  # outgoing, when the signer asked for a recorded one: « appel par un centre relais… »
]
#: What the hold watcher makes of a phone party's sound.
PhoneSound = Literal["speech", "music", "silence"]

VisibilityLevel = Literal["good", "fair", "poor", "off"]
#: What a person is told about the own picture: one at a time, the most useful first.
AdviceCode = Literal[
    "good",
    "no_person",
    "hands_cut",
    "hands_hidden",
    "face_cut",
    "mouth_hidden",
    "too_near",
    "too_far",
    "off_centre",
    "sideways",
    "too_dark",
    "too_bright",
    "backlit",
    "blurred",
    "covered",
    "frozen",
    "low_frame_rate",
    "low_resolution",
    "idle",
]
#: Why nothing is said of a picture (level ``off``).
OffReason = Literal["no_video", "not_measured", "models_missing", "switched_off"]
Advice = AdviceCode | OffReason
#: What must be seen of a person: both hands or one, face and mouth (LSF); mouth and one hand (LfPC); the mouth alone
#: (own voice, text); before the call, the whole signing space.
WatchFor = Literal["signing", "cued_speech", "lips", "camera_check"]
VideoCodec = Literal["VP8", "H264"]


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Command(Frozen):
    """What signaling asks of a worker (``relay.control_messages``): an older epoch than the call's is refused."""

    call_id: str
    epoch: int = Field(ge=0)


class IceServer(Frozen):
    urls: tuple[str, ...]
    username: str | None = None
    credential: str | None = None


class Tap(Frozen):
    """Where a copy of a leg's base temporal layer goes (``relay.datagram`` format)."""

    leg: WebLeg = "signer"
    socket: str = Field(description="path of the visibility worker's Unix datagram socket")


class CallPlan(Frozen):
    """
    What a call's media should be now.

    :param bridged: signer and agent see and read each other (false while the signer only waits).
    :param signer_voice: VCO: the signer's own voice is passed on.
    :param signer_hearing: HCO: the signer hears the phone party (or, without phone, the agent).
    :param agent_hidden: the agent's picture is withheld (hide own picture; privacy); ``second_hidden`` the second's.
    :param second: the role of the second; None: nobody is there beside the agent, whatever legs have media.
    :param active: of a team: who signs to the signer and speaks to the phone party.
    :param swapping: of a team: the signer sees both for a moment.
    :param phone_socket: path of the phone worker's audio datagram socket while a phone leg has media, else None.
    :param phone_held: the phone party is on hold: hears nobody, nobody hears it.
    :param phone_text: the phone leg carries real-time text (RFC 4103): web legs get a ``t140`` channel ``phone``.
    :param taps: at most one for each leg.
    :param unclear: whose picture cannot be read for want of sharpness, as the visibility worker sees it.
    """

    bridged: bool = False
    signer_voice: bool = False
    signer_hearing: bool = False
    signer_muted: bool = False
    agent_muted: bool = False
    agent_hidden: bool = False
    second: SecondRole | None = None
    second_muted: bool = False
    second_hidden: bool = False
    active: Literal["agent", "second"] = "agent"
    swapping: bool = False
    phone_socket: str | None = None
    phone_held: bool = False
    phone_text: bool = False
    taps: tuple[Tap, ...] = ()
    unclear: tuple[WebLeg, ...] = ()


class Encoding(Frozen):
    """
    What a leg, as sender of its picture, is asked for (W3C RTCRtpEncodingParameters).

    :param scale_resolution_down_by: 1 is the camera's own size.
    """

    max_bitrate_bps: int = Field(gt=0)
    scale_resolution_down_by: float = Field(ge=1)
    max_framerate: float = Field(gt=0, description="pictures per second")


class LegStats(Frozen):
    """
    One leg's media over the last period, names after W3C webrtc-stats.

    What comes *from* the leg (inbound-rtp): ``frames_per_second`` to ``codec``. What goes *to* it (outbound-rtp and
    remote-inbound-rtp, as the leg reports it): ``fraction_lost`` (0..1) to ``retransmitted_packets_sent``. Rates are
    over the period, counts since the leg's peer connection began.
    """

    frames_per_second: float = 0.0
    bitrate_bps: int = 0
    packets_received: int = 0
    packets_lost: int = 0
    jitter_s: float | None = None
    audio_level: float | None = Field(default=None, description="0..1 linear, W3C audioLevel; None without audio")
    frame_width: int | None = None
    frame_height: int | None = None
    freeze_count: int = 0
    total_freezes_duration_s: float = 0.0
    nack_count: int = Field(default=0, description="packets we asked the leg for again")
    pli_count: int = Field(default=0, description="key frames we asked the leg for")
    codec: VideoCodec | None = None

    fraction_lost: float = 0.0
    round_trip_time_s: float | None = None
    sent_frames_per_second: float = 0.0
    sent_second_frames_per_second: float = Field(default=0.0, description="of the second picture, if it gets two")
    sent_bitrate_bps: int = 0
    available_outgoing_bitrate_bps: int | None = Field(
        default=None, description="what the line to the leg carries, estimated; None before the first feedback"
    )
    packets_sent: int = 0
    retransmitted_packets_sent: int = 0


class TapStats(LegStats):
    """
    Of a tapped leg, to its watcher.

    :param ask_at: the datagram address (path or ``udp://``) where the watcher can ask for a key frame; None: nowhere.
    """

    ask_at: str | None = None


class PhoneStats(Frozen):
    """
    One phone leg over the last period, names after W3C webrtc-stats.

    :param codec: ``opus``, ``G722``, ``PCMA``, ``PCMU``. :param is_encrypted: SRTP.
    :param fraction_lost: 0..1 of the packets from the phone; ``remote_fraction_lost`` of ours, as it reports.
    :param delay_s: that our own buffering adds to the phone's sound, median.
    :param echo_return_loss_db: how much weaker our own sound comes back from the far end; None: no echo found.
    :param echo_delay_s: after how long it comes back.
    """

    codec: str
    is_encrypted: bool = False
    packets_received: int = 0
    packets_sent: int = 0
    fraction_lost: float = 0.0
    remote_fraction_lost: float | None = None
    jitter_s: float | None = None
    round_trip_time_s: float | None = None
    delay_s: float | None = None
    echo_return_loss_db: float | None = None
    echo_delay_s: float | None = None
