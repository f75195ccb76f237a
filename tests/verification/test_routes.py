"""The operations on faces, through HTTP: answers, every bad input, every refusal."""

from __future__ import annotations

import io
import json
import struct
import threading
import time
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient
from tests.fakes import BLACK, BLUE, CONTRACT, CRIMSON, RED, fake_engine, picture

from menshen.platform.api_keys import Scope
from menshen.platform.problem_table import PROBLEMS
from menshen.platform.problems import RequestInvalidError
from menshen.platform.uploads import Form
from menshen.verification.compare import Verifier
from menshen.verification.outlines import OUTLINES
from menshen.verification.routes import policy_of

Serve = Callable[..., TestClient]


def files(**pictures: bytes) -> dict[str, tuple[str, bytes, str]]:
    return {name: ("holiday.jpg", data, "image/jpeg") for name, data in pictures.items()}


def compare(client: TestClient, a: bytes, b: bytes, **texts: str) -> Any:
    return client.post("/v1/compare", files=files(a=a, b=b), data=texts)


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def bomb(side: int = 20_000) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + checksum

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    body = zlib.compress(b"\0" * 1_000_000)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    )


def animated(kind: str) -> bytes:
    frames = [Image.new("RGB", (80, 80), colour) for colour in ("red", "blue")]
    return saved(frames[0], kind, save_all=True, append_images=frames[1:], duration=50)


def sixteen_bit() -> bytes:
    return saved(Image.fromarray(np.full((80, 80), 40_000, np.uint16)), "PNG")


BAD: dict[str, tuple[Callable[[], bytes], str, int]] = {
    "empty": (lambda: b"", "picture-empty", 422),
    "truncated": (lambda: picture(RED, size=(400, 400))[:3000], "picture-truncated", 422),
    "header only": (lambda: picture(RED)[:12], "picture-truncated", 422),
    "too long": (lambda: picture(RED) + bytes(21 * 2**20), "picture-too-many-bytes", 413),
    "text": (lambda: b"hello " * 100, "picture-format-unsupported", 415),
    "svg": (
        lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        "picture-format-unsupported",
        415,
    ),
    "html": (lambda: b"<!doctype html><script>1</script>", "picture-format-unsupported", 415),
    "gif": (lambda: saved(Image.new("P", (80, 80)), "GIF"), "picture-format-unsupported", 415),
    "pdf": (lambda: b"%PDF-1.7\n" + b"0" * 500, "picture-format-unsupported", 415),
    "bomb": (bomb, "picture-dimensions", 422),
    "sliver": (lambda: picture(RED, size=(2000, 20)), "picture-dimensions", 422),
    "sixteen bits": (sixteen_bit, "picture-sixteen-bit", 422),
    "cmyk": (lambda: saved(Image.new("CMYK", (80, 80)), "JPEG"), "picture-cmyk", 422),
    "animated png": (lambda: animated("PNG"), "picture-animated", 422),
    "animated webp": (lambda: animated("WEBP"), "picture-animated", 422),
    "no face": (lambda: picture(BLACK), "face-not-found", 422),
    "two faces": (lambda: picture(RED, size=(400, 160)), "face-not-single", 422),
}


@pytest.mark.parametrize("name", BAD)
def test_every_bad_picture_has_its_own_stable_code(client: TestClient, name: str) -> None:
    make, code, status = BAD[name]
    answer = compare(client, picture(RED), make())
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["picture"] == "b"
    assert compare(client, make(), picture(RED)).json()["picture"] == "a"
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == f"/problems/{code}"
    assert answer.json()["advice"]


@pytest.mark.parametrize("name", [name for name, row in BAD.items() if "face" not in row[1]])
def test_inspect_refuses_the_same_bad_pictures(client: TestClient, name: str) -> None:
    make, code, _ = BAD[name]
    answer = client.post("/v1/inspect", files=files(picture=make()))
    assert answer.json()["code"] == code


def test_one_person_is_accepted(client: TestClient) -> None:
    answer = compare(client, picture(RED), picture(CRIMSON, kind="PNG"))
    body = answer.json()
    assert answer.status_code == 200
    assert body["outcome"] == "accept"
    assert body["reasons"][0]["code"] == "match"
    assert set(body["reasons"][0]["text"]) == {"en", "zh"}
    assert body["numbers"]["fmr_bound"] <= body["policy"]["fmr"] == 1e-3
    assert (body["pack"], body["contract"], body["assurance"]) == ("standard", CONTRACT, "counter")
    assert body["a"]["picture"] == {"width": 160, "height": 160, "format": "jpeg"}
    assert body["b"]["picture"]["format"] == "png"


def test_two_people_are_rejected(client: TestClient) -> None:
    body = compare(client, picture(RED), picture(BLUE)).json()
    assert body["outcome"] == "reject"
    assert body["numbers"]["similarity"] < body["numbers"]["threshold"]


def test_no_answer_holds_a_template(client: TestClient) -> None:
    text = compare(client, picture(RED), picture(RED)).text
    assert "features" not in text
    assert "template" not in text
    longest = max(_lists(json.loads(text)), key=len)
    assert len(longest) <= max(len(ring) for ring in OUTLINES.values())


def _lists(value: Any) -> list[list[Any]]:
    if isinstance(value, dict):
        return [found for item in value.values() for found in _lists(item)]
    if isinstance(value, list):
        return [value, *(found for item in value for found in _lists(item))]
    return [[]]


def test_inspect_describes_every_face(client: TestClient) -> None:
    answer = client.post("/v1/inspect", files=files(picture=picture(RED, size=(400, 160))))
    body = answer.json()
    assert answer.status_code == 200
    assert len(body["faces"]) == 2
    face = body["faces"][0]
    assert face["box"] == {"x": 40.0, "y": 40.0, "width": 80.0, "height": 80.0}
    assert face["pose"] == {"yaw": 1.0, "pitch": 2.0, "roll": 0.5}
    assert set(face["outlines"]) == set(OUTLINES)
    component = face["quality"]["components"][0]
    assert component["tip"]["en"]
    assert component["tip"]["zh"]
    assert component["label"]["zh"]


def test_inspect_without_a_face_is_an_answer(client: TestClient) -> None:
    answer = client.post("/v1/inspect", files=files(picture=picture(BLACK)))
    assert answer.status_code == 200
    assert answer.json()["faces"] == []


def test_coordinates_are_pixels_of_the_picture_as_sent(client: TestClient) -> None:
    answer = client.post("/v1/inspect", files=files(picture=picture(RED, size=(2400, 2400))))
    body = answer.json()
    assert body["picture"]["width"] == 2400
    assert body["faces"][0]["box"]["x"] == pytest.approx(600, abs=2)
    assert body["faces"][0]["box"]["width"] == pytest.approx(1200, abs=2)


def test_models_say_what_may_be_trusted(client: TestClient) -> None:
    body = client.get("/v1/models").json()
    assert body["pack"] == "standard"
    assert body["assurance"] == "counter"
    assert body["calibration"]["caveat"]["zh"]
    assert {model["id"] for model in body["models"]} >= {"dlib-resnet", "hse-faceres"}
    assert all(model["licence"] for model in body["models"])


@pytest.mark.parametrize(
    ("texts", "fmr"),
    [
        ({}, 1e-3),
        ({"fmr": "0.01"}, 1e-2),
        ({"fmr": "2e-3"}, 2e-3),
        ({"level": "convenience"}, 1e-2),
        ({"level": "counter"}, 1e-3),
    ],
)
def test_policy_by_rate_or_level(client: TestClient, texts: dict[str, str], fmr: float) -> None:
    answer = compare(client, picture(RED), picture(RED), **texts)
    assert answer.json()["policy"]["fmr"] == fmr


@pytest.mark.parametrize(
    "texts",
    [
        {"fmr": "0"},
        {"fmr": "-0.1"},
        {"fmr": "0.2"},
        {"fmr": "nan"},
        {"fmr": "inf"},
        {"fmr": "lots"},
        {"level": "highest"},
        {"level": "none"},
        {"fmr": "0.01", "level": "counter"},
    ],
)
def test_an_impossible_policy_is_refused(client: TestClient, texts: dict[str, str]) -> None:
    answer = compare(client, picture(RED), picture(RED), **texts)
    assert answer.status_code == 422
    assert answer.json()["code"] == "request-invalid"


@pytest.mark.parametrize("texts", [{"fmr": "1e-5"}, {"level": "remote"}, {"level": "sign-in"}])
def test_a_pack_is_not_used_above_its_level(client: TestClient, texts: dict[str, str]) -> None:
    answer = compare(client, picture(RED), picture(RED), **texts)
    assert answer.status_code == 422
    assert answer.json()["code"] == "calibration-unsupported"


def test_the_usual_policy_never_asks_more_than_a_pack_has(verifier: Verifier) -> None:
    policy = policy_of(Form({}, {}), verifier)
    assert policy.fmr == 1e-3
    assert policy.fmr < policy.review_fmr < 1
    verifier.permit(policy)


def test_rate_and_level_together_are_a_contradiction(verifier: Verifier) -> None:
    with pytest.raises(RequestInvalidError):
        policy_of(Form({}, {"fmr": "0.1", "level": "counter"}), verifier)


def test_a_missing_picture_is_named(client: TestClient) -> None:
    answer = client.post("/v1/compare", files=files(a=picture(RED)))
    assert answer.json()["code"] == "request-invalid"
    assert "'b'" in answer.json()["detail"]


@pytest.mark.parametrize(
    "send",
    [
        {"files": files(a=b"1", b=b"2", c=b"3")},
        {"files": files(a=b"1", b=b"2"), "data": {"threshold": "0.1"}},
        {"files": [("a", ("x", b"1")), ("a", ("x", b"1")), ("b", ("x", b"2"))]},
        {"files": files(a=b"1", b=b"2"), "data": {"level": "x" * 300}},
    ],
    ids=["another file", "another field", "twice", "long text"],
)
def test_a_form_has_what_it_should_and_nothing_else(
    client: TestClient, send: dict[str, Any]
) -> None:
    answer = client.post("/v1/compare", **send)
    assert answer.status_code == 422
    assert answer.json()["code"] == "request-invalid"


@pytest.mark.parametrize(
    "send",
    [
        {"json": {"a": "base64", "b": "base64"}},
        {"data": {"a": "x"}},
        {"content": b""},
        {"content": b"--x", "headers": {"Content-Type": "multipart/form-data"}},
        {
            "content": b"--x",
            "headers": {"Content-Type": "multipart/form-data; boundary=" + "x" * 500},
        },
    ],
    ids=["json", "urlencoded", "nothing", "no boundary", "long boundary"],
)
def test_another_media_type_is_refused(client: TestClient, send: dict[str, Any]) -> None:
    answer = client.post("/v1/compare", **send)
    assert answer.status_code == 415
    assert answer.json()["code"] == "media-type-unsupported"


@pytest.mark.parametrize("operation", ["/v1/compare", "/v1/inspect", "/v1/models"])
def test_without_a_key_nothing_is_done(serve: Serve, operation: str) -> None:
    client = serve(scopes=None)
    answer = client.get(operation) if "models" in operation else client.post(operation)
    assert answer.status_code == 401
    assert answer.json()["code"] == "key-missing"
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    ("operation", "scope"),
    [("/v1/compare", Scope.COMPARE), ("/v1/inspect", Scope.INSPECT), ("/v1/models", Scope.MODELS)],
)
def test_a_key_does_only_what_its_scopes_say(serve: Serve, operation: str, scope: Scope) -> None:
    client = serve(scopes=tuple(set(Scope) - {scope}))
    answer = client.get(operation) if "models" in operation else client.post(operation)
    assert answer.status_code == 403
    assert answer.json()["code"] == "scope-missing"
    assert scope.value in answer.json()["detail"]


def test_before_the_models_are_loaded(serve: Serve, tmp_path: Any) -> None:
    client = serve(ready=False, packs_dir=tmp_path / "nothing")
    answer = compare(client, picture(RED), picture(RED))
    assert answer.status_code == 503
    assert answer.json()["code"] == "not-ready"
    assert answer.headers["retry-after"]


def test_a_full_queue_says_so_at_once(serve: Serve, verifier: Verifier) -> None:
    client = serve(queue=1)
    engine = fake_engine(verifier)
    engine.gate.clear()
    statuses: list[int] = []

    def ask() -> None:
        sent = client.post("/v1/inspect", files=files(picture=picture(RED)))
        statuses.append(sent.status_code)

    waiting = [threading.Thread(target=ask) for _ in range(3)]
    for thread in waiting:
        thread.start()
    deadline = time.monotonic() + 30
    while b"menshen_work 3.0" not in client.get("/metrics").content:
        assert time.monotonic() < deadline
    answer = client.post("/v1/inspect", files=files(picture=picture(RED)))
    engine.gate.set()
    for thread in waiting:
        thread.join(30)
    assert answer.status_code == 503
    assert answer.json()["code"] == "overloaded"
    assert answer.headers["retry-after"]
    assert statuses == [200, 200, 200]


def test_work_that_takes_too_long_is_given_up(serve: Serve, verifier: Verifier) -> None:
    client = serve(work_seconds=0.05)
    fake_engine(verifier).gate.clear()
    answer = client.post("/v1/inspect", files=files(picture=picture(RED)))
    fake_engine(verifier).gate.set()
    assert answer.status_code == 503
    assert answer.json()["code"] == "work-too-slow"


def test_an_unforeseen_error_tells_nothing_but_where_to_look(
    serve: Serve, verifier: Verifier
) -> None:
    client = serve()
    fake_engine(verifier).failure = ValueError("secret detail")
    answer = client.post("/v1/inspect", files=files(picture=picture(RED)))
    assert answer.status_code == 500
    assert answer.json()["code"] == "internal-error"
    assert answer.json()["instance"] == f"urn:uuid:{answer.headers['x-request-id']}"
    assert "secret" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_every_code_a_picture_can_cause_is_documented(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    responses = document["paths"]["/v1/compare"]["post"]["responses"]
    documented = {
        code
        for response in responses.values()
        for content in response["content"].values()
        for code in content.get("examples", {})
    }
    assert {row[1] for row in BAD.values()} <= documented
    assert documented <= set(PROBLEMS)
