import numpy as np

from menshen.actors.head import BODY, TEXTURE_SIZE, load_head
from menshen.actors.model import build_model, visible_faces


def test_a_model_is_built_once_and_whole() -> None:
    model = build_model(7)
    assert build_model(7) is model
    count = len(load_head().points)
    assert model.bust.points.shape == (count, 3)
    assert model.uv.shape == (count, 2)
    height, width = model.texture.shape[:2]
    assert model.uv.min() >= 0
    assert (model.uv.max(0) <= [width, height]).all()


def test_no_visible_face_crosses_the_seam_of_the_texture() -> None:
    faces, part = visible_faces()
    uv = build_model(7).uv
    skin = faces[part == BODY]
    assert np.ptp(uv[skin][:, :, 0], axis=1).max() <= (TEXTURE_SIZE[0] - 1) / 2
    assert len(faces) > 0.95 * len(load_head().faces)


def test_clothes_lie_on_the_skin_not_in_it() -> None:
    head = load_head()
    chest = (head.part == BODY) & (head.points[:, 1] < 5.4) & (np.abs(head.points[:, 0]) < 0.8)
    front = chest & (head.points[:, 2] > 0.5)
    assert front.any()
    assert np.isfinite(build_model(7).bust.points[front]).all()
