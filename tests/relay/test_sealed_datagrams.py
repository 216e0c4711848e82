"""Datagrams between machines: nobody else's are taken, each one once, large ones in parts."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay import sealed_datagrams as sealed
from relay.sealed_datagrams import DATAGRAM_LIMIT, HEADER, PART_SIZE, PARTS_LIMIT, Receiver, RefusedError, SendingLink

KEY = "the-centre's-own"
ADDRESS = "udp://10.0.0.2:7400/first"


def pair() -> tuple[SendingLink, Receiver]:
    return SendingLink(KEY, ADDRESS), Receiver(KEY, ADDRESS)


def refusal(receiver: Receiver, datagram: bytes) -> str:
    with pytest.raises(RefusedError) as caught:
        receiver.open(datagram, 0.0)
    return caught.value.code


def opened(receiver: Receiver, datagrams: list[bytes], now: float = 0.0) -> list[bytes]:
    return [message for each in datagrams if (message := receiver.open(each, now)) is not None]


@settings(max_examples=50, deadline=None)
@given(st.integers(0, PART_SIZE * 4), st.randoms())
def test_a_message_of_any_length_comes_out_whole_in_whatever_order_its_parts_come(length: int, random: object) -> None:
    sender, receiver = pair()
    message = bytes(each % 251 for each in range(length))
    parts = sender.seal(message)
    random.shuffle(parts)  # type: ignore[attr-defined]
    assert opened(receiver, parts) == [message]


def test_no_datagram_is_larger_than_every_network_carries() -> None:
    sender, receiver = pair()
    parts = sender.seal(b"x" * 48_000)
    assert max(map(len, parts)) == DATAGRAM_LIMIT
    assert opened(receiver, parts) == [b"x" * 48_000]


def test_a_message_over_the_bound_is_the_senders_error() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        pair()[0].seal(b"x" * (PART_SIZE * PARTS_LIMIT + 1))


def test_nothing_readable_leaves_the_machine_and_nothing_is_sealed_twice_alike() -> None:
    sender, _ = pair()
    one, two = sender.seal(b"what was said")[0], sender.seal(b"what was said")[0]
    assert b"said" not in one
    assert one[HEADER.size :] != two[HEADER.size :]


def test_every_changed_byte_is_noticed() -> None:
    sender, receiver = pair()
    (datagram,) = sender.seal(b"sound")
    for index in range(len(datagram)):
        changed = datagram[:index] + bytes((datagram[index] ^ 1,)) + datagram[index + 1 :]
        assert refusal(receiver, changed) in ("not_authentic", "not_sealed")
    assert receiver.open(datagram, 0.0) == b"sound"


@pytest.mark.parametrize(
    ("key", "address"),
    [("another centre", ADDRESS), (KEY, "udp://10.0.0.3:7400/first"), (KEY, "udp://10.0.0.2:7400/second")],
    ids=["another centre", "another receiver", "another run of the receiver"],
)
def test_what_was_sealed_for_somebody_else_means_nothing(key: str, address: str) -> None:
    (datagram,) = SendingLink(key, address).seal(b"sound")
    assert refusal(Receiver(KEY, ADDRESS), datagram) == "not_authentic"


def test_a_datagram_is_taken_once_also_long_afterwards() -> None:
    sender, receiver = pair()
    datagrams = [sender.seal(b"%d" % each)[0] for each in range(sealed.REPLAY_WINDOW + 10)]
    assert opened(receiver, datagrams[:1]) == [b"0"]
    assert refusal(receiver, datagrams[0]) == "replayed"
    opened(receiver, datagrams[1:])
    for old in (datagrams[0], datagrams[5], datagrams[-1], datagrams[-2]):
        assert refusal(receiver, old) == "replayed"


def test_datagrams_may_overtake_each_other() -> None:
    sender, receiver = pair()
    datagrams = [sender.seal(b"%d" % each)[0] for each in range(100)]
    assert opened(receiver, datagrams[::-1]) == [b"%d" % each for each in range(100)][::-1]


@settings(max_examples=200)
@given(st.binary(max_size=DATAGRAM_LIMIT + 50))
def test_garbage_is_refused_and_leaves_nothing_behind(data: bytes) -> None:
    receiver = Receiver(KEY, ADDRESS)
    refusal(receiver, data)
    refusal(receiver, bytes((sealed.DATA,)) + data)
    assert receiver.senders == 0


def test_a_message_with_a_missing_part_is_given_up_and_the_next_one_comes_through() -> None:
    sender, receiver = pair()
    assert opened(receiver, sender.seal(b"a" * 5000)[1:]) == []
    assert opened(receiver, sender.seal(b"b" * 5000), now=sealed.PENDING_S * 2) == [b"b" * 5000]
    assert receiver.pending == 0


def test_messages_in_parts_are_bounded() -> None:
    sender, receiver = pair()
    for _ in range(sealed.PENDING_LIMIT * 3):
        opened(receiver, sender.seal(b"a" * 3000)[:1])
    assert receiver.pending <= sealed.PENDING_LIMIT


def test_senders_are_bounded_and_one_that_was_forgotten_is_never_taken_again() -> None:
    receiver = Receiver(KEY, ADDRESS)
    (first,) = SendingLink(KEY, ADDRESS).seal(b"x")
    assert receiver.open(first, 0.0) == b"x"
    for _ in range(sealed.LINKS_LIMIT):
        receiver.open(SendingLink(KEY, ADDRESS).seal(b"y")[0], 0.0)
    assert receiver.senders == sealed.LINKS_LIMIT
    assert refusal(receiver, first) == "replayed"


def test_a_sender_hears_of_a_loss_once_and_not_from_a_stranger() -> None:
    sender, receiver = pair()
    first, _lost, third = (sender.seal(b"x")[0] for _ in range(3))
    receiver.open(first, 0.0)
    assert receiver.loss_notice(first, 0.0) is None
    receiver.open(third, 0.0)
    notice = receiver.loss_notice(third, 0.0)
    assert notice is not None
    assert not SendingLink(KEY, ADDRESS).hears_of_loss(notice)
    assert not sender.hears_of_loss(notice[:-1] + bytes((notice[-1] ^ 1,)))
    assert sender.hears_of_loss(notice)
    assert not sender.hears_of_loss(notice), "said again by somebody"
    assert receiver.loss_notice(third, 0.0) is None


def test_a_sender_is_told_of_losses_at_most_once_a_second() -> None:
    sender, receiver = pair()
    notices = []
    for each in range(100):
        sender.seal(b"lost")
        (datagram,) = sender.seal(b"x")
        receiver.open(datagram, each / 10)
        notices.append(receiver.loss_notice(datagram, each / 10))
    assert 9 <= sum(notice is not None for notice in notices) <= 11
    assert all(sender.hears_of_loss(notice) for notice in notices if notice)
