"""
The offer every leg gets and what its answer says: SDP as text, pure.

The server offers on every leg, so that payload types, header extension ids and MIDs are the same everywhere and a
packet passes from one leg to another with only its numbering changed. MIDs are fixed: ``0`` audio, ``1`` video, ``2``
second video (somebody else's, to the leg only), ``3`` data. We write the offer ourselves rather than through
``RTCPeerConnection``: its senders, receivers, decoder threads and RTCP would all have to be silenced again, and it
knows neither FIR nor transport-wide feedback.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from aiortc import RTCDtlsFingerprint, RTCIceCandidate
from aiortc.sdp import SessionDescription, candidate_to_sdp

from relay.errors import BadDescriptionError
from relay.forwarding.streams import (
    DATA_MID,
    EXTENSION_AUDIO_LEVEL,
    EXTENSION_MID,
    EXTENSION_TRANSPORT_CC,
    H264,
    MIDS,
    OPUS,
    REFUSED,
    RTX_OF,
    STREAMS,
    VIDEO_CLOCK_RATE,
    VP8,
    AnsweredStream,
    OutgoingSsrcs,
    Stream,
)
from relay.model import VideoCodec

_PAYLOAD_TYPES: dict[VideoCodec, int] = {"VP8": VP8, "H264": H264}
_H264_BASELINE = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"
_URI_MID = "urn:ietf:params:rtp-hdrext:sdes:mid"
_URI_AUDIO_LEVEL = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
_URI_TRANSPORT_CC = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
SCTP_PORT = 5000
MAX_MESSAGE_SIZE = 65_536  # bytes
ANSWER_LIMIT = 100_000  # characters; browsers' answers have 5 to 10 thousand
CANDIDATE_LIMIT = 30


@dataclass(frozen=True)
class OfferParameters:
    """
    :param start_bitrate_kbps: where Chromium's sender begins (``x-google-start-bitrate``).
    :param video_codecs: offered, the preferred first.
    """

    session_id: int
    ice_username: str
    ice_password: str
    fingerprints: tuple[RTCDtlsFingerprint, ...]
    candidates: tuple[RTCIceCandidate, ...]
    ssrcs: dict[Stream, OutgoingSsrcs]
    cname: str
    start_bitrate_kbps: int
    video_codecs: tuple[VideoCodec, ...] = ("VP8", "H264")


@dataclass(frozen=True)
class Answer:
    """
    :param is_dtls_client: ``setup:active``. :param sctp_port: None when the data section was refused.
    :param video_codecs: taken, in the answer's order; empty without video.
    """

    ice_username: str
    ice_password: str
    ice_lite: bool
    fingerprints: tuple[RTCDtlsFingerprint, ...]
    is_dtls_client: bool
    candidates: tuple[RTCIceCandidate, ...]
    streams: dict[Stream, AnsweredStream]
    sctp_port: int | None
    max_message_size: int
    video_codecs: tuple[VideoCodec, ...] = ()


def build_offer(parameters: OfferParameters) -> str:
    mids = " ".join([*MIDS.values(), DATA_MID])
    session = [
        "v=0",
        f"o=- {parameters.session_id} 1 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        f"a=group:BUNDLE {mids}",
        "a=msid-semantic: WMS *",
    ]
    sections = [*_audio_section(), *_transport_lines(parameters), *_ssrc_lines("audio", parameters)]
    for stream in ("video", "video2"):
        sections += [*_video_section(stream, parameters), *_transport_lines(parameters)]
        sections += _ssrc_lines(stream, parameters)
    sections += [*_data_section(), *_transport_lines(parameters)]
    return "\r\n".join([*session, *sections]) + "\r\n"


def _audio_section() -> list[str]:
    return [
        f"m=audio 9 UDP/TLS/RTP/SAVPF {OPUS}",
        "c=IN IP4 0.0.0.0",
        f"a=mid:{MIDS['audio']}",
        "a=sendrecv",
        "a=rtcp-mux",
        "a=rtcp-rsize",
        f"a=extmap:{EXTENSION_MID} {_URI_MID}",
        f"a=extmap:{EXTENSION_AUDIO_LEVEL} {_URI_AUDIO_LEVEL}",
        "a=msid:party party-audio",
        f"a=rtpmap:{OPUS} opus/48000/2",
        f"a=fmtp:{OPUS} minptime=10;useinbandfec=1",
    ]


def _video_section(stream: Literal["video", "video2"], parameters: OfferParameters) -> list[str]:
    party = "party party-video" if stream == "video" else "second second-video"
    types = [_PAYLOAD_TYPES[codec] for codec in parameters.video_codecs]
    lines = [
        f"m=video 9 UDP/TLS/RTP/SAVPF {' '.join(f'{each} {RTX_OF[each]}' for each in types)}",
        "c=IN IP4 0.0.0.0",
        f"a=mid:{MIDS[stream]}",
        "a=sendrecv" if stream == "video" else "a=sendonly",
        "a=rtcp-mux",
        "a=rtcp-rsize",
        f"a=extmap:{EXTENSION_MID} {_URI_MID}",
        f"a=extmap:{EXTENSION_TRANSPORT_CC} {_URI_TRANSPORT_CC}",
        f"a=msid:{party}",
    ]
    for codec in parameters.video_codecs:
        lines += _codec_lines(codec, parameters.start_bitrate_kbps)
    return lines


def _codec_lines(codec: VideoCodec, start_bitrate_kbps: int) -> list[str]:
    payload_type, start = _PAYLOAD_TYPES[codec], f"x-google-start-bitrate={start_bitrate_kbps}"
    feedback = ("goog-remb", "transport-cc", "ccm fir", "nack", "nack pli")
    return [
        f"a=rtpmap:{payload_type} {codec}/{VIDEO_CLOCK_RATE}",
        *(f"a=rtcp-fb:{payload_type} {kind}" for kind in feedback),
        f"a=fmtp:{payload_type} {start if codec == 'VP8' else f'{_H264_BASELINE};{start}'}",
        f"a=rtpmap:{RTX_OF[payload_type]} rtx/{VIDEO_CLOCK_RATE}",
        f"a=fmtp:{RTX_OF[payload_type]} apt={payload_type}",
    ]


def _data_section() -> list[str]:
    return [
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
        "c=IN IP4 0.0.0.0",
        f"a=mid:{DATA_MID}",
        f"a=sctp-port:{SCTP_PORT}",
        f"a=max-message-size:{MAX_MESSAGE_SIZE}",
    ]


def _transport_lines(parameters: OfferParameters) -> list[str]:
    """In every section: aiortc as a client takes the candidates of the last one, browsers those of the first."""
    lines = [f"a=candidate:{candidate_to_sdp(candidate)}" for candidate in parameters.candidates]
    lines += [f"a=ice-ufrag:{parameters.ice_username}", f"a=ice-pwd:{parameters.ice_password}"]
    lines += [f"a=fingerprint:{print_.algorithm} {print_.value}" for print_ in parameters.fingerprints]
    return [*lines, "a=setup:actpass"]


def _ssrc_lines(stream: Stream, parameters: OfferParameters) -> list[str]:
    ssrcs = parameters.ssrcs[stream]
    cname = f"cname:{parameters.cname}"
    if stream == "audio":
        return [f"a=ssrc:{ssrcs.media} {cname}"]
    return [
        f"a=ssrc-group:FID {ssrcs.media} {ssrcs.rtx}",
        f"a=ssrc:{ssrcs.media} {cname}",
        f"a=ssrc:{ssrcs.rtx} {cname}",
    ]


def parse_answer(sdp: str) -> Answer:
    """
    Refused or receive-only sections are accepted: a person without a camera still takes part.

    :raises BadDescriptionError: not an answer to our offer.
    """
    if len(sdp) > ANSWER_LIMIT:
        raise BadDescriptionError("answer too long")
    try:
        return _read_answer(SessionDescription.parse(sdp))
    except BadDescriptionError:
        raise
    except Exception as error:  # aiortc's parser raises whatever its regular expressions and asserts meet
        raise BadDescriptionError(f"answer cannot be read ({type(error).__name__})") from None


def _read_answer(description: SessionDescription) -> Answer:
    sections = {media.rtp.muxId: media for media in description.media}
    kinds = [(media.kind, media.rtp.muxId) for media in description.media]
    if kinds != [("audio", "0"), ("video", "1"), ("video", "2"), ("application", DATA_MID)]:
        raise BadDescriptionError("sections of the answer do not match the offer")
    taken = [media for media in description.media if media.port != 0]
    if not taken:
        raise BadDescriptionError("every section was refused")
    transport: Any = taken[0]
    if transport.dtls is None or not transport.dtls.fingerprints or transport.dtls.role not in ("client", "server"):
        raise BadDescriptionError("no DTLS fingerprint or role in the answer")
    if not transport.ice.usernameFragment or not transport.ice.password:
        raise BadDescriptionError("no ICE credentials in the answer")
    data = sections[DATA_MID]
    return Answer(
        ice_username=transport.ice.usernameFragment,
        ice_password=transport.ice.password,
        ice_lite=bool(transport.ice.iceLite),
        fingerprints=tuple(transport.dtls.fingerprints),
        is_dtls_client=transport.dtls.role == "client",
        candidates=_usable_candidates(taken),
        streams={stream: _read_stream(stream, sections[MIDS[stream]]) for stream in STREAMS},
        sctp_port=(data.sctp_port or SCTP_PORT) if data.port != 0 else None,
        max_message_size=data.sctpCapabilities.maxMessageSize if data.sctpCapabilities else MAX_MESSAGE_SIZE,
        video_codecs=_taken_codecs(sections[MIDS["video"]]),
    )


def _taken_codecs(media: Any) -> tuple[VideoCodec, ...]:
    """In the order of the answer's payload types: the first is what a browser sends."""
    if media.port == 0:
        return ()
    names = {codec.payloadType: codec.name for codec in media.rtp.codecs}
    of_type = {payload_type: codec for codec, payload_type in _PAYLOAD_TYPES.items()}
    return tuple(
        of_type[each] for each in dict.fromkeys(media.fmt) if each in of_type and names.get(each) == of_type[each]
    )


def _usable_candidates(sections: Sequence[Any]) -> tuple[RTCIceCandidate, ...]:
    """
    UDP candidates, each once.

    mDNS names are left out: one that cannot be resolved costs a second, and the peer-reflexive candidate connects
    anyway.
    """
    found: dict[tuple[str, int], RTCIceCandidate] = {}
    for media in sections:
        for candidate in media.ice_candidates:
            is_usable = candidate.protocol.lower() == "udp" and candidate.component == 1
            if is_usable and not candidate.ip.lower().endswith(".local"):
                found.setdefault((candidate.ip, candidate.port), candidate)
    return tuple(found.values())[:CANDIDATE_LIMIT]


def _read_stream(stream: Stream, media: Any) -> AnsweredStream:
    if media.port == 0:
        return REFUSED
    offered: dict[str, int] = {"opus": OPUS} if stream == "audio" else dict(_PAYLOAD_TYPES.items())
    accepted = {codec.payloadType for codec in media.rtp.codecs if offered.get(codec.name) == codec.payloadType}
    if not accepted:
        raise BadDescriptionError(f"no codec of the offer in the answer's {stream}")
    uris = {extension.uri for extension in media.rtp.headerExtensions}
    direction = media.direction or "sendrecv"
    return AnsweredStream(
        sends=direction in ("sendrecv", "sendonly"),
        receives=direction in ("sendrecv", "recvonly"),
        ssrcs=_announced_ssrcs(media),
        has_transport_cc=_URI_TRANSPORT_CC in uris,
        has_rtx=any(codec.name == "rtx" and codec.parameters.get("apt") in accepted for codec in media.rtp.codecs),
        payload_types=frozenset(accepted),
    )


def _announced_ssrcs(media: Any) -> tuple[int, ...]:
    for group in media.ssrc_group:
        if group.semantic == "FID" and len(group.items) == 2:
            return int(group.items[0]), int(group.items[1])
    return tuple(entry.ssrc for entry in media.ssrc)[:1]
