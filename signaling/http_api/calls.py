"""A call's quality over time, for the staff: figures only, the same for relay and direct calls."""

from aiohttp import web
from pydantic import TypeAdapter

from signaling.auth import person_of
from signaling.http_api.keys import RECORDS
from signaling.http_api.problem import ProblemError
from signaling.records.call_records import CallRecord, MeasuredLeg, QualitySeries, Readability
from signaling.records.model import Person

_SERIES: TypeAdapter[QualitySeries] = TypeAdapter(QualitySeries)
_READABILITY: TypeAdapter[dict[MeasuredLeg, Readability]] = TypeAdapter(dict[MeasuredLeg, Readability])
_EVERY_CALL = frozenset({"supervisor", "operator"})


async def call_quality(request: web.Request) -> web.Response:
    """
    ``records.call_records.QualitySeries`` as JSON, and how readable the call was over its whole length.

    :raises ProblemError: nobody is signed in, a signer is; no such call, none that this person may look at, or nothing
        was measured in it: which of these is not told.
    """
    person = await person_of(request)
    if person is None:
        raise ProblemError("not_signed_in")
    if person.role == "signer":
        raise ProblemError("wrong_role")
    call = await request.app[RECORDS].calls.find(request.match_info["call_id"])
    if call is None or call.quality is None or not _may_see(person, call):
        raise ProblemError("unknown_call")
    body = {
        **_SERIES.dump_python(call.quality, mode="json"),
        "readable_share": call.readable_share,
        "readability": _READABILITY.dump_python(call.readability, mode="json"),
        "signer_device_type": call.signer_device_type,
    }
    return web.json_response(body, headers={"Cache-Control": "no-store"})


def _may_see(person: Person, call: CallRecord) -> bool:
    return person.role in _EVERY_CALL or (person.role == "agent" and person.id == call.agent_id)
