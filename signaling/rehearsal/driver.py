"""Plays one call, stage by stage as its scenario says, and reports what was found."""

from signaling.call_terms import CallState
from signaling.rehearsal.checks import judge
from signaling.rehearsal.client import RehearsalError, UnreachableError
from signaling.rehearsal.findings import figures, measurements
from signaling.rehearsal.model import CallReport
from signaling.rehearsal.play import CallInPlay, Equipment
from signaling.rehearsal.stages import STAGES


async def play_call(equipment: Equipment) -> CallReport:
    """:returns: always: what went wrong is in the report."""
    play = CallInPlay(equipment)
    play.found.recorded = False if equipment.probe is not None else None
    try:
        for stage in equipment.plan.scenario.stages:
            await STAGES[stage](play)
    except RehearsalError as error:
        play.step("failed", str(error))
        play.found.errors.append(error.code)
    except UnreachableError as error:  # a page that could not come back
        play.step("failed", str(error))
        play.found.errors.append("unreachable")
    finally:
        await _leave(play)
    return _report(play)


async def _leave(play: CallInPlay) -> None:
    """Whatever happened, nobody stays in a call."""
    for who in (play.signer, *play.served):
        call = who.client.call
        if not who.client.is_open or call is None or call.state is CallState.ENDED or "hang_up" not in call.actions:
            continue
        try:
            await play.act(who, "hang_up")
        except RehearsalError as error:
            play.found.errors.append(error.code)
        return


def _report(play: CallInPlay) -> CallReport:
    scenario = play.plan.scenario
    seen = measurements(play.found, play.tones, play.signer, play.served, scenario.told)
    return CallReport(
        call_id=play.call_id or None,
        scenario=scenario.name,
        steps=tuple(play.steps),
        checks=judge(play.plan, seen),
        figures=figures(seen),
    )
