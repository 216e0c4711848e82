"""Boards as the service would send them: a calm one and a busy one."""

import time

from signaling.call_terms import CallState
from signaling.messages.board import Board, BoardAgent, BoardQueue, BoardRequest

RELAY, TOWN = "relay/LSF", "mairie/LSF"


def agent(agent_id: str, name: str, state: str = "idle", **more: object) -> BoardAgent:
    presence = {"paused": "paused", "training": "training"}.get(state, "available")
    fields = {"agent_id": agent_id, "name": name, "presence": presence, "state": state, "since": time.time() - 190}
    return BoardAgent.model_validate({"trades": ("interpreter",), **fields, **more})


def request(call_id: str, queue: str, waited_s: float, position: int, **more: object) -> BoardRequest:
    fields = {
        "call_id": call_id,
        "queue": queue,
        "kind": "relay" if queue == RELAY else "direct",
        "mode": "LSF",
        "state": CallState.QUEUED,
        "queued_at": time.time() - waited_s,
        "position": position,
    }
    return BoardRequest.model_validate(fields | more)


def calm() -> Board:
    queues = (
        BoardQueue(queue=RELAY, mode="LSF", serving=2, idle=2, answered=41, abandoned=1, service_level=0.93),
        BoardQueue(queue=TOWN, brand_name="Mairie de Démonstration", mode="LSF", serving=1, idle=1),
    )
    return Board(now=time.time(), queues=queues, agents=(agent("a1", "Inès"), agent("a2", "Léo")))


def busy() -> Board:
    relay = BoardQueue(
        queue=RELAY,
        mode="LSF",
        waiting=3,
        callbacks=1,
        serving=4,
        idle=0,
        longest_wait_s=245.0,
        wait_low_s=180,
        wait_high_s=420,
        answered=41,
        abandoned=6,
        mean_wait_s=84.0,
        service_level=0.71,
        service_level_now=0.58,
        alerts=("longest_wait", "service_level"),
    )
    town = BoardQueue(
        queue=TOWN,
        brand_name="Mairie de Démonstration",
        mode="LSF",
        waiting=1,
        longest_wait_s=38.0,
        answered=12,
        called_back=4,
        service_level=1.0,
        service_level_now=1.0,
        alerts=("nobody",),
    )
    return Board(
        now=time.time(),
        queues=(relay, town, BoardQueue(queue="relay/LfPC", mode="LfPC")),
        agents=(
            agent("a1", "Inès", "engaged", kind="relay", break_due=True, pause_after_call=True),
            agent("a2", "Léo", "wrap_up"),
            agent("a3", "Sam", "paused", reason="rest_eyes_hands"),
            agent("a4", "Adam", "engaged", kind="direct", call_id="call-9", trades=("adviser",)),
            agent("a5", "Zoé", "not_responding", misses=3),
            agent("a6", "Nour", "alerting", trades=("interpreter", "transcriber")),
        ),
        requests=(
            request("w1", RELAY, 245, 1, priority=100, state=CallState.ALERTING),
            request("w2", RELAY, 130, 2),
            request("w3", RELAY, 60, 3, callback=True),
            request("w4", TOWN, 38, 1),
        ),
    )
