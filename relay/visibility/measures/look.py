"""From a picture and what was found in it to a :class:`~relay.visibility.model.Look`. Pure."""

from typing import Any

from relay.visibility.measures import face as faces
from relay.visibility.measures import hands, light, movement, sharpness
from relay.visibility.model import Detection, Face, Gray, Look


def measure_look(gray: Gray, found: Detection) -> Look:
    """
    :param gray: shape (height, width), the picture that was looked at.
    :returns: positions go no further than the analysis; None for the parts that were not looked for.
    """
    return Look(**_of_hands(found), **_of_faces(gray, found))


def _of_hands(found: Detection) -> dict[str, Any]:
    if "hands" not in found.parts:
        return {}
    if not found.hands:
        return {"hands_found": 0}
    return {
        "hands_found": len(found.hands),
        "hands_in_frame": hands.hands_in_frame(found.hands),
        "hands_cut": hands.cut_edges(found.hands),
        "hand_size": hands.hand_size(found.hands),
        "hands_centre": hands.hands_centre(found.hands),
    }


def _of_faces(gray: Gray, found: Detection) -> dict[str, Any]:
    if "faces" not in found.parts:
        return {}
    return {"faces_found": len(found.faces), **(_of_face(gray, found.face) if found.face else {})}


def _of_face(gray: Gray, face: Face) -> dict[str, Any]:
    luma = light.face_luma(gray, face.box)
    around = light.surroundings(movement.grid(gray), face.box)
    return {
        "face_in_frame": faces.box_in_frame(face.box),
        "face_cut": faces.cut_edges(face.box),
        "face_width": face.box.width,
        "face_height": face.box.height,
        "face_centre": face.box.centre,
        "face_luma": luma,
        "backlight": around - luma if luma is not None else None,
        "face_sharpness": sharpness.sharpness_in(gray, face.box),
    }
