"""What is kept of a call: times, endings and figures. Pure."""

from collections import Counter
from statistics import fmean, quantiles
from typing import cast

from relay.model import LegStats, VisibilityLevel
from signaling.call_model import Call, Party
from signaling.records.model import CallRecord, NetworkFigure, PhoneLegRecord

HISTORY_LIMIT = 3 * 3600  # readings kept per leg; one every 2 s, so six hours


class CallStatistics:
    """Collects readings while the call lasts; memory is bounded."""

    def __init__(self) -> None:
        self._legs: dict[Party, list[LegStats]] = {"signer": [], "agent": []}
        self._levels: Counter[VisibilityLevel] = Counter()
        self.reconnects = 0

    def network(self, party: Party, stats: LegStats) -> None:
        if len(self._legs[party]) < HISTORY_LIMIT:
            self._legs[party].append(stats)

    def visibility(self, level: VisibilityLevel) -> None:
        self._levels[level] += 1

    def readable_share(self) -> float | None:
        """Share of measured seconds at ``good`` or ``fair``; None when nothing was measured."""
        measured = sum(self._levels[level] for level in ("good", "fair", "poor"))
        return (self._levels["good"] + self._levels["fair"]) / measured if measured else None

    def _leg_figures(self, party: Party) -> dict[str, float]:
        legs = self._legs[party]
        if not legs:
            return {}
        rates = [stats.frames_per_second for stats in legs]
        trips = [stats.round_trip_time_s for stats in legs if stats.round_trip_time_s is not None]
        found = {
            "fps_mean": round(fmean(rates), 2),
            "fps_p5": round(quantiles(rates, n=20)[0], 2) if len(rates) > 1 else rates[0],
            "bitrate_bps_mean": float(round(fmean(stats.bitrate_bps for stats in legs))),
            "loss_mean": round(fmean(stats.fraction_lost for stats in legs), 4),
        }
        if trips:
            found["rtt_s_mean"] = round(fmean(trips), 4)
        return found

    def figures(self) -> dict[NetworkFigure, float]:
        found = {"reconnects": float(self.reconnects)}
        parties: tuple[Party, ...] = ("signer", "agent")
        for party in parties:
            found |= {f"{party}_{name}": value for name, value in self._leg_figures(party).items()}
        return cast("dict[NetworkFigure, float]", found)


def call_record(call: Call, statistics: CallStatistics) -> CallRecord:
    """:param call: ended or not; a call under way is written with what is known."""
    end = call.ended_at
    until = call.together_at or end
    return CallRecord(
        call_id=call.call_id,
        kind=call.kind,
        mode=call.mode,
        queued_at=call.queued_at,
        brand_id=call.brand_id,
        signer_id=call.signer_id,
        agent_id=None if call.rehearsal else call.agent_key or (call.served_by[-1] if call.served_by else None),
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
        abandoned=call.end_reason == "abandoned",
        rehearsal=call.rehearsal,
        network=statistics.figures(),
        phone_legs=tuple(
            PhoneLegRecord(
                # a relay call leaves technical endings and times only (PRODUCT, professional secrecy)
                number=None if call.rehearsal or call.kind == "relay" else leg.target,
                dialled_at=leg.dialled_at,
                answered_at=leg.answered_at,
                ended_at=leg.ended_at,
                outcome=leg.outcome,
                sip_code=leg.sip_code,
            )
            for leg in call.phone_legs
        ),
    )
