"""The part of a picture in a box. Pure."""

from relay.visibility.model import Box, Gray


def crop(gray: Gray, box: Box) -> Gray:
    """:returns: the part of the picture in the box, cut at the picture's borders; possibly empty."""
    height, width = gray.shape
    top, bottom = (round(max(0.0, y) * height) for y in (box.y, box.y + box.height))
    left, right = (round(max(0.0, x) * width) for x in (box.x, box.x + box.width))
    return gray[top:bottom, left:right]
