"""Reading taps as the visibility worker does."""

import contextlib
from collections.abc import Iterable

import numpy as np
from av import VideoCodecContext, VideoFrame
from av.packet import Packet

from relay.datagram import Datagram, Kind, unbatch
from relay.media_code import read_code
from relay.model import WebLeg
from tests.helpers.packets import header_of


def packets_of(got: Iterable[Datagram], kind: Kind, leg: WebLeg) -> list[bytes]:
    payloads = [each.payload for each in got if each.kind is kind and each.leg == leg]
    return [packet for payload in payloads for packet in unbatch(payload)]


def decode_tap(packets: list[bytes]) -> list[int]:
    """:returns: the participants in the pictures of tapped VP8 packets."""
    decoder, frame = VideoCodecContext.create("vp8", "r"), b""
    frames: list[VideoFrame] = []
    for packet in packets:
        header = header_of(packet)
        payload = packet[header.payload_start : header.payload_end]
        frame += payload[4 if payload[0] & 0x80 and payload[1] == 0x80 else 1 :]
        if header.marker:
            with contextlib.suppress(Exception):
                frames += decoder.decode(Packet(frame))
            frame = b""
    codes = [read_code(np.asarray(each.to_ndarray(format="bgr24"), np.uint8)) for each in frames]
    return [code.participant for code in codes if code is not None]
