"""The native data path (``traffic.c``, ``reports.c``): compiled anew at each start, called by ctypes."""

import ctypes
import itertools
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pylibsrtp._binding import ffi, lib

from benchmarks.load.media import Media

SOURCES = [str(Path(__file__).with_name(name)) for name in ("traffic.c", "reports.c")]
MOST_DELAYS = 4_000_000  # packets a window
MOST_PICTURES = 100_000
COUNTERS = (
    "sent", "received", "send_errors", "refused", "retransmitted", "key_requests", "nacks", "rembs", "feedbacks",
    "key_frames",
)  # fmt: skip
PICTURE = np.dtype([("at", "<i8"), ("timestamp", "<u4"), ("peer", "<u2"), ("is_received", "<u2")])


class PeerConfig(ctypes.Structure):
    """``struct peer_config`` of ``traffic.c``."""

    _fields_ = [
        ("fd", ctypes.c_int32),
        ("group", ctypes.c_int32),
        ("stamped", ctypes.c_int32),
        ("port", ctypes.c_uint16),
        ("padding", ctypes.c_uint16),
        ("address", ctypes.c_char * 48),
        ("send_session", ctypes.c_void_p),
        ("receive_session", ctypes.c_void_p),
        ("audio_ssrc", ctypes.c_uint32),
        ("video_ssrc", ctypes.c_uint32),
        ("audio_type", ctypes.c_uint8),
        ("video_type", ctypes.c_uint8),
        ("mid_extension", ctypes.c_uint8),
        ("level_extension", ctypes.c_uint8),
        ("transport_extension", ctypes.c_uint8),
        ("audio_mid", ctypes.c_char),
        ("video_mid", ctypes.c_char),
        ("padding2", ctypes.c_char),
    ]


class _Functions(ctypes.Structure):
    _fields_ = [(name, ctypes.c_void_p) for name in ("protect", "unprotect", "protect_rtcp", "unprotect_rtcp")]


@dataclass(frozen=True)
class Reading:
    """
    What a window saw.

    :param delays_ms: of each packet that came through. :param pictures: of peers without stamps, as ``PICTURE``.
    """

    counters: dict[str, int]
    delays_ms: NDArray[np.float64]
    pictures: NDArray[np.void]


def compiler() -> str | None:
    return shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")


def build(folder: Path) -> Path:
    """:raises RuntimeError: there is no C compiler, or it does not take the source (Linux, glibc 2.35)."""
    command = compiler()
    if command is None:
        raise RuntimeError("the load generator needs a C compiler: apt install gcc libc6-dev")
    library = folder / "traffic.so"
    arguments = ["-O2", "-shared", "-fPIC", "-pthread", "-o", str(library), *SOURCES]
    done = subprocess.run([command, *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{command} does not compile the load generator: {done.stderr[-500:]}")
    return library


class Traffic:
    """One thread for all peers. :param slow_fd: where what is not media goes, a peer's number before it."""

    def __init__(self, library: Path, slow_fd: int, media: Media) -> None:
        self._lib = ctypes.CDLL(str(library))
        self._lib.traffic_window.restype = ctypes.c_int64
        functions = _Functions(
            *(_address(f"srtp_{name}") for name in ("protect", "unprotect", "protect_rtcp", "unprotect_rtcp"))
        )
        self._lib.traffic_start(
            ctypes.byref(functions), slow_fd, ctypes.c_uint64(MOST_DELAYS), ctypes.c_uint64(MOST_PICTURES)
        )
        firsts = [0, *itertools.accumulate(map(len, media.video))]
        self._lib.traffic_media(
            len(media.video),
            (ctypes.c_int * len(firsts))(*firsts),
            *_blob([packet for frame in media.video for packet in frame]),
            len(media.audio),
            *_blob(media.audio),
        )

    def add(self, config: PeerConfig) -> int:
        """:returns: the peer's number. :raises RuntimeError: too many, or an address that is none."""
        number = int(self._lib.traffic_add(ctypes.byref(config)))
        if number < 0:
            raise RuntimeError("the load generator takes no more peers")
        return number

    def send(self, group: int, *, on: bool) -> None:
        self._lib.traffic_send(group, int(on))

    def window(self, length_ns: int) -> int:
        """Count what is sent from now on. :returns: the beginning, as ``time.time_ns``."""
        return int(self._lib.traffic_window(ctypes.c_int64(length_ns)))

    def read(self) -> Reading:
        counters = (ctypes.c_uint64 * len(COUNTERS))()
        delays, pictures = ctypes.POINTER(ctypes.c_uint32)(), ctypes.c_void_p()
        n_delays, n_pictures = ctypes.c_uint64(), ctypes.c_uint64()
        self._lib.traffic_read(
            counters, ctypes.byref(delays), ctypes.byref(n_delays), ctypes.byref(pictures), ctypes.byref(n_pictures)
        )
        count = n_delays.value
        ticks = np.ctypeslib.as_array(delays, (count,)) if count else np.zeros(0, np.uint32)
        raw = ctypes.string_at(pictures.value or 0, n_pictures.value * PICTURE.itemsize) if n_pictures.value else b""
        return Reading(dict(zip(COUNTERS, counters, strict=True)), ticks / 10_000, np.frombuffer(raw, PICTURE))

    def forget(self, group: int) -> None:
        self._lib.traffic_forget(group)

    def stop(self) -> None:
        self._lib.traffic_stop()


def session_address(session: object) -> int:
    """Of the ``srtp_t`` inside a ``pylibsrtp.Session``."""
    return int(ffi.cast("uintptr_t", session._srtp[0]))  # type: ignore[attr-defined]


def _address(function: str) -> int:
    return int(ffi.cast("uintptr_t", ffi.addressof(lib, function)))


def _blob(packets: Sequence[bytes]) -> tuple[bytes, "ctypes.Array[ctypes.c_int]"]:
    offsets = [0, *itertools.accumulate(map(len, packets))]
    return b"".join(packets), (ctypes.c_int * len(offsets))(*offsets)
