"""What is kept of a call: times, endings and figures. Pure."""

from array import array
from statistics import quantiles
from typing import cast, get_args

from relay.control_messages import VisibilityReading
from relay.model import AdviceCode, LegStats, PhoneStats, WatchFor
from signaling.call_model import Call
from signaling.call_terms import Party
from signaling.quality_series import LegReadings, Mean, QualityRecorder, Reading
from signaling.readability import LegReadability
from signaling.records.call_records import (
    CallRecord,
    MeasuredLeg,
    NetworkFigure,
    PhoneLegRecord,
    QualitySeries,
    Readability,
)

MEASURED: tuple[MeasuredLeg, ...] = (
    "signer",
    "agent",
)  # the second is beside the agent for a while only
HISTORY_LIMIT = 3 * 3600  # frame rates kept per leg; one every 2 s, so six hours


class _LegFigures:
    """One leg over the whole call."""

    def __init__(self) -> None:
        self.readings = LegReadings()
        self._rates = array("f")  # pictures per second
        self._bitrate, self._loss, self._trip = Mean(), Mean(), Mean()

    def add(self, reading: Reading, stats: LegStats) -> None:
        if reading.frames_per_second is not None and len(self._rates) < HISTORY_LIMIT:
            self._rates.append(reading.frames_per_second)
        self._bitrate.add(stats.bitrate_bps)
        self._loss.add(stats.fraction_lost)
        self._trip.add(stats.round_trip_time_s)

    def figures(self) -> dict[str, float]:
        rates = self._rates
        found: dict[str, float | None] = {
            "fps_mean": round(sum(rates) / len(rates), 2) if rates else None,
            "fps_p5": round(quantiles(rates, n=20, method="inclusive")[0] if len(rates) > 1 else rates[0], 2)
            if rates
            else None,
            "bitrate_bps_mean": _rounded(self._bitrate, 0),
            "loss_mean": _rounded(self._loss, 4),
            "rtt_s_mean": _rounded(self._trip, 4),
        }
        return {name: value for name, value in found.items() if value is not None}


def _rounded(mean: Mean, digits: int) -> float | None:
    return None if mean.value is None else round(mean.value, digits)


class CallStatistics:
    """Collects readings while the call lasts; memory is bounded."""

    def __init__(self) -> None:
        self._legs: dict[Party, _LegFigures] = {party: _LegFigures() for party in get_args(Party)}
        self._recorder = QualityRecorder()
        self._readable: dict[Party, LegReadability] = {party: LegReadability() for party in get_args(Party)}
        self._phone_loss = Mean()
        self.reconnects = 0

    def network(self, party: Party, stats: LegStats, at: float) -> Reading:
        """:param at: Unix seconds. :returns: what these statistics say of the period since the last ones."""
        leg = self._legs[party]
        reading = leg.readings.next(stats)
        leg.add(reading, stats)
        self._recorder.add(party, reading, at)
        return reading

    def phone(self, stats: PhoneStats) -> None:
        self._phone_loss.add(stats.fraction_lost)

    def visibility(self, reading: VisibilityReading, at: float, watch_for: WatchFor = "signing") -> bool:
        """:param at: Unix seconds. :returns: True once when the signer has not been seen to move for four minutes."""
        leg = self._readable[reading.leg]
        self._recorder.add_signing(reading.leg, *leg.add(reading, at, watch_for), at)
        return reading.leg == "signer" and leg.became_still(at)

    def request(self, party: Party, at: float) -> AdviceCode | None:
        """What may be asked of this person's picture now; None: nothing in particular."""
        return self._readable[party].request(at)

    def readability(self) -> dict[MeasuredLeg, Readability]:
        """Of the legs whose picture was analysed."""
        found = {party: self._readable[party].figures() for party in MEASURED}
        return {party: figures for party, figures in found.items() if figures.advice_s}

    def readable_share(self) -> float | None:
        """Share of the signer's signing time at ``good`` or ``fair``; None: no signing was measured."""
        signer = self._readable["signer"]
        return signer.readable_s / signer.signing_s if signer.signing_s else None

    def figures(self) -> dict[NetworkFigure, float]:
        found = {"reconnects": float(self.reconnects)}
        if self._phone_loss.value is not None:
            found["phone_loss_mean"] = round(self._phone_loss.value, 4)
        for party in MEASURED:
            leg = self._legs[party]
            found |= {f"{party}_{name}": value for name, value in leg.figures().items()}
        return cast("dict[NetworkFigure, float]", found)

    def series(self) -> QualitySeries | None:
        return self._recorder.series()


def call_record(call: Call, statistics: CallStatistics) -> CallRecord:
    """:param call: ended or not; a call under way is written with what is known."""
    end = call.ended_at
    until = call.together_at or end if _was_queued(call) else None
    return CallRecord(
        call_id=call.call_id,
        kind=call.kind,
        mode=call.mode,
        queued_at=call.queued_at,
        brand_id=call.brand_id,
        signer_id=call.signer_id,
        agent_id=None
        if call.rehearsal or call.kind == "video"
        else call.agent_key or (call.served_by[-1] if call.served_by else None),
        trade=call.trade,
        alerted_at=call.alerted_at,
        together_at=call.together_at,
        ended_at=end,
        end_reason=call.end_reason,
        end_fault=call.end_fault,
        wait_s=max(0.0, until - call.queued_at) if until is not None else 0.0,
        talk_s=max(0.0, end - call.together_at) if end and call.together_at else 0.0,
        phone_s=sum(
            max(0.0, leg.ended_at - leg.answered_at) for leg in call.phone_legs if leg.answered_at and leg.ended_at
        ),
        readable_share=statistics.readable_share(),
        readability=statistics.readability(),
        signer_device_type=call.signer_device_type,
        abandoned=call.end_reason == "abandoned" or (call.end_reason == "caller_gave_up" and _was_queued(call)),
        callback=call.callback_id is not None,
        rehearsal=call.rehearsal,
        network=statistics.figures(),
        quality=statistics.series(),
        phone_legs=tuple(
            PhoneLegRecord(
                # a relay call leaves technical endings and times only (PRODUCT, professional secrecy)
                number=leg.target if call.kind == "direct" and not call.rehearsal else None,
                dialled_at=leg.dialled_at,
                answered_at=leg.answered_at,
                ended_at=leg.ended_at,
                outcome=leg.outcome,
                sip_code=leg.sip_code,
            )
            for leg in call.phone_legs
        ),
    )


def _was_queued(call: Call) -> bool:
    """
    An agent was waited for: neither between signers nor while the signer was only rung. For a call-back nobody waits on
    a page: it has times of its own.
    """
    is_outgoing = call.direction == "outgoing" and call.callback_id is None
    return call.kind != "video" and (is_outgoing or (call.direction == "incoming" and call.accepted_at is not None))
