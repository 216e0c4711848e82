"""
The MediaPipe model files: found, checked by SHA-256, fetched once.

mediapipe 1.2.2 carries no model; the official ``mediapipe==0.10.21`` wheel (Apache-2.0) carries them all. It is fetched
through pip, so that whatever package index this machine is set up for is used, and only five of its files are kept.
The wheel asked for is always the same one (Linux x86-64, CPython 3.11): models are the same on every machine.
Where the files go and whether to fetch at all is the caller's business.
"""

import hashlib
import struct
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from relay.errors import RelayError
from relay.visibility.tflite_metadata import with_normalization

Progress = Callable[[int, int], None]

WHEEL = "mediapipe==0.10.21"
WHEEL_SIZE = 35_622_638  # bytes, for the progress bar only
FETCH_DEADLINE_S = 900.0  # 35 MB at 400 kbit/s
PROGRESS_PERIOD_S = 0.2

TASK_NAME = "hand_landmarker.task"
FACE_NAME = "face_detection_full_range_sparse.tflite"
POSE_NAME = "pose_landmarker_full.task"
FILE_NAMES = (TASK_NAME, FACE_NAME, POSE_NAME)
FORMER_NAMES = ("face_detection_short_range.tflite",)  # of older installations: taken away once the new ones are there
PALM_MEMBER = "hand_detector.tflite"  # the names HandLandmarker and PoseLandmarker look for inside their bundles
HAND_MEMBER = "hand_landmarks_detector.tflite"
PERSON_MEMBER = "pose_detector.tflite"
POSE_MEMBER = "pose_landmarks_detector.tflite"
HAND_MEMBERS = (PALM_MEMBER, HAND_MEMBER)
POSE_MEMBERS = (PERSON_MEMBER, POSE_MEMBER)

_IN_WHEEL = {
    PALM_MEMBER: "mediapipe/modules/palm_detection/palm_detection_full.tflite",
    HAND_MEMBER: "mediapipe/modules/hand_landmark/hand_landmark_full.tflite",
    FACE_NAME: "mediapipe/modules/face_detection/face_detection_full_range_sparse.tflite",
    PERSON_MEMBER: "mediapipe/modules/pose_detection/pose_detection.tflite",
    POSE_MEMBER: "mediapipe/modules/pose_landmark/pose_landmark_full.tflite",
}
#: As installed: the pose landmark model with the normalization it lacks in the wheel (pixels 0..255 to 0..1).
SHA256 = {
    PALM_MEMBER: "1b14e9422c6ad006cde6581a46c8b90dd573c07ab7f3934b5589e7cea3f89a54",
    HAND_MEMBER: "11c272b891e1a99ab034208e23937a8008388cf11ed2a9d776ed3d01d0ba00e3",
    FACE_NAME: "2c3728e6da56f21e21a320433396fb06d40d9088f2247c05e5635a688d45dfe1",
    PERSON_MEMBER: "9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c",
    POSE_MEMBER: "22c8d5c303acb7b0c8125a1d5e95e8da31a9aaf6b28939c03d83acd923f93e3a",
}


@dataclass(frozen=True, slots=True)
class ModelFiles:
    hand_landmarker: Path  # .task bundle (a zip) for HandLandmarker
    face_detector: Path  # .tflite for FaceDetector
    pose_landmarker: Path  # .task bundle for PoseLandmarker


class ModelsUnavailableError(RelayError):
    """
    The models are not here and cannot be fetched, or are not what they should be.

    :param reason_fr, reason_en: what happened, one sentence each.
    """

    def __init__(self, directory: Path, reason_fr: str, reason_en: str) -> None:
        self.message_fr = (
            f"Les modèles MediaPipe manquent : {reason_fr} Le service marche sans eux, mais la lisibilité des signes "
            f"n'est pas mesurée. Réessayez avec « passerelle models » quand l'index de paquets Python est joignable, "
            f"ou copiez {', '.join(FILE_NAMES)} d'une autre machine dans {directory}."
        )
        self.message_en = (
            f"The MediaPipe models are missing: {reason_en} The service works without them, but signing visibility "
            f'is not measured. Try again with "passerelle models" when the Python package index can be reached, '
            f"or copy {', '.join(FILE_NAMES)} from another machine into {directory}."
        )
        super().__init__("models_unavailable", f"{self.message_fr}\n{self.message_en}")


def find_models(directory: Path, own_task: Path | None = None) -> ModelFiles | None:
    """
    The models that are on this machine; never touches the network.

    :param own_task: the operator's own hand landmarker bundle (Google's, for instance): checked for the members it
        must have, not for its hash, and used instead of ours.
    :returns: None when a file is missing or its hash is wrong.
    """
    task = own_task or directory / TASK_NAME
    face, pose = directory / FACE_NAME, directory / POSE_NAME
    if not (_is_bundle(task) if own_task else _is_our_bundle(task, HAND_MEMBERS)):
        return None
    if not _is_our_bundle(pose, POSE_MEMBERS) or not face.is_file() or _sha256(face.read_bytes()) != SHA256[FACE_NAME]:
        return None
    return ModelFiles(task, face, pose)


def version_of(models: ModelFiles) -> tuple[tuple[int, int], ...]:
    """:returns: of each file the time of its last change, ns, and its size, bytes. :raises OSError: one is gone."""
    states = [path.stat() for path in (models.hand_landmarker, models.face_detector, models.pose_landmarker)]
    return tuple((state.st_mtime_ns, state.st_size) for state in states)


def ensure_models(directory: Path, progress: Progress | None = None, own_task: Path | None = None) -> ModelFiles:
    """
    The models, fetched into ``directory`` when they are not there yet. Blocks: seconds to minutes.

    :param progress: called with bytes fetched and bytes expected.
    :raises ModelsUnavailableError: no pip, no index, not enough room, or a wrong hash.
    """
    if found := find_models(directory, own_task):
        return found
    if own_task is not None and not _is_bundle(own_task):
        raise ModelsUnavailableError(
            directory,
            f"{own_task} n'est pas un fichier .task de HandLandmarker.",
            f"{own_task} is not a HandLandmarker .task file.",
        )
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".fetch-", dir=directory) as scratch:
            wheel = _fetch_wheel(directory, Path(scratch), progress)
            _install(directory, wheel, Path(scratch))
    except OSError as error:
        raise ModelsUnavailableError(
            directory,
            f"écriture impossible ({error.strerror or type(error).__name__}).",
            f"cannot write ({error.strerror or type(error).__name__}).",
        ) from error
    found = find_models(directory, own_task)
    if found is None:
        raise _wrong_content(directory)
    return found


def pip_command(destination: Path, scratch: Path) -> list[str]:
    """:returns: the command that fetches the wheel; pip's working files go to ``scratch``, where progress is read."""
    return [
        *("env", f"TMPDIR={scratch}"),
        *(sys.executable, "-m", "pip", "download", WHEEL, "--no-deps", "--dest", str(destination)),
        *("--only-binary", ":all:", "--implementation", "cp", "--python-version", "3.11"),
        *("--platform", "manylinux_2_28_x86_64", "--no-cache-dir", "--disable-pip-version-check", "--no-input"),
        *("--quiet", "--timeout", "15", "--retries", "2"),
    ]


def _fetch_wheel(directory: Path, scratch: Path, progress: Progress | None) -> Path:
    destination = scratch / "wheel"
    working = scratch / "pip"
    working.mkdir()
    deadline = time.monotonic() + FETCH_DEADLINE_S
    log_path = scratch / "pip.log"
    with (
        log_path.open("wb") as log,
        subprocess.Popen(pip_command(destination, working), stdout=log, stderr=log, stdin=subprocess.DEVNULL) as pip,
    ):
        while pip.poll() is None and time.monotonic() < deadline:
            if progress:
                progress(min(_size_of(scratch), WHEEL_SIZE - 1), WHEEL_SIZE)
            time.sleep(PROGRESS_PERIOD_S)
        if pip.poll() is None:
            pip.kill()
    wheels = list(destination.glob("*.whl")) if destination.is_dir() else []
    if pip.returncode != 0 or not wheels:
        raise _out_of_reach(directory, log_path.read_text(errors="replace"))
    if progress:
        progress(WHEEL_SIZE, WHEEL_SIZE)
    return wheels[0]


def _install(directory: Path, wheel: Path, scratch: Path) -> None:
    """Take the models out of the wheel; a file appears under its final name complete or not at all."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            content = {name: archive.read(path) for name, path in _IN_WHEEL.items()}
        content[POSE_MEMBER] = with_normalization(content[POSE_MEMBER], 0.0, 255.0)
    except (zipfile.BadZipFile, KeyError, ValueError, struct.error) as error:
        raise _wrong_content(directory) from error
    if any(_sha256(data) != SHA256[name] for name, data in content.items()):
        raise _wrong_content(directory)
    (scratch / FACE_NAME).write_bytes(content[FACE_NAME])
    for name, members in ((TASK_NAME, HAND_MEMBERS), (POSE_NAME, POSE_MEMBERS)):
        with zipfile.ZipFile(scratch / name, "w", zipfile.ZIP_STORED) as bundle:  # mapped in place: not deflated
            for member in members:
                bundle.writestr(zipfile.ZipInfo(member), content[member])
    for name in FILE_NAMES:
        (scratch / name).replace(directory / name)
    for name in FORMER_NAMES:
        (directory / name).unlink(missing_ok=True)


def _is_our_bundle(task: Path, members: tuple[str, ...]) -> bool:
    try:
        with zipfile.ZipFile(task) as bundle:
            return all(_sha256(bundle.read(member)) == SHA256[member] for member in members)
    except (OSError, zipfile.BadZipFile, KeyError):
        return False


def _is_bundle(task: Path) -> bool:
    try:
        with zipfile.ZipFile(task) as bundle:
            return set(HAND_MEMBERS) <= set(bundle.namelist())
    except (OSError, zipfile.BadZipFile):
        return False


def _out_of_reach(directory: Path, pip_output: str) -> ModelsUnavailableError:
    last = next((line.strip() for line in reversed(pip_output.splitlines()) if line.strip()), "pip: –")
    return ModelsUnavailableError(
        directory,
        f"pip n'a pas pu télécharger {WHEEL} ({last}).",
        f"pip could not download {WHEEL} ({last}).",
    )


def _wrong_content(directory: Path) -> ModelsUnavailableError:
    return ModelsUnavailableError(
        directory,
        f"le contenu de {WHEEL} n'est pas celui attendu (SHA-256).",
        f"the content of {WHEEL} is not the expected one (SHA-256).",
    )


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _size_of(folder: Path) -> int:
    """:returns: bytes of all files below ``folder`` now; files that vanish while counting count as nothing."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except OSError:
            continue
    return total
