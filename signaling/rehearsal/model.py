"""The nouns of a rehearsal: what is asked for, what was measured, what it is worth. Plain values."""

from dataclasses import dataclass, field
from typing import Literal

from relay.model import Leg, PhoneOutcome, WebLeg
from signaling.call_model import EndReason, Mode

Phase = Literal["agent_speaks", "signer_speaks"]
PHASES: tuple[Phase, ...] = ("agent_speaks", "signer_speaks")
#: Who sounds in which phase; the phone's tone is continuous.
SPEAKER: dict[Phase, WebLeg] = {"agent_speaks": "agent", "signer_speaks": "signer"}

CheckStatus = Literal["passed", "warned", "failed", "skipped"]


@dataclass(frozen=True)
class Scenario:
    """
    A course with its expected result.

    :param number: E.164 of the demonstration phone. :param outcome: how the phone leg ends, None when never dialled.
    :param proves_media: True: the tones and codes of every leg are measured while the phone is on the line.
    """

    name: str
    label: str
    number: str
    outcome: PhoneOutcome | None
    answers: bool
    end_reason: EndReason
    proves_media: bool = False


@dataclass(frozen=True)
class Tones:
    """Frequencies of one call's voices, Hz. The phone's is None when its sound is not known beforehand."""

    signer: float
    agent: float
    phone: float | None = 440.0

    def of(self, leg: Leg) -> float | None:
        return {"signer": self.signer, "agent": self.agent, "phone": self.phone}[leg]


@dataclass(frozen=True)
class Plan:
    """What to rehearse and how long each wait may take."""

    scenario: Scenario
    mode: Mode = "LSF"
    voice: bool = False
    hearing: bool = False
    emergency: bool = False
    phone_uri: str | None = None  # dialled instead of the scenario's number
    phone_is_demo: bool = True  # False: what it hears cannot be asked
    phone_tone_hz: float | None = None  # of a phone from outside; None: its voice is not known
    width: int = 640  # pixels; EN 301 549 §6.5.2
    height: int = 480
    fps: float = 25.0  # PRODUCT's own aim
    measure_s: float = 6.0  # window in which rates and delays are measured
    phase_s: float = 3.0  # one voice alone: 1 s to settle, two FFT windows
    step_timeout_s: float = 20.0  # any step of ours
    alert_timeout_s: float = 30.0  # an alert of 20 s to somebody else may come first
    ring_timeout_s: float = 75.0  # the service gives up ringing at 60
    visibility_timeout_s: float = 12.0  # the first reading waits for the detector to load


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
class Measurements:
    """Everything one call gave; what could not be measured is None or absent."""

    states: tuple[str, ...]
    expected_ids: dict[WebLeg, int]  # viewer -> the only participant it may see
    tones: Tones
    outcome: PhoneOutcome | None = None
    end_reason: EndReason | None = None
    emergency: str | None = None
    pictures: dict[WebLeg, PictureSeen] = field(default_factory=dict)
    sounds: tuple[SoundHeard, ...] = ()
    texts: tuple[TextSeen, ...] = ()
    visibility: dict[WebLeg, Visibility] = field(default_factory=dict)
    stayed_together: bool | None = None  # pictures went on after the phone was gone
    recorded: bool | None = None
    load: Load | None = None
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
