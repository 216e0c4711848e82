"""What is written into a model is what MediaPipe's own library reads from it, and nothing else changes."""

import zipfile

import pytest

from relay.visibility.model_files import PERSON_MEMBER, POSE_MEMBER
from relay.visibility.tflite_metadata import with_normalization
from tests.helpers import clips


def member(name: str) -> bytes:
    with zipfile.ZipFile(clips.models().pose_landmarker) as bundle:
        return bundle.read(name)


def test_the_old_model_follows_unchanged_and_aligned() -> None:
    old = member(PERSON_MEMBER)
    new = with_normalization(old, 127.5, 127.5)
    assert new.endswith(old)
    assert (len(new) - len(old)) % 64 == 0
    assert new[4:8] == b"TFL3"


def test_mean_and_deviation_are_read_back_and_every_weight_is_the_same() -> None:
    from mediapipe.tasks.metadata import metadata_schema_py_generated as metadata
    from mediapipe.tasks.metadata import schema_py_generated as schema

    old = member(POSE_MEMBER)
    before, after = (schema.Model.GetRootAsModel(data, 0) for data in (old, with_normalization(old, 0.5, 200.0)))
    assert after.MetadataLength() == before.MetadataLength() + 1
    entry = after.Metadata(before.MetadataLength())
    assert entry.Name() == b"TFLITE_METADATA"
    written = bytes(after.Buffers(entry.Buffer()).DataAsNumpy())
    unit = metadata.ModelMetadataT.InitFromObj(metadata.ModelMetadata.GetRootAsModelMetadata(written, 0))
    options = unit.subgraphMetadata[0].inputTensorMetadata[0].processUnits[0].options
    assert (options.mean, options.std) == ([0.5], [200.0])
    assert (after.Version(), after.SubgraphsLength()) == (before.Version(), before.SubgraphsLength())
    for index in range(before.BuffersLength()):
        left, right = before.Buffers(index), after.Buffers(index)
        assert left.DataLength() == right.DataLength()
        assert not left.DataLength() or left.DataAsNumpy().tobytes() == right.DataAsNumpy().tobytes()


def test_what_is_no_model_is_refused() -> None:
    with pytest.raises(ValueError, match="TFLite"):
        with_normalization(b"not a model at all", 0.0, 255.0)
