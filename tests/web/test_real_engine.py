"""The whole way with real networks: an astronaut, a cat, and pictures held the wrong way."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image
from starlette.testclient import TestClient

from menshen.faces.models.pack import Pack
from menshen.platform.api_keys import KeyStore, Scope
from menshen.platform.settings import Settings
from menshen.verification.compare import Verifier
from menshen.web.app import create_app

pytestmark = pytest.mark.models
Change = Callable[[Image.Image], Image.Image]


def jpeg(pixels: np.ndarray, change: Change = lambda image: image) -> bytes:
    buffer = io.BytesIO()
    change(Image.fromarray(pixels)).convert("RGB").save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def client(standard_pack: Pack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    data: Path = tmp_path_factory.mktemp("data")
    settings = Settings(data_dir=data, workers=1)
    secret, _ = KeyStore(settings.keys_file).create("test", scopes=tuple(Scope))
    app = create_app(settings, verifier=Verifier.of(standard_pack))
    headers = {"Authorization": f"Bearer {secret}"}
    with TestClient(app, base_url="http://127.0.0.1", headers=headers) as opened:
        yield opened


@pytest.fixture(scope="module")
def astronaut() -> np.ndarray:
    pixels: np.ndarray = skimage.data.astronaut()
    return pixels


def test_one_astronaut_twice(client: TestClient, astronaut: np.ndarray) -> None:
    files = {
        "a": ("a", jpeg(astronaut)),
        "b": ("b", jpeg(astronaut, lambda image: image.crop((60, 0, 400, 340)).resize((480, 480)))),
    }
    answer = client.post("/v1/compare", files=files)
    assert answer.status_code == 200
    body = answer.json()
    assert body["outcome"] == "accept"
    assert body["numbers"]["fmr_bound"] <= 1e-3
    box = body["a"]["face"]["box"]
    assert 150 < box["x"] + box["width"] / 2 < 300
    lips = np.array(body["a"]["face"]["outlines"]["lips"])
    eyes = np.array(body["a"]["face"]["outlines"]["left_eye"])
    assert lips[:, 1].min() > eyes[:, 1].max()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda image: image.rotate(89, expand=True), "face-not-upright"),
        (lambda image: image.rotate(180), "face-not-upright"),
        (lambda image: image.resize((96, 96)), "face-too-small"),
        (lambda image: image.crop((0, 300, 512, 512)), "face-not-found"),
    ],
    ids=["on its side", "upside down", "tiny", "beheaded"],
)
def test_an_unusable_face_has_its_own_code(
    client: TestClient, astronaut: np.ndarray, change: Change, code: str
) -> None:
    files = {"a": ("a", jpeg(astronaut)), "b": ("b", jpeg(astronaut, change))}
    answer = client.post("/v1/compare", files=files)
    assert answer.status_code == 422
    assert (answer.json()["code"], answer.json()["picture"]) == (code, "b")


def test_a_cat_is_nobody(client: TestClient, astronaut: np.ndarray) -> None:
    files = {"a": ("a", jpeg(skimage.data.chelsea())), "b": ("b", jpeg(astronaut))}
    assert client.post("/v1/compare", files=files).json()["code"] == "face-not-found"


def test_two_faces_are_one_too_many(client: TestClient, astronaut: np.ndarray) -> None:
    files = {"a": ("a", jpeg(np.hstack([astronaut, astronaut]))), "b": ("b", jpeg(astronaut))}
    assert client.post("/v1/compare", files=files).json()["code"] == "face-not-single"


def test_coordinates_survive_reduced_decoding(client: TestClient, astronaut: np.ndarray) -> None:
    large = jpeg(astronaut, lambda image: image.resize((3072, 3072)))
    small = client.post("/v1/inspect", files={"picture": ("p", jpeg(astronaut))}).json()
    big = client.post("/v1/inspect", files={"picture": ("p", large)}).json()
    assert big["picture"]["width"] == 3072
    one, other = small["faces"][0]["box"], big["faces"][0]["box"]
    assert other["x"] / 6 == pytest.approx(one["x"], abs=8)
    assert other["width"] / 6 == pytest.approx(one["width"], rel=0.1)
