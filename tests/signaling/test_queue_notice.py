"""Pages are told that the waiting line is away, once, and that it is back."""

from signaling.messages import AnyServerMessage
from signaling.messages.serving import ServiceNotice
from signaling.queue_notice import QueueNotice


class Session:
    def __init__(self) -> None:
        self.sent: list[AnyServerMessage] = []

    def send(self, message: AnyServerMessage) -> None:
        self.sent.append(message)


AWAY, BACK = ServiceNotice(code="queue_away"), ServiceNotice(code="queue_back")


def test_pages_are_told_once_that_the_queue_is_away_and_once_that_it_is_back() -> None:
    state = {"there": True}
    pages = [Session()]
    notice = QueueNotice(lambda: state["there"], lambda: pages)  # type: ignore[arg-type, return-value]
    notice.look(0.0)
    assert pages[0].sent == []
    state["there"] = False
    notice.look(1.0)
    notice.look(2.0)
    assert pages[0].sent == [], "a moment is not worth a notice"
    notice.look(2.6)
    notice.look(3.1)
    assert pages[0].sent == [AWAY]
    pages.append(Session())
    notice.look(3.6)
    assert pages[1].sent == [AWAY], "who comes meanwhile is told too"
    state["there"] = True
    notice.look(4.1)
    notice.look(4.6)
    assert pages[0].sent == pages[1].sent == [AWAY, BACK]


def test_an_absence_that_nobody_was_told_of_ends_without_a_word() -> None:
    state = {"there": False}
    pages = [Session()]
    notice = QueueNotice(lambda: state["there"], lambda: pages)  # type: ignore[arg-type, return-value]
    notice.look(0.0)
    state["there"] = True
    notice.look(0.5)
    state["there"] = False
    notice.look(1.0)
    notice.look(2.0)
    assert pages[0].sent == []
