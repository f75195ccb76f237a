"""The manifest of a model pack: a TOML file that says what a pack is made of.

A pack names the artifacts its models come in (package, exact version, SHA-256), the models
inside them, how pictures are cut and fed to each recogniser, how their scores fuse, and the
calibration that gives the fused score a meaning. Any ArcFace-style ONNX or OpenVINO model
is one such file away.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from menshen.errors import ModelFileError

MESH_POINTS = 468
LIMIT = 64 * 1024


class Assurance(StrEnum):
    """How much may be staked on a match, weakest first."""

    NONE = "none"
    CONVENIENCE = "convenience"
    COUNTER = "counter"
    REMOTE = "remote"
    SIGN_IN = "sign-in"

    @property
    def rank(self) -> int:
        """0 for the weakest."""
        return list(Assurance).index(self)


Sha256 = Field(pattern=r"^[0-9a-f]{64}$")
Name = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")
Vector3 = tuple[float, float, float]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Artifact(_Record):
    """An archive (or a bare file) as some registry or home serves it.

    ``channel`` says which client gets it: ``pip`` and ``npm`` ask the machine's own
    configured client, so a company mirror serves; ``https`` is the artifact's own home,
    used only when an operator asks for the pack by name.
    """

    id: str = Name
    channel: Literal["pip-wheel", "pip-sdist", "npm", "https"]
    package: str
    version: str = ""
    file: str
    sha256: str = Sha256
    size: int = Field(gt=0, le=2**31)
    url: str = ""


class Source(_Record):
    """One file inside an artifact."""

    artifact: str = Name
    member: str
    sha256: str = Sha256


class ModelEntry(_Record):
    """One network: where its files are and what may be said about it."""

    id: str = Name
    role: Literal["detector", "mesh", "iris", "recogniser", "liveness"]
    format: Literal["tflite", "dlib-dat", "tfjs-graph", "onnx", "openvino-ir"]
    sources: tuple[Source, ...] = Field(min_length=1, max_length=2)
    title: str
    licence: str
    training_data: str
    paper: str


class Crop(_Record):
    """A square cut out of the picture by a similarity transform (Umeyama 1991).

    ``landmarks`` lists mesh points; each entry is one index or several to be averaged.
    ``targets`` says where each belongs, as fractions of the square's side.
    """

    size: int = Field(ge=32, le=512)
    landmarks: tuple[tuple[int, ...], ...] = Field(min_length=3, max_length=32)
    targets: tuple[tuple[float, float], ...]

    @model_validator(mode="after")
    def _points_match(self) -> Self:
        if len(self.landmarks) != len(self.targets):
            raise ValueError("a crop needs one target for each landmark")
        indices = [i for group in self.landmarks for i in group]
        if not all(self.landmarks) or not all(0 <= i < MESH_POINTS for i in indices):
            raise ValueError("landmarks are mesh points 0..467")
        return self


class Recogniser(_Record):
    """How one network turns crops into features, and its say in the fused score.

    ``weight`` is shared equally by its crops; all weights of a pack add up to 1. Input is
    (pixel - ``mean``) / ``scale`` in channel order ``channels``, NCHW. ``bfloat16`` says that
    the network was measured to lose nothing that matters when a processor that has bfloat16
    arithmetic uses it; templates of both precisions are compared with each other.
    """

    model: str = Name
    output: str
    features: int = Field(ge=16, le=4096)
    weight: float = Field(gt=0, le=1)
    channels: Literal["rgb", "bgr"]
    mean: Vector3 = (0.0, 0.0, 0.0)
    scale: float = Field(default=1.0, gt=0)
    mirror: bool = True
    bfloat16: bool = False
    crops: tuple[Crop, ...] = Field(min_length=1, max_length=4)


class CalibrationSource(_Record):
    """Where the pack's table of similarity against error rates comes from."""

    table: str
    title: str
    population: str
    measured: str
    caveat: str
    caveat_zh: str


class PackManifest(_Record):
    """One model pack."""

    schema_version: Literal[1]
    name: str = Name
    title: str
    title_zh: str
    assurance: Assurance
    artifacts: tuple[Artifact, ...]
    models: tuple[ModelEntry, ...]
    recognisers: tuple[Recogniser, ...] = ()
    calibration: CalibrationSource | None = None

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        artifacts = {a.id for a in self.artifacts}
        models = {m.id: m for m in self.models}
        if len(artifacts) != len(self.artifacts) or len(models) != len(self.models):
            raise ValueError("identifiers must be unique")
        if any(s.artifact not in artifacts for m in self.models for s in m.sources):
            raise ValueError("a model names an artifact the manifest does not have")
        roles = {
            r.model: models[r.model].role if r.model in models else "" for r in self.recognisers
        }
        if any(role != "recogniser" for role in roles.values()):
            raise ValueError("a recogniser names a model that is none")
        if self.recognisers and abs(sum(r.weight for r in self.recognisers) - 1) > 1e-9:
            raise ValueError("recogniser weights must add up to 1")
        return self

    @property
    def companion(self) -> bool:
        """Tell whether the pack only serves beside one that recognises, never in its place."""
        return bool(self.models) and all(m.role == "liveness" for m in self.models)

    def model(self, role: str) -> ModelEntry:
        """Return the first model with this role; raises ModelFileError when there is none."""
        for entry in self.models:
            if entry.role == role:
                return entry
        raise ModelFileError(f"pack {self.name} has no {role}")


def parse(text: str) -> PackManifest:
    """Read a manifest; raises ModelFileError with the first thing that is wrong."""
    if len(text) > LIMIT:
        raise ModelFileError("the manifest is longer than 64 KiB")
    try:
        return PackManifest.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ModelFileError(f"the manifest is not TOML: {error}") from error
    except ValidationError as error:
        raise ModelFileError(f"the manifest is invalid: {_first(error.errors()[0])}") from error


def _first(problem: Mapping[str, Any]) -> str:
    place = ".".join(str(part) for part in problem["loc"])
    words = re.sub(r"^Value error, ", "", str(problem["msg"]))
    return f"{place}: {words}" if place else words
