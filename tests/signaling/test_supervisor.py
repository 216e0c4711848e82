"""The supervisor with real processes, small ones."""

import asyncio
import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from signaling.log import ChildOutput
from signaling.supervisor import Backoff, Child, Pulse, Supervisor

QUICK = Backoff(first_s=0.01, longest_s=0.05)
DEADLINE_S = 20.0


async def always_ready() -> bool:
    return True


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not condition():
            await asyncio.sleep(0.01)


def is_alive(process_id: int) -> bool:
    """A zombie counts as gone: nobody here waits for grandchildren."""
    try:
        return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


class Stage:
    """Children that write what happens to them into one journal."""

    def __init__(self, directory: Path) -> None:
        self.journal = directory / "journal"
        self.lines: list[tuple[str, str]] = []

    def child(self, name: str, body: str = "", *, stage: int = 0, stop_stage: int = 0, **options: object) -> Child:
        """:param body: Python, run once the child waits for SIGTERM; ``note(word)`` writes into the journal."""
        program = f"""
            import os, signal, sys, time
            def note(word):
                fd = os.open({str(self.journal)!r}, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
                os.write(fd, f"{name} {{word}}\\n".encode()); os.close(fd)
            def ended(*_):
                note("stopped"); sys.exit(0)
            signal.signal(signal.SIGTERM, ended)
            note("started")
        """
        source = textwrap.dedent(program) + textwrap.dedent(body) + "\nwhile True: time.sleep(60)\n"
        settings: dict[str, object] = {"is_ready": self.noted(f"{name} started"), "stop_deadline_s": 5.0} | options
        return Child(
            name=name,
            argv=[sys.executable, "-c", source],
            stage=stage,
            stop_stage=stop_stage,
            **settings,  # type: ignore[arg-type]
        )

    def noted(self, line: str) -> Callable[[], object]:
        async def is_ready() -> bool:
            return line in self.history()

        return is_ready

    def history(self) -> list[str]:
        return self.journal.read_text().splitlines() if self.journal.exists() else []

    def on_output(self, name: str, line: str) -> None:
        self.lines.append((name, line))

    @asynccontextmanager
    async def running(self, *children: Child) -> AsyncIterator[Supervisor]:
        supervisor = Supervisor(children, self.on_output, QUICK)
        try:
            await supervisor.start()
            yield supervisor
        finally:
            await supervisor.stop()


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def test_waits_between_starts_grow_to_a_bound_and_never_end() -> None:
    backoff = Backoff(first_s=0.2, longest_s=15.0, steady_s=30.0)
    failures, waits = 0, []
    for _ in range(200):
        failures = backoff.failures(failures, ran_s=1.0)
        waits.append(backoff.delay_s(failures))
    assert waits[:4] == [0.2, 0.4, 0.8, 1.6]
    assert waits == sorted(waits)
    assert waits[-1] == 15.0


def test_process_that_ran_long_starts_again_at_once() -> None:
    backoff = Backoff(first_s=0.2, longest_s=15.0, steady_s=30.0)
    assert backoff.delay_s(backoff.failures(7, ran_s=31.0)) == 0.2


async def test_stages_start_in_order_and_stop_in_their_own(stage: Stage) -> None:
    first = stage.child("first", stage=0, stop_stage=0)
    second = stage.child("second", stage=1, stop_stage=2)
    third = stage.child("third", stage=2, stop_stage=1)
    async with stage.running(third, first, second):
        assert stage.history() == ["first started", "second started", "third started"]
    assert stage.history()[3:] == ["second stopped", "third stopped", "first stopped"]


async def test_killed_process_is_started_again_and_its_siblings_do_not_notice(stage: Stage) -> None:
    async with stage.running(stage.child("one"), stage.child("other")) as supervisor:
        killed, spared = supervisor.process_id("one"), supervisor.process_id("other")
        assert killed and spared
        os.kill(killed, signal.SIGKILL)
        await until(lambda: stage.history().count("one started") == 2)
        assert supervisor.process_id("one") not in (None, killed)
        assert supervisor.process_id("other") == spared
        assert stage.history().count("other started") == 1


async def test_hung_process_is_killed_and_started_again_while_a_slow_one_is_left_alone(stage: Stage) -> None:
    answers = {"hung": [True], "slow": [False, True]}  # the last one goes on for ever

    def alive(name: str) -> Callable[[], Awaitable[bool]]:
        async def is_alive() -> bool:
            await asyncio.sleep(0)
            return answers[name].pop(0) if len(answers[name]) > 1 else answers[name][0]

        return is_alive

    hung, slow = stage.child("hung", is_alive=alive("hung")), stage.child("slow", is_alive=alive("slow"))
    supervisor = Supervisor([hung, slow], stage.on_output, QUICK, Pulse(period_s=0.01, missed=2))
    try:
        await supervisor.start()
        process_id = supervisor.process_id("hung")
        assert process_id is not None
        os.kill(process_id, signal.SIGSTOP)
        answers["hung"] = [False, False, True]
        await until(lambda: stage.history().count("hung started") == 2)
        assert stage.history().count("slow started") == 1
        assert not is_alive(process_id)
    finally:
        await supervisor.stop()


async def test_process_that_always_ends_is_tried_again_and_again(stage: Stage) -> None:
    failing = stage.child("failing", "sys.exit(3)", is_ready=always_ready)
    async with stage.running(failing, stage.child("steady")) as supervisor:
        await until(lambda: stage.history().count("failing started") >= 4)
        assert supervisor.process_id("steady") is not None


async def test_program_that_does_not_exist_hinders_nobody(stage: Stage) -> None:
    absent = Child("absent", ["/nowhere/absent"], 0, 0, always_never, ready_deadline_s=0.2)
    supervisor = Supervisor([absent, stage.child("steady")], stage.on_output, QUICK)
    try:
        assert await supervisor.start() == ["absent"]
        assert supervisor.process_id("steady") is not None
    finally:
        await supervisor.stop()


async def always_never() -> bool:
    return False


async def test_process_that_ignores_sigterm_is_killed_after_its_deadline(stage: Stage) -> None:
    body = "signal.signal(signal.SIGTERM, signal.SIG_IGN); note('deaf')"
    deaf = stage.child("deaf", body, is_ready=stage.noted("deaf deaf"), stop_deadline_s=0.2)
    async with stage.running(deaf) as supervisor:
        process_id = supervisor.process_id("deaf")
        assert process_id
    assert not is_alive(process_id)


async def test_grandchild_left_behind_is_ended_and_does_not_hold_up_the_restart(stage: Stage) -> None:
    body = """
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            note(f"grandchild {os.getpid()}")
            time.sleep(600)
    """
    async with stage.running(stage.child("parent", body)) as supervisor:
        await until(lambda: any("grandchild" in line for line in stage.history()))
        grandchild = int(next(line for line in stage.history() if "grandchild" in line).split()[-1])
        parent = supervisor.process_id("parent")
        assert parent
        os.kill(parent, signal.SIGKILL)
        await until(lambda: stage.history().count("parent started") == 2)
        await until(lambda: not is_alive(grandchild))


async def test_stop_during_start_leaves_nothing_running(stage: Stage) -> None:
    supervisor = Supervisor([stage.child("slow", is_ready=always_never)], stage.on_output, QUICK)
    starting = asyncio.create_task(supervisor.start())
    await until(lambda: "slow started" in stage.history())
    process_id = supervisor.process_id("slow")
    assert process_id
    starting.cancel()
    await supervisor.stop()
    assert not is_alive(process_id)


async def test_output_arrives_line_by_line_under_the_process_name(stage: Stage) -> None:
    body = """
        print("to stdout", flush=True)
        print("x" * 200_000, file=sys.stderr, flush=True)
        print("after the long one", flush=True)
    """
    async with stage.running(stage.child("talker", body)):
        await until(lambda: ("talker", "after the long one") in stage.lines)
    assert ("talker", "to stdout") in stage.lines
    assert max(len(line) for _, line in stage.lines) < 200_000


SUPERVISOR_PROGRAM = """
import asyncio, sys
from signaling.supervisor import Child, Supervisor

async def ready():
    return True

async def main():
    program = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
    child = Child("child", [sys.executable, "-c", program], 0, 0, ready)
    supervisor = Supervisor([child], lambda name, line: print(line, flush=True))
    await supervisor.start()
    await asyncio.sleep(600)

asyncio.run(main())
"""


async def test_children_end_when_the_supervisor_is_killed() -> None:
    process = subprocess.Popen([sys.executable, "-c", SUPERVISOR_PROGRAM], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        child = int(await asyncio.to_thread(process.stdout.readline))
        assert is_alive(child)
        process.kill()
        process.wait()
        await until(lambda: not is_alive(child))
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def test_json_line_of_a_child_passes_as_it_is_and_any_other_is_wrapped() -> None:
    stream = io.StringIO()
    output = ChildOutput("json", stream)
    output.line("worker-0", '{"event": "leg open", "call_id": "c1", "process": "worker-0"}')
    output.line("worker-0", "W0000 00:00:1795320795.576717   31134 inference_feedback_manager.cc:121] Feedback manager")
    output.line("worker-0", "ValueError: no route for +33 1 99 00 00 01")
    first, second = map(json.loads, stream.getvalue().splitlines())
    assert first == {"event": "leg open", "call_id": "c1", "process": "worker-0"}
    assert second["process"] == "worker-0"
    assert "no route for" in second["event"]
    assert "99 00" not in second["event"]


def test_terminal_gets_words_instead_of_json() -> None:
    stream = io.StringIO()
    ChildOutput("text", stream).line("phone", '{"event": "phone worker ready", "level": "info", "process": "phone"}')
    assert "phone worker ready" in stream.getvalue()
    assert "{" not in stream.getvalue()
