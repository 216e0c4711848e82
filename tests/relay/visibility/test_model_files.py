"""Models are found by content, fetched once, and their absence is explained."""

import shutil
import zipfile
from pathlib import Path

import pytest

from relay.visibility import model_files
from relay.visibility.model_files import (
    FACE_NAME,
    FILE_NAMES,
    HAND_MEMBER,
    HAND_MEMBERS,
    PALM_MEMBER,
    POSE_MEMBERS,
    POSE_NAME,
    TASK_NAME,
    ModelsUnavailableError,
    ensure_models,
    find_models,
    pip_command,
)
from tests.helpers import clips


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the right models, to be spoilt."""
    clips.models()
    return shutil.copytree(clips.MODELS, tmp_path / "models")


@pytest.fixture
def no_index(monkeypatch: pytest.MonkeyPatch) -> None:
    """pip as on a machine without network."""

    def unreachable(destination: Path, scratch: Path) -> list[str]:
        return [*pip_command(destination, scratch), "--index-url", "http://127.0.0.1:9/", "--retries", "0"]

    monkeypatch.setattr(model_files, "pip_command", unreachable)


def test_models_that_are_there_are_found_without_pip(folder: Path, no_index: None) -> None:
    found = ensure_models(folder)
    assert found == find_models(folder)
    assert found.hand_landmarker == folder / TASK_NAME
    assert found.face_detector == folder / FACE_NAME
    assert found.pose_landmarker == folder / POSE_NAME


@pytest.mark.parametrize(("name", "members"), [(TASK_NAME, HAND_MEMBERS), (POSE_NAME, POSE_MEMBERS)])
def test_bundle_is_a_stored_zip_with_the_names_the_landmarker_looks_for(
    folder: Path, name: str, members: tuple[str, ...]
) -> None:
    with zipfile.ZipFile(folder / name) as bundle:
        stored = {info.filename: info.compress_type for info in bundle.infolist()}
    assert stored == dict.fromkeys(members, zipfile.ZIP_STORED)


@pytest.mark.parametrize("name", FILE_NAMES)
def test_one_changed_byte_or_a_missing_file_is_noticed(folder: Path, name: str) -> None:
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    assert find_models(folder) is None
    (folder / name).unlink()
    assert find_models(folder) is None


def test_without_index_the_error_says_in_french_and_english_what_to_do(tmp_path: Path, no_index: None) -> None:
    with pytest.raises(ModelsUnavailableError) as caught:
        ensure_models(tmp_path / "models")
    assert caught.value.code == "models_unavailable"
    assert "passerelle models" in caught.value.message_fr
    assert "passerelle models" in caught.value.message_en
    assert str(tmp_path / "models") in caught.value.message_fr
    assert list((tmp_path / "models").iterdir()) == [], "nothing half-fetched stays behind"


def test_folder_that_cannot_be_written_is_an_error_of_ours(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file where the folder should be")
    with pytest.raises(ModelsUnavailableError):
        ensure_models(tmp_path / "models")


def test_installation_with_the_models_of_before_gets_the_new_ones(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wheel is made of what is installed: the model that gets its metadata here already has them."""
    former = folder / model_files.FORMER_NAMES[0]
    former.write_bytes(b"the face model of before")
    wheel = tmp_path / "mediapipe.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.write(folder / FACE_NAME, model_files._IN_WHEEL[FACE_NAME])
        for name, members in ((TASK_NAME, HAND_MEMBERS), (POSE_NAME, POSE_MEMBERS)):
            with zipfile.ZipFile(folder / name) as bundle:
                for member in members:
                    archive.writestr(model_files._IN_WHEEL[member], bundle.read(member))
    (folder / FACE_NAME).unlink()
    (folder / POSE_NAME).unlink()
    assert find_models(folder) is None
    monkeypatch.setattr(model_files, "_fetch_wheel", lambda *_: wheel)
    monkeypatch.setattr(model_files, "with_normalization", lambda model, mean, deviation: model)
    assert ensure_models(folder) == find_models(folder)
    assert not former.exists()


def test_wheel_with_other_content_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = tmp_path / "mediapipe.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path in model_files._IN_WHEEL.values():
            archive.writestr(path, b"not a model")
    monkeypatch.setattr(model_files, "_fetch_wheel", lambda *_: wheel)
    with pytest.raises(ModelsUnavailableError, match="SHA-256"):
        ensure_models(tmp_path / "models")
    assert find_models(tmp_path / "models") is None


def test_operators_own_bundle_is_used_when_it_is_one(folder: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.task"
    with zipfile.ZipFile(own, "w") as bundle:
        bundle.writestr(PALM_MEMBER, b"another palm model")
        bundle.writestr(HAND_MEMBER, b"another hand model")
    found = find_models(folder, own)
    assert found is not None
    assert found.hand_landmarker == own
    own.write_bytes(b"no zip")
    assert find_models(folder, own) is None
    with pytest.raises(ModelsUnavailableError, match="HandLandmarker"):
        ensure_models(folder, own_task=own)


def test_no_package_index_is_named_and_pip_is_that_of_this_python(tmp_path: Path) -> None:
    command = pip_command(tmp_path / "out", tmp_path / "work")
    assert not [word for word in command if "://" in word]
    assert "--no-deps" in command
    assert "mediapipe==0.10.21" in command


@pytest.mark.integration
def test_models_are_fetched_from_the_package_index_with_progress(tmp_path: Path) -> None:
    clips.models()  # says so and skips when the index is out of reach
    seen: list[tuple[int, int]] = []
    try:
        found = ensure_models(tmp_path / "models", lambda done, total: seen.append((done, total)))
    except ModelsUnavailableError as error:
        pytest.skip(error.message_en)
    assert found == find_models(tmp_path / "models")
    assert seen[-1][0] == seen[-1][1]
    assert all(done <= total for done, total in seen)
    assert sorted(path.name for path in (tmp_path / "models").iterdir()) == sorted(FILE_NAMES)
