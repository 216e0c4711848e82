"""The nouns of a rehearsal: what is asked for, what was measured, what it is worth. Plain values."""

from dataclasses import dataclass, field
from typing import Literal

from relay.model import Leg, PhoneOutcome, WebLeg
from signaling.call_terms import CallKind, EndReason, Mode

Phase = Literal["agent_speaks", "signer_speaks"]
PHASES: tuple[Phase, ...] = ("agent_speaks", "signer_speaks")
#: Who sounds in which phase; the phone's tone is continuous.
SPEAKER: dict[Phase, WebLeg] = {"agent_speaks": "agent", "signer_speaks": "signer"}

CheckStatus = Literal["passed", "warned", "failed", "skipped"]


#: One step of a course; what each does is in ``signaling.rehearsal.stages``.
Stage = Literal[
    "ask_emergency",
    "request_emergency",
    "be_called",
    "accept",
    "caller_presses",
    "caller_hangs_up",
    "request",
    "meet",
    "alerts",
    "see",
    "see_again",
    "type",
    "dial",
    "dial_in_vain",
    "dial_second",
    "measure",
    "visibility",
    "hear",
    "hear_again",
    "hold",
    "resume",
    "dtmf",
    "mute",
    "unmute",
    "hide",
    "show",
    "lose_agent",
    "consult",
    "hand_over",
    "hand_on",
    "first_finishes",
    "take_over",
    "agent_returns",
    "lose_signer",
    "signer_returns",
    "outlast",
    "hang_up_phone",
    "phone_gone",
    "stay",
    "hang_up",
    "agent_hangs_up",
    "wait_end",
    "rate",
    "wrap_up",
    "refuse_note",
    "finish",
    "record",
]
#: How one of our agents takes an alert, other than by accepting it.
AlertAnswer = Literal["decline", "ignore"]


@dataclass(frozen=True)
class Scenario:
    """
    A course with its expected result: data only.

    :param stages: in order. :param course: states that must come, in this order; others may lie between them.
    :param end_reason, outcome: how the call and its last phone leg end; None: there is none.
    :param number, second: E.164 of the demonstration phone; what the signer dials after it.
    :param agents: of ours, for each call. :param alerts: how they take its first alerts; the next one is accepted.
    :param speaks: the signer uses voice and hearing whatever was asked for.
    :param told: whose page tells the course. :param needs_short_times: too slow, or not to be had, elsewhere.
    """

    name: str
    label: str
    stages: tuple[Stage, ...]
    course: tuple[str, ...] = ()
    end_reason: EndReason | None = "completed"
    outcome: PhoneOutcome | None = None
    number: str = ""
    second: str | None = None
    kind: CallKind = "relay"
    agents: int = 1
    alerts: tuple[AlertAnswer, ...] = ()
    speaks: bool = False
    told: WebLeg = "signer"
    needs_short_times: bool = False

    @property
    def proves_media(self) -> bool:
        """The tones and codes of every leg are measured over some seconds."""
        return "measure" in self.stages


@dataclass(frozen=True)
class OwnTimes:
    """Waiting times of a service that is started for rehearsals, seconds: nobody works on it."""

    ring_timeout_s: int = 5  # the least that the service takes
    demo_ring_s: float = 0.3
    alert_s: float = 3.0  # our agents answer in milliseconds, on a busy machine too
    agent_grace_s: float = 2.0
    signer_grace_s: float = 3.0


@dataclass(frozen=True)
class Tones:
    """
    Frequencies of one call's voices, Hz. The phone's is None when its sound is not known beforehand, the second's where
    nobody comes beside the agent.
    """

    signer: float
    agent: float
    phone: float | None = 440.0
    second: float | None = None

    def of(self, leg: Leg) -> float | None:
        return {"signer": self.signer, "agent": self.agent, "second": self.second, "phone": self.phone}[leg]


@dataclass(frozen=True)
class Plan:
    """What to rehearse and how long each wait may take."""

    scenario: Scenario
    mode: Mode = "LSF"
    voice: bool = False
    hearing: bool = False
    phone_uri: str | None = None  # dialled instead of the scenario's number
    phone_is_demo: bool = True  # False: what it hears cannot be asked
    phone_tone_hz: float | None = None  # of a phone from outside; None: its voice is not known
    width: int = 640  # pixels; EN 301 549 §6.5.2
    height: int = 480
    fps: float = 25.0  # PRODUCT's own aim
    measure_s: float = 5.0  # window in which rates and delays are measured
    phase_s: float = 2.5  # one voice alone: 1.5 s to settle, two FFT windows
    step_timeout_s: float = 20.0  # any step of ours
    alert_timeout_s: float = 30.0  # an alert of 20 s to somebody else may come first
    ring_timeout_s: float = 75.0  # the service gives up ringing at 60
    visibility_timeout_s: float = 12.0  # the first reading waits for the detector to load
    proof_timeout_s: float = 15.0  # a sound or a picture that must come, or go: an announcement of 5 s to its end
    times: OwnTimes = OwnTimes()  # of an own service; scenarios that need them run nowhere else


@dataclass(frozen=True)
class Step:
    """:param at_s: since the signer's page connected. :param name: stable, for programs."""

    at_s: float
    name: str
    detail: str = ""


@dataclass(frozen=True)
class PictureSeen:
    """
    What one leg saw during the window.

    :param ids: participants read in the code of any picture of the whole call. :param unread: pictures without one.
    :param delays_ms: glass to glass: drawn to decoded, by the time in the code.
    """

    ids: frozenset[int]
    frames: int
    unread: int
    fps: float
    width: int
    height: int
    delays_ms: tuple[float, ...] = ()
    longest_gap_ms: float = 0.0


@dataclass(frozen=True)
class SoundHeard:
    """:param hz: peaks heard in the phase's last second, strongest first; empty: silence. None: nobody could listen."""

    listener: Leg
    phase: Phase
    hz: tuple[float, ...] | None


@dataclass(frozen=True)
class TextSeen:
    """:param delay_ms: of the whole text, sent to read; None: it did not come whole."""

    reader: WebLeg
    sent: str
    received: str
    delay_ms: float | None


@dataclass(frozen=True)
class Visibility:
    """Readings that reached one page. :param levels: in order. :param advice: code -> how often."""

    levels: tuple[str, ...] = ()
    advice: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Load:
    """
    How busy the rehearsal itself is.

    :param cpu_share: of one core, all threads together (2.0: two cores). :param lags_ms: how late its loop woke up.
    """

    cpu_share: float
    lags_ms: tuple[float, ...]


@dataclass(frozen=True)
class Proof:
    """What a stage found. :param passed: None: could not be measured, ``measured`` says why."""

    passed: bool | None
    measured: str


@dataclass(frozen=True)
class Measurements:
    """Everything one call gave; what could not be measured is None or absent."""

    states: tuple[str, ...]
    expected_ids: dict[WebLeg, int]  # viewer -> the only participant it may see
    tones: Tones
    outcome: PhoneOutcome | None = None
    end_reason: EndReason | None = None
    pictures: dict[WebLeg, PictureSeen] = field(default_factory=dict)
    sounds: tuple[SoundHeard, ...] = ()
    texts: tuple[TextSeen, ...] = ()
    visibility: dict[WebLeg, Visibility] = field(default_factory=dict)
    stayed_together: bool | None = None  # pictures went on after the phone was gone
    recorded: bool | None = None
    load: Load | None = None
    proofs: dict[str, Proof] = field(default_factory=dict)
    errors: tuple[str, ...] = ()


@dataclass(frozen=True)
class Check:
    """:param name: stable, for programs. :param label, measured, expected: for people, in French."""

    name: str
    label: str
    status: CheckStatus
    measured: str
    expected: str


@dataclass(frozen=True)
class CallReport:
    """One call: its course and what it is worth."""

    call_id: str | None
    scenario: str
    steps: tuple[Step, ...]
    checks: tuple[Check, ...]
    figures: dict[str, float | int | str | None] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return all(check.status != "failed" for check in self.checks)

    @property
    def lasted_s(self) -> float:
        return max((step.at_s for step in self.steps), default=0.0)
