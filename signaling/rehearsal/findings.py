"""What one call gives while it is played, and the measurements and figures made of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from relay.model import PhoneOutcome, WebLeg
from signaling.call_terms import EndReason
from signaling.rehearsal.checks import percentile
from signaling.rehearsal.model import Load, Measurements, PictureSeen, Proof, SoundHeard, TextSeen, Tones, Visibility
from signaling.rehearsal.participant import Participant


@dataclass
class Findings:
    """Measurements as they come in."""

    outcome: PhoneOutcome | None = None
    end_reason: EndReason | None = None
    pictures: dict[WebLeg, PictureSeen] = field(default_factory=dict)
    sounds: list[SoundHeard] = field(default_factory=list)
    texts: list[TextSeen] = field(default_factory=list)
    stayed_together: bool | None = None
    recorded: bool | None = None
    load: Load | None = None
    proofs: dict[str, Proof] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)


def measurements(
    found: Findings, tones: Tones, signer: Participant, served: Sequence[Participant], told: WebLeg
) -> Measurements:
    """:param served: our agents who had the call, in order. :param told: whose page tells the course."""
    agent = served[-1] if served else None
    pages = [signer, *served]
    teller = agent if told == "agent" else signer
    codes = [*found.errors, *(code for page in pages for code in page.client.error_codes)]
    return Measurements(
        states=tuple(state.value for _, state in teller.client.states) if teller is not None else (),
        expected_ids={"signer": agent.ident if agent is not None else 0, "agent": signer.ident},
        tones=tones,
        outcome=found.outcome,
        end_reason=found.end_reason,
        pictures=found.pictures,
        sounds=tuple(found.sounds),
        texts=tuple(found.texts),
        visibility={page.leg: _readings(page) for page in pages},
        stayed_together=found.stayed_together,
        recorded=found.recorded,
        load=found.load,
        proofs=found.proofs,
        errors=tuple(dict.fromkeys(codes)),
    )


def _readings(page: Participant) -> Visibility:
    return Visibility(tuple(page.client.visibility_levels), dict(page.client.visibility_advice))


def figures(seen: Measurements) -> dict[str, float | int | str | None]:
    """Numbers for programs: rates in 1/s, delays in ms."""
    figures: dict[str, float | int | str | None] = {}
    for leg, picture in seen.pictures.items():
        p50, p95 = percentile(picture.delays_ms, 0.5), percentile(picture.delays_ms, 0.95)
        figures |= {
            f"{leg}_receives_fps": round(picture.fps, 2),
            f"{leg}_receives_width": picture.width,
            f"{leg}_receives_height": picture.height,
            f"{leg}_delay_p50_ms": round(p50, 1) if p50 is not None else None,
            f"{leg}_delay_p95_ms": round(p95, 1) if p95 is not None else None,
            f"{leg}_longest_gap_ms": round(picture.longest_gap_ms, 1),
        }
    if seen.load is not None:
        figures["rehearsal_cpu_share"] = round(seen.load.cpu_share, 2)
        figures["rehearsal_lag_p95_ms"] = round(percentile(seen.load.lags_ms, 0.95) or 0.0, 1)
    for text in seen.texts:
        figures[f"{text.reader}_text_delay_ms"] = round(text.delay_ms, 1) if text.delay_ms is not None else None
    return figures
