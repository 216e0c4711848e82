"""Who has which page and which call, from what the processes tell each other."""

from signaling.call_model import Call
from signaling.call_terms import CallState
from signaling.elsewhere import ORPHANED_S, Elsewhere
from signaling.messages.session import Pong
from signaling.peer_messages import AnyPeerMessage, CallGone, CallHere, PageGone, PageHere, ToPage
from signaling.peers import PeerLink


class Line(PeerLink):
    """Keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[AnyPeerMessage] = []

    def send(self, message: AnyPeerMessage) -> None:
        self.sent.append(message)


class Centre:
    """One process and its lines to two others."""

    def __init__(self) -> None:
        self.now = 100.0
        self.told: list[AnyPeerMessage] = []
        self.elsewhere = Elsewhere(self.told.append, clock=lambda: self.now)
        self.b, self.c = Line(), Line()


def page(since: float = 1.0) -> PageHere:
    return PageHere(role="agent", key="marie", since=since)


def device_of_paul(device: str, since: float = 1.0) -> PageHere:
    return PageHere(role="signer", key="paul", device=device, since=since)


def gone(page: PageHere) -> PageGone:
    return PageGone(role=page.role, key=page.key, device=page.device)


def call_here(epoch: int = 1, *, is_over: bool = False) -> CallHere:
    return CallHere(call_id="one", epoch=epoch, signer_key="paul", agent_key="marie", is_over=is_over)


def call(state: CallState = CallState.QUEUED) -> Call:
    return Call(
        call_id="one",
        kind="relay",
        mode="LSF",
        signer_key="paul",
        signer_id=None,
        trades=("interpreter",),
        state=state,
        queued_at=1.0,
    )


def test_a_message_goes_to_the_process_with_the_page_and_nowhere_when_nobody_has_it() -> None:
    centre = Centre()
    centre.elsewhere.send("agent", "marie", Pong())
    assert centre.elsewhere.page_came(centre.b, page())
    centre.elsewhere.send("agent", "marie", Pong())
    assert centre.b.sent == [ToPage(role="agent", key="marie", message=Pong())]
    assert not centre.c.sent
    assert not centre.elsewhere.devices("signer", "marie"), "an agent's page is not a signer's"


def test_the_later_tab_counts_in_whatever_order_the_news_come() -> None:
    centre = Centre()
    assert centre.elsewhere.page_came(centre.b, page(since=2.0))
    assert not centre.elsewhere.page_came(centre.c, page(since=1.0))
    assert not centre.elsewhere.page_went(centre.c, gone(page()))
    assert centre.elsewhere.devices("agent", "marie") == ("",)
    assert centre.elsewhere.page_came(centre.c, page(since=3.0))
    assert not centre.elsewhere.page_went(centre.b, gone(page()))
    assert centre.elsewhere.page_went(centre.c, gone(page()))
    assert not centre.elsewhere.devices("agent", "marie")


def test_a_page_that_comes_here_is_not_elsewhere_any_more() -> None:
    centre = Centre()
    centre.elsewhere.page_came(centre.b, page())
    centre.elsewhere.page_is_mine(page(since=2.0))
    centre.elsewhere.page_left_me("agent", "marie", "")
    assert not centre.elsewhere.devices("agent", "marie")
    assert centre.told == [page(since=2.0), PageGone(role="agent", key="marie")]


def test_each_device_of_a_signer_is_where_it_is_and_all_get_what_is_for_all() -> None:
    centre = Centre()
    for link, device in ((centre.b, "phone"), (centre.b, "tablet"), (centre.c, "desk")):
        assert centre.elsewhere.page_came(link, device_of_paul(device))
    centre.elsewhere.send("signer", "paul", Pong())
    to_all = ToPage(role="signer", key="paul", message=Pong())
    assert (centre.b.sent, centre.c.sent) == ([to_all], [to_all]), "once to each process, which knows its pages"
    centre.elsewhere.send("signer", "paul", Pong(), "tablet")
    assert centre.b.sent[1:] == [ToPage(role="signer", key="paul", device="tablet", message=Pong())]
    assert centre.c.sent == [to_all]
    assert centre.elsewhere.page_went(centre.b, gone(device_of_paul("phone")))
    assert centre.elsewhere.devices("signer", "paul") == ("tablet", "desk")
    assert centre.elsewhere.lose(centre.b) == [gone(device_of_paul("tablet"))]
    centre.elsewhere.page_is_mine(device_of_paul("desk", since=2.0))
    assert centre.elsewhere.devices("signer", "paul") == ()


def test_the_others_are_told_of_a_call_when_its_people_change_and_not_at_every_step() -> None:
    centre = Centre()
    for state in (CallState.QUEUED, CallState.ALERTING, CallState.ENDED, CallState.ENDED):
        centre.elsewhere.call_is_mine(call(state), 1)
    assert [message.is_over for message in centre.told if isinstance(message, CallHere)] == [False, True]
    assert list(centre.elsewhere.my_calls()) == [centre.told[-1]]
    centre.elsewhere.call_left_me("one")
    centre.elsewhere.call_left_me("one")
    assert centre.told[2:] == [CallGone(call_id="one")]


def test_both_people_of_a_call_elsewhere_are_in_call_until_it_is_over() -> None:
    centre = Centre()
    assert centre.elsewhere.call_came(centre.b, call_here())
    assert centre.elsewhere.in_call("signer", "paul")
    assert centre.elsewhere.in_call("agent", "marie")
    assert not centre.elsewhere.in_call("agent", "paul")
    assert not centre.elsewhere.call_came(centre.b, call_here(is_over=True)), "the same owner"
    assert not centre.elsewhere.in_call("signer", "paul")
    assert centre.elsewhere.is_call("one"), "it may still be rated"
    centre.elsewhere.call_went(centre.c, "one")
    assert centre.elsewhere.is_call("one"), "only its owner can take it away"
    centre.elsewhere.call_went(centre.b, "one")
    assert not centre.elsewhere.is_call("one")


def test_who_is_called_by_another_signer_is_in_the_call_too() -> None:
    centre = Centre()
    centre.elsewhere.call_came(centre.b, CallHere(call_id="two", epoch=1, signer_key="paul", peer_key="lea"))
    assert centre.elsewhere.in_call("signer", "lea")
    assert not centre.elsewhere.in_call("agent", "lea")


def test_an_older_owner_does_not_count_any_more() -> None:
    centre = Centre()
    assert centre.elsewhere.call_came(centre.c, call_here(epoch=2))
    assert not centre.elsewhere.call_came(centre.b, call_here(epoch=1))
    assert centre.elsewhere.owner("one") is centre.c
    centre.elsewhere.call_is_mine(call(), 1)
    assert centre.elsewhere.owner("one") is centre.c, "nor does this process, when it is the older one"
    centre.elsewhere.call_is_mine(call(), 3)
    assert centre.elsewhere.owner("one") is None
    assert not centre.elsewhere.call_came(centre.c, call_here(epoch=2))


def test_a_call_whose_owner_died_waits_for_a_new_one_and_not_for_ever() -> None:
    centre = Centre()
    centre.elsewhere.call_came(centre.b, call_here())
    centre.elsewhere.page_came(centre.b, page())
    assert centre.elsewhere.lose(centre.b) == [gone(page())]
    assert centre.elsewhere.owner("one") is None
    assert centre.elsewhere.is_call("one")
    assert centre.elsewhere.in_call("signer", "paul"), "a signer has one call"
    assert centre.elsewhere.call_came(centre.c, call_here(epoch=2)), "a new owner"
    assert centre.elsewhere.owner("one") is centre.c
    centre.elsewhere.lose(centre.c)
    centre.now += ORPHANED_S
    assert not centre.elsewhere.is_call("one")
    assert not centre.elsewhere.in_call("signer", "paul")


def test_what_a_former_owner_still_says_of_a_call_is_not_shown() -> None:
    centre = Centre()
    assert centre.elsewhere.may_tell(centre.b, "one"), "nobody is known to own it"
    centre.elsewhere.call_came(centre.b, call_here(epoch=1))
    assert centre.elsewhere.may_tell(centre.b, "one")
    centre.elsewhere.call_came(centre.c, call_here(epoch=2))
    assert not centre.elsewhere.may_tell(centre.b, "one"), "it has stood still, and does not know yet"
    assert centre.elsewhere.may_tell(centre.c, "one")
    centre.elsewhere.call_is_mine(call(), 3)
    assert not centre.elsewhere.may_tell(centre.c, "one")
    centre.elsewhere.call_came(centre.b, call_here(epoch=4))
    assert centre.elsewhere.may_tell(centre.b, "one"), "this process gives it up in a moment"
