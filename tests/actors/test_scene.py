import dataclasses

import pytest

from menshen.actors import Pose, Scene


@pytest.mark.parametrize("record", [Pose(), Scene()])
def test_records_are_frozen_comparable_and_hashable(record: Pose | Scene) -> None:
    field = dataclasses.fields(record)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(record, field, 1.0)
    assert record == type(record)()
    assert hash(record) == hash(type(record)())
    assert not hasattr(record, "__dict__")


def test_the_default_pose_is_at_rest() -> None:
    assert set(dataclasses.astuple(Pose())) == {0.0, None}
