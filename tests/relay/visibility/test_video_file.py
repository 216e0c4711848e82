"""A film is seen as a player shows it."""

import struct
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.stream import VideoStream

from relay.visibility.thumbnails import HEIGHT, Thumbnails
from relay.visibility.video_file import VideoFile, VideoUnreadableError
from tests.helpers.clips import Picture

#: of a tkhd box: a, b, u, c, d, v of the display matrix (ISO 14496-12 §6.2.2), by clockwise degrees
MATRICES = {90: (0, 1, 0, -1, 0, 0), 180: (-1, 0, 0, 0, -1, 0), 270: (0, -1, 0, 1, 0, 0)}


def film(path: Path, pixel_aspect: Fraction = Fraction(1)) -> Path:
    """Twelve pictures of 320 x 240 whose upper left corner is white."""
    picture: Picture = np.zeros((240, 320, 3), dtype=np.uint8)
    picture[:60, :80] = 255
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", 25)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        stream.sample_aspect_ratio = pixel_aspect
        for _ in range(12):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        container.mux(stream.encode())
    return path


def laid_on_its_side(path: Path, degrees: int) -> Path:
    """The same file with another display matrix, as phones write it."""
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 4 + 20 + 8 + 2 + 2 + 2 + 2
    a, b, u, c, d, v = MATRICES[degrees]
    data[at : at + 36] = struct.pack(">9i", a << 16, b << 16, u, c << 16, d << 16, v, 0, 0, 1 << 30)
    path.write_bytes(data)
    return path


def corner(path: Path) -> tuple[int, int, int, int, int, int]:
    """:returns: width and height, then left, top, right and bottom of what is white."""
    with VideoFile(path) as video:
        *_, (_, picture) = video.pictures()
    rows, columns = np.nonzero(picture.to_ndarray(format="gray") > 128)
    edges = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    return picture.width, picture.height, *(round(int(edge) / 4) * 4 for edge in edges)  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("degrees", "seen"),
    [
        (90, (240, 320, 180, 0, 240, 80)),
        (180, (320, 240, 240, 180, 320, 240)),
        (270, (240, 320, 0, 240, 60, 320)),
    ],
)
def test_a_film_that_lies_on_its_side_is_turned(tmp_path: Path, degrees: int, seen: tuple[int, ...]) -> None:
    assert corner(laid_on_its_side(film(tmp_path / "side.mp4"), degrees)) == seen


def test_pixels_that_are_not_square_are_made_square(tmp_path: Path) -> None:
    assert corner(film(tmp_path / "wide.mp4", Fraction(2))) == (640, 240, 0, 0, 160, 60)


def test_a_plain_film_passes_as_it_is_with_its_times(tmp_path: Path) -> None:
    assert corner(film(tmp_path / "plain.mp4")) == (320, 240, 0, 0, 80, 60)
    with VideoFile(tmp_path / "plain.mp4") as video:
        assert [round(t, 2) for t, _ in video.pictures()] == [round(n / 25, 2) for n in range(12)]


def test_a_file_without_pictures_is_refused_in_both_languages(tmp_path: Path) -> None:
    with pytest.raises(VideoUnreadableError) as refused:
        VideoFile(tmp_path / "nothing.mp4")
    assert refused.value.message_fr == "nothing.mp4 : ce fichier n'existe pas."
    assert refused.value.message_en == "nothing.mp4: there is no such file."


def test_one_small_picture_is_kept_of_each_second(tmp_path: Path) -> None:
    keep = Thumbnails()
    with VideoFile(film(tmp_path / "plain.mp4")) as video:
        for t, picture in video.pictures():
            keep(t * 5, picture)
    assert sorted(keep.jpegs) == [0, 1, 2]
    assert size_of(keep.jpegs[1]) == (120, HEIGHT)


def size_of(jpeg: bytes) -> tuple[int, int]:
    def frames() -> Iterator[av.VideoFrame]:
        context = av.CodecContext.create("mjpeg", "r")
        yield from context.decode(av.Packet(jpeg))

    [frame] = frames()
    return frame.width, frame.height


@pytest.mark.parametrize(
    "text",
    [
        "#EXTM3U\n#EXTINF:5,\nhttp://127.0.0.1:9/film.ts\n",
        "ffconcat version 1.0\nfile 'plain.mp4'\n",
        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=-\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 34\n",
    ],
)
def test_a_list_of_other_files_or_addresses_is_no_film(tmp_path: Path, text: str) -> None:
    film(tmp_path / "plain.mp4")
    (tmp_path / "list.mp4").write_text(text)
    with pytest.raises(VideoUnreadableError):
        VideoFile(tmp_path / "list.mp4")


def test_uncoded_video_with_a_header_in_words_is_a_film(tmp_path: Path) -> None:
    (tmp_path / "gray.y4m").write_bytes(b"YUV4MPEG2 W32 H32 F25:1 C420\n" + 3 * (b"FRAME\n" + 1536 * b"d"))
    with VideoFile(tmp_path / "gray.y4m") as video:
        assert len(list(video.pictures())) == 3


def test_a_strip_has_small_pictures_too() -> None:
    pictures = Thumbnails()
    pictures(0.0, av.VideoFrame.from_ndarray(np.zeros((4, 8000, 3), dtype=np.uint8), "rgb24"))
    assert pictures.jpegs[0].startswith(b"\xff\xd8")
