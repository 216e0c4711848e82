import re
import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.phone.rtp_packets import RtpPacket, build_rtp
from relay.phone.text_packets import (
    BACKLOG_LIMIT,
    BYTE_ORDER_MARK,
    Block,
    TextPacket,
    TextReceiver,
    TextSender,
    build_red,
    parse_red,
)
from relay.text import MISSING_TEXT as MISSING

T140, RED = 98, 100


PCAP_HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, 101)  # raw IP


def captured(data: bytes) -> bytes:
    """:returns: one record of a capture: an IPv4 datagram from port 20010 to port 20020."""
    udp = struct.pack("!HHHH", 20_010, 20_020, 8 + len(data), 0) + data
    ip = struct.pack("!BBHHHBBHII", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, 0x7F000001, 0x7F000001) + udp
    return struct.pack("<IIII", 0, 0, len(ip), len(ip)) + ip


def receiver() -> TextReceiver:
    return TextReceiver(frozenset({T140}), frozenset({RED}))


def packets_of(sender: TextSender, words: list[str], start: float = 0.0) -> list[TextPacket]:
    """One word every 300 ms, then five rounds of nothing."""
    found: list[TextPacket] = []
    for index, word in enumerate([*words, "", "", "", "", ""]):
        sender.write(word)
        due = sender.due(start + 0.3 * index)
        found += [due] if due is not None else []
    return found


def heard(packets: list[TextPacket], lost: frozenset[int] = frozenset(), first: int = 65_534) -> str:
    taker, text = receiver(), ""
    for index, packet in enumerate(packets):
        if index not in lost:
            rtp = RtpPacket(packet.payload_type, (first + index) & 0xFFFF, packet.timestamp, 1, packet.payload)
            text += taker.take(rtp) or ""
    return text


def test_redundancy_is_laid_out_as_rfc_2198_says() -> None:
    """§3: F, block PT, timestamp offset (14 bits), block length (10 bits); the last header is one byte."""
    data = build_red([Block(T140, 600, b"A"), Block(T140, 300, b"BC"), Block(T140, 0, b"D")])
    assert data == bytes([0xE2, 0x09, 0x60, 0x01, 0xE2, 0x04, 0xB0, 0x02, 0x62]) + b"ABCD"
    assert parse_red(data) == [Block(T140, 600, b"A"), Block(T140, 300, b"BC"), Block(T140, 0, b"D")]


@pytest.mark.integration
@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
def test_wireshark_reads_our_redundancy(tmp_path: Path) -> None:
    sent = [
        build_rtp(RtpPacket(packet.payload_type, index, packet.timestamp, 1, packet.payload, packet.marker))
        for index, packet in enumerate(packets_of(TextSender(T140, RED, 0.0), ["bon", "jour"]))
    ]
    capture = tmp_path / "text.pcap"
    capture.write_bytes(b"".join([PCAP_HEADER, *map(captured, sent)]))
    command = ["tshark", "-r", str(capture), "-d", "udp.port==20020,rtp", "-o", f"rtp.rfc2198_payload_type:{RED}", "-V"]
    found = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    blocks = re.findall(r"Payload: ([0-9a-f]+|<MISSING>)", found.split("Frame 2:")[1].split("Frame 3:")[0])
    assert blocks == ["<MISSING>", (BYTE_ORDER_MARK + "bon").encode().hex(), b"jour".hex()]
    assert "Timestamp offset: 300" in found


@given(st.binary(max_size=80))
def test_noise_is_no_text_or_text_and_never_an_error(data: bytes) -> None:
    parse_red(data)
    taker = receiver()
    for sequence, kind in enumerate((RED, T140, 13)):
        taker.take(RtpPacket(kind, sequence, 0, 1, data))


def test_session_begins_with_a_byte_order_mark_that_is_not_shown() -> None:
    sent = packets_of(TextSender(T140, None, 0.0), ["é"])
    assert sent[0].payload.decode() == BYTE_ORDER_MARK + "é"
    assert heard(sent) == "é"


def test_text_is_gathered_for_300_ms_then_repeated_twice_then_rests() -> None:
    sender = TextSender(T140, RED, 0.0)
    sender.write("a")
    assert sender.due(0.0) is not None
    sender.write("b")
    sender.write("c")
    assert sender.due(0.2) is None
    times = [packet.timestamp for at in range(300, 3000, 20) if (packet := sender.due(at / 1000)) is not None]
    assert times == [300, 600, 900], "the text and two repetitions"
    sender.write("d")
    after = sender.due(5.0)
    assert after is not None
    assert after.marker, "the first after a silence"
    assert [block.data for block in parse_red(after.payload) or []] == [b"", b"", b"d"]


def test_nothing_is_lost_or_doubled_while_two_of_three_packets_are_lost() -> None:
    words = [f"mot{index} " for index in range(30)]
    sent = packets_of(TextSender(T140, RED, 0.0), words)
    for kept in range(3):
        lost = frozenset(index for index in range(len(sent)) if index % 3 != kept)
        assert heard(sent, lost) == "".join(words)


def test_longer_loss_is_marked_once_and_repaired_as_far_as_possible() -> None:
    sent = packets_of(TextSender(T140, RED, 0.0), list("abcdefgh"))
    assert heard(sent, frozenset({2, 3, 4})) == f"ab{MISSING}defgh"


def test_loss_without_redundancy_is_marked() -> None:
    sent = packets_of(TextSender(T140, None, 0.0), list("abcd"))
    assert heard(sent, frozenset({1})) == f"a{MISSING}cd"


@given(st.lists(st.text(max_size=5), max_size=20), st.sets(st.integers(0, 30)))
def test_whatever_is_lost_no_character_comes_twice_or_out_of_turn(words: list[str], lost: set[int]) -> None:
    words = [word.replace(MISSING, "?").replace(BYTE_ORDER_MARK, "?") for word in words]
    whole = "".join(words).encode(errors="replace").decode()
    got = heard(packets_of(TextSender(T140, RED, 0.0), words), frozenset(lost))
    rest = iter(whole)
    assert all(character in rest for character in got.replace(MISSING, "")), "a subsequence of what was typed"
    if not any({i, i + 1, i + 2} <= lost for i in range(32)) and not lost & set(range(len(words) - 1, 40)):
        assert got == whole


def test_late_and_repeated_packets_are_dropped_and_a_new_source_begins_anew() -> None:
    taker = receiver()
    one = RtpPacket(RED, 10, 0, 1, build_red([Block(T140, 0, b""), Block(T140, 0, b""), Block(T140, 0, b"a")]))
    assert taker.take(one) == "a"
    assert taker.take(one) is None
    assert taker.take(one._replace(sequence=9)) is None
    assert taker.take(one._replace(ssrc=2, sequence=4000)) == "a"


def test_keep_alive_is_no_text_and_no_loss() -> None:
    taker = receiver()
    assert taker.take(RtpPacket(T140, 1, 0, 1, b"a")) == "a"
    assert taker.take(RtpPacket(127, 2, 0, 1, b"")) == ""
    assert taker.take(RtpPacket(T140, 3, 0, 1, b"b")) == "b"


@pytest.mark.parametrize("cps", [5, 30])
def test_peer_gets_no_more_characters_than_it_reads(cps: int) -> None:
    sender = TextSender(T140, None, 0.0, cps)
    sender.write("x" * 3000)
    sizes = [len(packet.payload.decode()) if (packet := sender.due(0.3 * i)) else 0 for i in range(200)]
    for start in range(160):
        assert sum(sizes[start : start + 33]) <= 10 * cps, "within any 10 s"
    assert sum(sizes) >= min(3000, cps * 55)


def test_what_is_far_too_much_is_dropped_and_marked() -> None:
    sender = TextSender(T140, None, 0.0)
    sender.write("x" * 100)
    sender.write("y" * 2 * BACKLOG_LIMIT)
    text = ""
    for index in range(3000):
        packet = sender.due(0.3 * index)
        text += packet.payload.decode() if packet else ""
    assert text.endswith("y" + MISSING)
    assert len(text) == BACKLOG_LIMIT
