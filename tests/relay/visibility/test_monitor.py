"""One picture's readings: what arrives, what RTP says, and that memory is bounded."""

from relay.model import LegStats
from relay.visibility.measures.arrival import Arrival
from relay.visibility.monitor import MAX_GLANCES, MAX_LOOKS, LegMonitor, Reading
from relay.visibility.thresholds import with_limits
from tests.relay.visibility.frames import glance, look

SEEN = look(face_roll=2.0, mouth_hidden=0.0, signing_space=0.9, blockiness=0.0)


def seconds(monitor: LegMonitor, begin: int, end: int, **changes: object) -> list[Reading]:
    """Seconds of 8 glances and 2 looks each."""
    readings = []
    for second in range(begin, end):
        for index in range(8):
            monitor.add_glance(glance(**changes), second + index / 8)
        monitor.add_look(SEEN, second + 0.4)
        monitor.add_look(SEEN, second + 0.9)
        readings.append(monitor.reading(1.0, second + 1.0))
    return readings


def test_well_seen_signer_is_readable() -> None:
    last = seconds(LegMonitor(), 0, 5)[-1]
    assert (last.level, last.advice) == ("good", "good")
    assert last.measures["readable"] == 1.0
    assert last.measures["signing"] == 1.0


def test_dark_picture_is_not_readable_and_nothing_is_said_of_no_picture() -> None:
    monitor = LegMonitor()
    assert monitor.reading(1.0, 1.0, receiving=False).measures["readable"] is None
    last = seconds(monitor, 1, 4, luma=0.03, highlights=0.05)[-1]
    assert (last.advice, last.measures["readable"]) == ("too_dark", 0.0)


def test_a_centres_own_thresholds_are_used() -> None:
    own = with_limits({"very_dark": (0.9, 0.95)})
    assert seconds(LegMonitor("signing", own), 0, 2)[-1].advice == "too_dark"
    assert seconds(LegMonitor("signing"), 0, 2)[-1].advice == "good"


def test_memory_is_bounded_however_long_nobody_asks() -> None:
    monitor = LegMonitor()
    for index in range(10_000):
        monitor.add_glance(glance(), index / 8)
        monitor.add_look(SEEN, index / 8)
    measures = monitor.reading(1.0, 1250.0).measures
    assert (measures["looks"] or 0) <= MAX_LOOKS < MAX_GLANCES


def test_picture_that_stands_still_is_frozen_and_one_that_nobody_moves_in_is_idle() -> None:
    monitor = LegMonitor()
    seconds(monitor, 0, 3)
    assert seconds(monitor, 3, 7, alive=False, movement=0.0)[-1].advice == "frozen"
    monitor = LegMonitor()
    readings = seconds(monitor, 0, 250, movement=0.0)
    assert {reading.advice for reading in readings[:239]} == {"good"}
    assert readings[-1].advice == "idle"
    assert readings[-1].measures["idle_s"] == 250.0
    assert seconds(monitor, 250, 254)[-1].advice == "good"


def test_video_that_cannot_be_decoded_is_blind_and_neither_frozen_nor_stopped() -> None:
    arrival = Arrival()
    arrival.glanced(glance(), 0.9)
    arrival.close(1.0, receiving=True)
    blind = arrival.close(4.0, receiving=True)
    assert (blind["blind_s"], blind["frozen_s"], blind["stopped_s"], blind["analysed"]) == (3.1, 0.0, 0.0, 0.0)
    stopped = arrival.close(7.0, receiving=False)
    assert (stopped["blind_s"], stopped["frozen_s"], stopped["stopped_s"]) == (0.0, 6.1, 3.0)


def test_loss_and_freezes_are_those_of_the_last_period() -> None:
    arrival = Arrival()
    assert arrival.close(1.0, receiving=True)["packet_loss"] is None
    arrival.set_rtp(LegStats(packets_received=1000, packets_lost=900, freeze_count=4, bitrate_bps=250_000))
    assert arrival.close(2.0, receiving=True)["packet_loss"] is None
    arrival.set_rtp(
        LegStats(packets_received=1090, packets_lost=910, freeze_count=5, frame_width=640, frame_height=360)
    )
    measures = arrival.close(3.0, receiving=True)
    assert (measures["packet_loss"], measures["freezes"], measures["received_lines"]) == (0.1, 1.0, 360.0)
    arrival.set_rtp(LegStats(packets_received=10, packets_lost=0))
    assert arrival.close(4.0, receiving=True)["packet_loss"] is None, "counts began anew"
    arrival.set_rtp(None)
    assert arrival.close(5.0, receiving=True)["received_fps"] is None
