from relay.phone.dtmf import DtmfReceiver
from relay.phone.rtp_packets import DTMF_DIGITS, DtmfEvent, RtpPacket, build_event


def heard(*packets: tuple[int, DtmfEvent], marked: frozenset[int] = frozenset()) -> str:
    receiver = DtmfReceiver()
    return "".join(
        receiver.hear(RtpPacket(101, number, timestamp, 1, build_event(event), number in marked)) or ""
        for number, (timestamp, event) in enumerate(packets)
    )


def test_every_key_has_its_event() -> None:
    assert heard(*((1000 * i, DtmfEvent(d, True, 800)) for i, d in enumerate(DTMF_DIGITS))) == "0123456789*#ABCD"


def test_key_counts_once_whichever_of_its_packets_are_lost() -> None:
    start, middle, end = (DtmfEvent("5", False, 160), DtmfEvent("5", False, 320), DtmfEvent("5", True, 480))
    assert heard((0, start), (0, middle), (0, end), (0, end)) == "5"
    assert heard((0, end)) == "5", "its beginning was lost"
    assert heard((0, start), (2000, start)) == "55", "the end of the first was lost"


def test_long_key_that_goes_on_under_a_new_timestamp_is_one_key() -> None:
    held = (DtmfEvent("0", False, 65_000), DtmfEvent("0", False, 0xFFFF))
    segments = [(0, held[0]), (0, held[1]), (0xFFFF, held[0]), (0xFFFF, DtmfEvent("0", True, 9000))]
    assert heard(*segments) == "0"
    assert heard(*segments, marked=frozenset({2})) == "00", "a marker begins another one"


def test_same_key_twice_counts_twice() -> None:
    assert heard((0, DtmfEvent("1", True, 800)), (0xFFFF, DtmfEvent("1", True, 800))) == "11"


def test_what_is_no_key_is_no_key() -> None:
    receiver = DtmfReceiver()
    assert receiver.hear(RtpPacket(101, 1, 0, 1, bytes([36, 0, 0, 0]))) is None
    assert receiver.hear(RtpPacket(101, 2, 0, 1, b"")) is None
