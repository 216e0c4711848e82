"""
How a picture is to be scaled for a model, written into the model's file.

MediaPipe Tasks refuses a model with floating-point input that does not say so (TFLite metadata, "TFLITE_METADATA"); the
pose landmark model of the wheel does not. A .tflite file is a FlatBuffer: a new root table is put before the old
content, with the old fields and one more buffer; references lead forward, so nothing of the old content changes.
The same bytes always give the same file, which can therefore be checked by its hash.

Sources: TensorFlow Lite ``schema.fbs`` (tables Model, Buffer, Metadata), ``metadata_schema.fbs`` (ModelMetadata).
"""

import struct

NAME = b"TFLITE_METADATA"
_MODEL_FIELDS = 8
_VERSION, _BUFFERS, _METADATA = 0, 4, 6  # field numbers of the table Model
_ROOT, _TABLES = 28, 64  # where the root table and the first vector begin
_ALIGNMENT = 64  # bytes; buffers of a model are aligned to 16
#: A ModelMetadata of one subgraph with one RGB input, but for its two numbers: standard deviation and mean.
_BEFORE_DEVIATION = bytes.fromhex(
    "140000004d3030310c00080000000000000004000c00000004000000010000001000000000000a0008000000000004000a00000004000000"
    "010000001400000000000e000c00000000000000080004000e000000080000004c000000010000000c00000008000c000b00040008000000"
    "100000000000000108000c000800040008000000080000000c00000001000000"
)
_BEFORE_MEAN = bytes.fromhex("01000000")
_AFTER = bytes.fromhex("08000a0009000400080000000c00000000020600080007000600000000000001")


def with_normalization(model: bytes, mean: float, deviation: float) -> bytes:
    """
    :param model: a .tflite file without metadata.
    :param mean, deviation: a pixel 0..255 becomes (pixel - mean) / deviation.
    :returns: the same model that says so.
    :raises ValueError: not a .tflite file.
    """
    if model[4:8] != b"TFL3":
        raise ValueError("not a TFLite model")
    content = _BEFORE_DEVIATION + struct.pack("<f", deviation) + _BEFORE_MEAN + struct.pack("<f", mean) + _AFTER
    return _front(model, content) + model


def _front(model: bytes, content: bytes) -> bytes:
    """
    :param content: of the new buffer.
    :returns: what comes before the old file: root table, vectors of buffers and metadata, and one new of each.
    """
    fields = _fields(model)
    buffers, entries = _vector(model, fields[_BUFFERS]), _vector(model, fields[_METADATA])
    entries_at = _TABLES + 4 * (len(buffers) + 2)
    entry_at = entries_at + 4 * (len(entries) + 2) + 8
    buffer_at = entry_at + 12 + 4 + len(NAME) + 1 + 8
    content_at = _aligned(buffer_at + 12, 16)
    front = bytearray(_aligned(content_at + len(content), _ALIGNMENT))
    size = len(front)
    _write_root(front, model, fields, {_BUFFERS: _TABLES, _METADATA: entries_at})
    _write_vector(front, _TABLES, [*(size + at for at in buffers), buffer_at])
    _write_vector(front, entries_at, [*(size + at for at in entries), entry_at])
    struct.pack_into("<4HiII", front, entry_at - 8, 8, 12, 4, 8, 8, 8, len(buffers))
    struct.pack_into(f"<I{len(NAME)}s", front, entry_at + 12, len(NAME), NAME)
    struct.pack_into("<4HiI", front, buffer_at - 8, 6, 8, 4, 0, 8, content_at - 4 - (buffer_at + 4))
    struct.pack_into(f"<I{len(content)}s", front, content_at - 4, len(content), content)
    return bytes(front)


def _write_root(front: bytearray, model: bytes, fields: list[int], moved: dict[int, int]) -> None:
    """:param moved: field number to the position of its new vector; the others refer to the old ones."""
    present = [bool(field) or number in moved for number, field in enumerate(fields)]
    offsets = [4 + 4 * number if is_there else 0 for number, is_there in enumerate(present)]
    struct.pack_into("<I4s10H", front, 0, _ROOT, b"TFL3", 20, 36, *offsets)
    struct.pack_into("<i", front, _ROOT, _ROOT - 8)
    for number, field in enumerate(fields):
        at = _ROOT + 4 + 4 * number
        if number == _VERSION:
            struct.pack_into("<I", front, at, _u32(model, field) if field else 0)
        elif present[number]:
            target = moved[number] if number in moved else len(front) + field + _u32(model, field)
            struct.pack_into("<I", front, at, target - at)


def _write_vector(front: bytearray, start: int, positions: list[int]) -> None:
    struct.pack_into("<I", front, start, len(positions))
    for at, position in zip(range(start + 4, start + 4 + 4 * len(positions), 4), positions, strict=True):
        struct.pack_into("<I", front, at, position - at)


def _fields(model: bytes) -> list[int]:
    """:returns: of the root table, the position of each field's value; 0 where it is absent."""
    table = _u32(model, 0)
    vtable = table - struct.unpack_from("<i", model, table)[0]
    count = (struct.unpack_from("<H", model, vtable)[0] - 4) // 2
    offsets = struct.unpack_from(f"<{count}H", model, vtable + 4) + (0,) * _MODEL_FIELDS
    return [table + offset if offset else 0 for offset in offsets[:_MODEL_FIELDS]]


def _vector(model: bytes, field: int) -> list[int]:
    """:returns: positions of the tables in a vector of tables; none where the field is absent."""
    if not field:
        return []
    start = field + _u32(model, field)
    elements = range(start + 4, start + 4 + 4 * _u32(model, start), 4)
    return [at + _u32(model, at) for at in elements]


def _u32(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "little")


def _aligned(position: int, to: int) -> int:
    return -(-position // to) * to
