from __future__ import annotations

import numpy as np
import pytest
from pydantic import BaseModel, ValidationError
from tests.fakes import BLUE, CONTRACT, RED, fake_verifier, picture

from menshen.faces.models.manifest import CalibrationSource
from menshen.faces.records import Box, HeadPose, Picture
from menshen.verification import messages
from menshen.verification.compare import Verifier
from menshen.verification.messages import (
    BoxMessage,
    CompareAnswer,
    InspectAnswer,
    ModelsAnswer,
    NumbersMessage,
    PictureMessage,
    PoseMessage,
)
from menshen.verification.records import Numbers, Policy


@pytest.fixture(scope="module")
def shared() -> Verifier:
    return fake_verifier()


def answer(shared: Verifier, other: tuple[int, int, int], policy: Policy) -> CompareAnswer:
    comparison = shared.compare(picture(RED), picture(other), policy=policy)
    return CompareAnswer.of(comparison, policy=policy, assurance="counter")


@pytest.mark.parametrize(("other", "outcome"), [(RED, "accept"), (BLUE, "reject")])
def test_a_comparison_in_words(shared: Verifier, other: tuple[int, int, int], outcome: str) -> None:
    policy = Policy(version="mine-7")
    told = answer(shared, other, policy)
    assert told.outcome == outcome
    assert told.policy.version == "mine-7"
    assert told.policy.review_fmr == policy.review_fmr
    assert told.contract == CONTRACT
    assert told.calibration == "a table made up for tests"
    assert all(reason.text.en and reason.text.zh for reason in told.reasons)


def test_an_answer_reads_back_as_it_was_written(shared: Verifier) -> None:
    told = answer(shared, RED, Policy())
    assert CompareAnswer.model_validate_json(told.model_dump_json()) == told


def test_coordinates_are_magnified_to_the_picture_as_sent() -> None:
    box = BoxMessage.of(Box(1.04, 2, 3, 4), scale=4.0)
    assert (box.x, box.y, box.width, box.height) == (4.2, 8.0, 12.0, 16.0)


def test_a_picture_is_as_large_as_it_was_stored() -> None:
    small = Picture(np.zeros((10, 20, 3), np.uint8), (160, 80), 8.0, "jpeg")
    assert PictureMessage.of(small).model_dump() == {"width": 160, "height": 80, "format": "jpeg"}


def test_numbers_are_rounded_to_what_they_are_good_for() -> None:
    numbers = Numbers(0.123456789, 0.9, 1.23456789e-7, 1e-3, 0.0123456789, 70, 80)
    told = NumbersMessage.of(numbers)
    assert told.similarity == 0.123457
    assert told.fmr_bound == 1.23457e-7
    assert (told.quality_a, told.quality_b) == (70, 80)
    assert isinstance(told.quality_a, int)


def test_pose_to_a_tenth_of_a_degree() -> None:
    assert PoseMessage.of(HeadPose(1.26, -0.04, 0)).model_dump() == {
        "yaw": 1.3,
        "pitch": -0.0,
        "roll": 0.0,
    }


def test_a_pack_without_calibration_says_so(shared: Verifier) -> None:
    manifest = shared.engine.manifest.model_copy(update={"calibration": None})
    assert ModelsAnswer.of(manifest, contract=CONTRACT).calibration is None
    source = shared.engine.manifest.calibration
    assert isinstance(source, CalibrationSource)
    told = ModelsAnswer.of(shared.engine.manifest, contract=CONTRACT).calibration
    assert told is not None
    assert told.caveat.zh == source.caveat_zh


def test_messages_have_room_for_nothing_else() -> None:
    with pytest.raises(ValidationError):
        InspectAnswer.model_validate(
            {
                "picture": {"width": 1, "height": 1, "format": "png"},
                "faces": [],
                "pack": "",
                "contract": "",
                "template": [0.1],
            }
        )


def test_no_message_has_a_field_for_features() -> None:
    found = [
        (name, field)
        for name, model in vars(messages).items()
        if isinstance(model, type) and issubclass(model, BaseModel)
        for field in model.model_fields
        if field in {"template", "features", "embedding", "vector", "mesh"}
    ]
    assert found == []
