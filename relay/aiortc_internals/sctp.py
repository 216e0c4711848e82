"""aiortc's SCTP: what is still on its way."""

from typing import Any

from aiortc import RTCDataChannel, RTCSctpTransport

_STRING = 51  # payload protocol identifier "WebRTC String" (RFC 8831 §8)


def unacknowledged_bytes(sctp: RTCSctpTransport, channel: RTCDataChannel) -> int:
    """Of the strings given to the channel, what the other side has not yet confirmed (SACK, RFC 9260 §3.3.4)."""
    chunks: Any = (*sctp._sent_queue, *sctp._outbound_queue)
    flying = sum(len(each.user_data) for each in chunks if (each.stream_id, each.protocol) == (channel.id, _STRING))
    return int(flying + channel.bufferedAmount)
