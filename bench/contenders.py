"""Those who compare two picture files, each behind the same line: python -m bench.contenders WHO.

``menshen:PACK`` (``menshen:PACK:f32`` in single precision throughout) and ``menshen-rest:PACK``
run in Menshen's environment, ``face_recognition:N`` (N = how often it enlarges the picture) and
``deepface:DETECTOR`` in the peers'. All but the larger packs compare with the weights of dlib's
face ResNet v1. Each opens the two JPEG files anew every time; models are loaded at the first
call.
"""

from __future__ import annotations

import atexit
import contextlib
import dataclasses
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib import metadata, util
from pathlib import Path
from typing import Any

from bench.lines import Answer, Handler, Request, serve

DLIB_DISTANCE = 0.6
START_SECONDS = 60.0


def menshen(choice: str) -> Handler:
    from menshen.faces.engine import Engine
    from menshen.platform.packs.store import PackStore
    from menshen.platform.settings import Settings
    from menshen.verification.opening import default_policy, open_verifier

    pack, _, precision = choice.partition(":")
    verifier = open_verifier(pack)
    if precision == "f32":
        engine = Engine(PackStore(Settings().packs_dir).load(pack), precision="f32")
        verifier = dataclasses.replace(verifier, engine=engine)
    policy = default_policy(verifier)

    def compare(request: Request) -> Answer:
        first, second = (Path(request[which]).read_bytes() for which in "ab")
        decision = verifier.compare(first, second, policy=policy).decision
        return {"same": decision.outcome == "accept", "score": decision.numbers.similarity}

    return compare


def menshen_rest(pack: str) -> Handler:
    stack = contextlib.ExitStack()
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    port, key = stack.enter_context(running_server(pack, folder))
    atexit.register(stack.close)

    def compare(request: Request) -> Answer:
        answer = post_compare(port, key, Path(request["a"]), Path(request["b"]))
        return {"same": answer["outcome"] == "accept", "score": answer["numbers"]["similarity"]}

    return compare


def post_compare(port: int, key: str, a: Path, b: Path) -> dict[str, Any]:
    """Send two pictures on a connection of their own; raises RuntimeError when refused."""
    body, kind = multipart({"a": a.read_bytes(), "b": b.read_bytes()})
    headers = {"Content-Type": kind, "Authorization": f"Bearer {key}"}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=START_SECONDS)
    with contextlib.closing(connection):
        connection.request("POST", "/v1/compare", body, headers)
        response = connection.getresponse()
        answer: dict[str, Any] = json.loads(response.read())
    if response.status != http.HTTPStatus.OK:
        raise RuntimeError(f"{response.status}: {answer}")
    return answer


@contextlib.contextmanager
def running_server(pack: str, data: Path) -> Iterator[tuple[int, str]]:
    """Run ``menshen serve`` on a free port with a key of its own; yields port and key."""
    from menshen.platform.api_keys import KeyStore, Scope
    from menshen.platform.settings import Settings

    packs = Settings().packs_dir
    key, _ = KeyStore(data / "api-keys.json").create("bench", scopes=(Scope.COMPARE,))
    port = free_port()
    settings = {
        "MENSHEN_DATA_DIR": str(data),
        "MENSHEN_PACKS_DIR": str(packs),
        "MENSHEN_PACK": pack,
        "MENSHEN_WORKERS": "1",
        "MENSHEN_KEY_RATE": "1000000/minute",
        "MENSHEN_ADDRESS_RATE": "1000000/minute",
    }
    command = [str(Path(sys.executable).with_name("menshen")), "serve", "--port", str(port)]
    server = subprocess.Popen(
        command,
        env={**os.environ, **settings},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_ready(port, server)
        yield port, key
    finally:
        server.terminate()
        server.wait(timeout=10)


def wait_ready(port: int, server: subprocess.Popen[bytes]) -> None:
    """Wait until ``/readyz`` says yes."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and server.poll() is None:
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/readyz")
            if connection.getresponse().status == http.HTTPStatus.OK:
                return
        time.sleep(0.02)
    raise RuntimeError("the server did not become ready")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def multipart(files: dict[str, bytes]) -> tuple[bytes, str]:
    """Return a form with these JPEG files (RFC 7578), and its content type."""
    boundary = b"bench-boundary-5c9c97d6"
    parts = [
        b'--%b\r\nContent-Disposition: form-data; name="%b"; filename="%b.jpg"\r\n'
        b"Content-Type: image/jpeg\r\n\r\n%b\r\n" % (boundary, name.encode(), name.encode(), data)
        for name, data in files.items()
    ]
    body = b"".join([*parts, b"--%b--\r\n" % boundary])
    return body, f"multipart/form-data; boundary={boundary.decode()}"


def face_recognition(upsample: str) -> Handler:
    import face_recognition as peer  # type: ignore[import-not-found]
    import numpy as np

    def encode(path: str) -> Any:
        picture = peer.load_image_file(path)
        places = peer.face_locations(picture, number_of_times_to_upsample=int(upsample))
        return peer.face_encodings(picture, known_face_locations=places)[0]

    def compare(request: Request) -> Answer:
        first, second = encode(request["a"]), encode(request["b"])
        distance = float(np.linalg.norm(first - second))
        return {"same": distance <= DLIB_DISTANCE, "score": distance}

    return compare


def deepface(detector: str) -> Handler:
    home = tempfile.mkdtemp(prefix="bench-deepface-")
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    place_weights(Path(home))
    os.environ["DEEPFACE_HOME"] = home
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import cv2
    from deepface import DeepFace as Peer  # type: ignore[import-not-found]

    cv2.setNumThreads(1)

    def compare(request: Request) -> Answer:
        found = Peer.verify(
            request["a"], request["b"], model_name="Dlib", detector_backend=detector, silent=True
        )
        return {"same": bool(found["verified"]), "score": float(found["distance"])}

    return compare


def place_weights(home: Path) -> None:
    """Put dlib's files where DeepFace would download them to: they are in a peer's package."""
    spec = util.find_spec("face_recognition_models")
    if spec is None or spec.origin is None:
        raise RuntimeError("face_recognition_models is not installed")
    target = home / ".deepface" / "weights"
    target.mkdir(parents=True)
    source = Path(spec.origin).parent / "models"
    for name in (
        "dlib_face_recognition_resnet_model_v1.dat",
        "shape_predictor_5_face_landmarks.dat",
    ):
        shutil.copy(source / name, target / name)


def versions(_: str) -> Handler:
    """Answer with the versions of the packages asked for."""

    def look(request: Request) -> Answer:
        return {name: metadata.version(name) for name in request["packages"]}

    return look


MAKERS = {
    "menshen": menshen,
    "menshen-rest": menshen_rest,
    "face_recognition": face_recognition,
    "deepface": deepface,
    "versions": versions,
}


def make(who: str) -> Handler:
    """Return a contender by its name."""
    kind, _, choice = who.partition(":")
    return MAKERS[kind](choice)


def main() -> None:
    if len(sys.argv) == 2:
        serve(lambda: make(sys.argv[1]))
    else:  # once, for the figures of a whole process
        print(make(sys.argv[1])({"a": sys.argv[2], "b": sys.argv[3]}))


if __name__ == "__main__":
    main()
