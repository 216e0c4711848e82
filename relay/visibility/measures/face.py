"""The face: inside the picture or cut, its size, where it turns. Pure."""

from relay.visibility.model import Box, Edge


def box_in_frame(box: Box) -> float:
    """:returns: share of the box's area inside the picture, in [0, 1]."""
    width = min(1.0, box.x + box.width) - max(0.0, box.x)
    height = min(1.0, box.y + box.height) - max(0.0, box.y)
    area = box.width * box.height
    return max(0.0, width) * max(0.0, height) / area if area > 0 else 0.0


def cut_edges(box: Box) -> tuple[Edge, ...]:
    """:returns: the edges beyond which the box reaches."""
    beyond: dict[Edge, bool] = {
        "top": box.y < 0,
        "left": box.x < 0,
        "right": box.x + box.width > 1,
        "bottom": box.y + box.height > 1,
    }
    return tuple(edge for edge, is_beyond in beyond.items() if is_beyond)
