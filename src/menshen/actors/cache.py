"""Rendered frames on disk, found again by their content.

The key covers everything a frame depends on: this package's code and data, the library versions,
actor, pose and scene. A file is a SHA-256 digest followed by a PNG; anything else is rendered anew.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import astuple
from functools import cache
from importlib import resources
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from menshen.actors.people import Actor
from menshen.actors.renderer import render
from menshen.actors.scene import DEFAULT_POSE, DEFAULT_SCENE, Pose, Scene

_DIGEST = hashlib.sha256().digest_size


@cache
def code_version() -> str:
    """Return the digest of the code and data that draw actors, and of the libraries they use."""
    digest = hashlib.sha256(f"{np.__version__} {cv2.__version__}".encode())
    for entry in sorted(resources.files("menshen.actors").iterdir(), key=lambda e: e.name):
        if entry.name.endswith((".py", ".npz")):
            digest.update(entry.name.encode() + entry.read_bytes())
    return digest.hexdigest()


class FrameCache:
    """Frames kept in a folder; safe with several writers, truncated and corrupt files."""

    def __init__(self, folder: Path) -> None:
        self._folder = Path(folder)

    def frame(
        self, actor: Actor, *, pose: Pose = DEFAULT_POSE, scene: Scene = DEFAULT_SCENE
    ) -> NDArray[np.uint8]:
        """Return the frame `render` gives, from the folder where it is there and whole."""
        path = self.path(actor, pose=pose, scene=scene)
        kept = _read(path)
        if kept is not None and kept.shape == (scene.height, scene.width, 3):
            return kept
        picture = render(actor, pose=pose, scene=scene)
        _write(path, picture)
        return picture

    def path(
        self, actor: Actor, *, pose: Pose = DEFAULT_POSE, scene: Scene = DEFAULT_SCENE
    ) -> Path:
        """Return where this frame is kept."""
        what = (code_version(), actor.seed, astuple(pose), astuple(scene))
        key = hashlib.sha256(repr(what).encode()).hexdigest()
        return self._folder / key[:2] / f"{key}.frame"


def _read(path: Path) -> NDArray[np.uint8] | None:
    """Return the picture in a cache file, or None where it is missing or not whole."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    digest, payload = data[:_DIGEST], data[_DIGEST:]
    if hashlib.sha256(payload).digest() != digest:
        return None
    picture = cv2.imdecode(np.frombuffer(payload, np.uint8), cv2.IMREAD_COLOR_RGB)
    return np.asarray(picture, np.uint8)


def _write(path: Path, picture: NDArray[np.uint8]) -> None:
    """Write under another name, then rename: readers see a whole file or none."""
    coded = cv2.imencode(".png", picture[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 1])[1]
    payload = coded.tobytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(hashlib.sha256(payload).digest() + payload)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
