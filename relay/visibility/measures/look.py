"""From a picture and what was found in it to a :class:`~relay.visibility.model.Look`. Pure."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relay.visibility.measures import face as faces
from relay.visibility.measures import hands, light, picture, pose, sharpness, space
from relay.visibility.model import Detection, Face, Gray, Hand, Look


def measure_look(gray: Gray, found: Detection, rgb: NDArray[np.uint8] | None = None) -> Look:
    """
    :param gray: shape (height, width), the picture that was looked at.
    :param rgb: the same in colour, shape (height, width, 3); without it, less is known of a hidden mouth.
    :returns: positions go no further than the analysis; None for the parts that were not looked for.
    """
    return Look(**_of_picture(gray), **_of_hands(gray, found), **_of_pose(gray, found), **_of_faces(gray, found, rgb))


def _of_picture(gray: Gray) -> dict[str, Any]:
    shown = picture.crop(gray, picture.content(picture.sampled(gray)))
    return {"sharpness": sharpness.picture_sharpness(shown), "blockiness": picture.blockiness(shown)}


def _of_hands(gray: Gray, found: Detection) -> dict[str, Any]:
    if "hands" not in found.parts:
        return {}
    if not found.hands:
        return {"hands_found": 0}
    return {
        "hands_contrast": light.hands_contrast(gray, found.hands),
        "hands_sharpness": sharpness.hands_sharpness(gray, found.hands),
        "hands_found": len(found.hands),
        "hands_in_frame": hands.hands_in_frame(found.hands),
        "hands_whole": hands.whole(found.hands),
        "hands_cut": hands.cut_edges(found.hands),
        "hand_size": hands.hand_size(found.hands),
        "hands_overlap": hands.overlap(found.hands),
        "hands_at_face": found.face is not None and hands.at_face(found.hands, found.face.box),
    }


def _of_pose(gray: Gray, found: Detection) -> dict[str, Any]:
    told = {"pose_sought": "pose" in found.parts, "hands_lost": pose.hands_lost(found)}
    if found.pose is None:
        return told
    return {
        **told,
        "hands_hidden": pose.hands_hidden(found.pose, found.hands, _aspect(gray)) if "hands" in found.parts else None,
        "wrists_in_frame": pose.wrists_in_frame(found.pose),
        "wrists_cut": pose.wrists_cut(found.pose),
        "head_in_frame": pose.head_in_frame(found.pose),
    }


def _of_faces(gray: Gray, found: Detection, rgb: NDArray[np.uint8] | None) -> dict[str, Any]:
    if "faces" not in found.parts:
        return {}
    return {
        "faces_found": faces.people(found.faces),
        **(_of_face(gray, found.face, found.hands, rgb) if found.face else {}),
    }


def _of_face(gray: Gray, face: Face, near: Sequence[Hand], rgb: NDArray[np.uint8] | None) -> dict[str, Any]:
    aspect = _aspect(gray)
    roll, is_told = faces.roll(face, aspect), face.box.width * gray.shape[1] >= faces.LEAST_TURNED
    return {
        **_of_light(gray, face),
        "face_in_frame": faces.box_in_frame(face.box),
        "face_cut": faces.cut_edges(face),
        "face_width": face.box.width,
        "face_height": face.box.height,
        "face_centre": face.box.centre,
        "face_turn": faces.turn(face, aspect) if is_told else None,
        "face_roll": roll if is_told else None,
        "mouth_hidden": faces.mouth_hidden(gray, face, near, rgb),
        "signing_space": space.signing_space(face.box, aspect) if abs(roll) <= faces.UPRIGHT else None,
        "distance": faces.distance(face, aspect),
        "face_sharpness": sharpness.face_sharpness(gray, face.box),
    }


def _of_light(gray: Gray, face: Face) -> dict[str, Any]:
    found = light.face_light(gray, face.box)
    if found is None:
        return {}
    around = light.surroundings(picture.grid(gray), face.box)
    return {
        "face_luma": found.luma,
        "face_contrast": found.contrast,
        "face_overexposed": found.overexposed,
        "backlight": light.backlight(around, found),
    }


def _aspect(gray: Gray) -> float:
    """:returns: width of the picture by its height."""
    return float(gray.shape[1] / gray.shape[0])
