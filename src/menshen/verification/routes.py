"""The HTTP operations on faces: compare two pictures, inspect one, say which models do it.

Routes translate: a form into bytes, a record into a message. Nothing is kept of either.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

from fastapi import APIRouter, Depends
from starlette.requests import Request

from menshen.faces.calibration import LEVELS
from menshen.faces.decode import Limits, decode
from menshen.faces.engine import Engine, prominent
from menshen.faces.models.manifest import Assurance
from menshen.faces.quality import assess
from menshen.platform.api_keys import Scope
from menshen.platform.callers import Doorkeeper
from menshen.platform.problems import RequestInvalidError
from menshen.platform.settings import Settings
from menshen.platform.telemetry import Telemetry
from menshen.platform.uploads import Form, read_form
from menshen.platform.workers import Workers
from menshen.verification import route_docs
from menshen.verification.compare import Verifier
from menshen.verification.messages import CompareAnswer, InspectAnswer, ModelsAnswer
from menshen.verification.opening import default_policy
from menshen.verification.records import Comparison, Policy

WEAKEST_FMR = 0.1
LEVEL_NAMES = tuple(level.value for level in LEVELS)


@dataclasses.dataclass(frozen=True, slots=True)
class Desk:
    """What the operations work with. ``verifier`` raises NotReadyError until models are loaded."""

    settings: Settings
    verifier: Callable[[], Verifier]
    workers: Workers
    telemetry: Telemetry
    doorkeeper: Doorkeeper

    @property
    def limits(self) -> Limits:
        """What a picture may be."""
        settings = self.settings
        file_bytes = min(Limits().file_bytes, settings.max_request_bytes)
        return Limits(file_bytes=file_bytes, pixels=settings.max_pixels)

    async def form(self, request: Request, *, files: set[str], texts: set[str]) -> Form:
        """Read the request's form within the limits; all ``files`` must be there."""
        form = await read_form(
            request,
            files=frozenset(files),
            texts=frozenset(texts),
            limit=self.settings.max_request_bytes,
            seconds=self.settings.body_seconds,
        )
        missing = sorted(files - set(form.files))
        if missing:
            raise RequestInvalidError(f"the file part {missing[0]!r} is missing")
        return form


def verification_routes(desk: Desk) -> APIRouter:
    """Return the operations under ``/v1``."""
    router = APIRouter(prefix="/v1", tags=["faces"])
    _add_compare(router, desk)
    _add_inspect(router, desk)
    _add_models(router, desk)
    return router


def _add_compare(router: APIRouter, desk: Desk) -> None:
    guard = Depends(desk.doorkeeper.require(Scope.COMPARE))

    @router.post("/compare", dependencies=[guard], **route_docs.COMPARE)
    async def compare_pictures(request: Request) -> CompareAnswer:
        verifier = desk.verifier()
        form = await desk.form(request, files={"a", "b"}, texts={"fmr", "level"})
        policy = policy_of(form, verifier)
        comparison = await desk.workers.run(lambda: _compare(verifier, form, policy, desk.limits))
        desk.telemetry.count_decision(comparison.decision.outcome.value)
        assurance = verifier.engine.manifest.assurance.value
        return CompareAnswer.of(comparison, policy=policy, assurance=assurance)


def _add_inspect(router: APIRouter, desk: Desk) -> None:
    guard = Depends(desk.doorkeeper.require(Scope.INSPECT))

    @router.post("/inspect", dependencies=[guard], **route_docs.INSPECT)
    async def inspect_picture(request: Request) -> InspectAnswer:
        engine = desk.verifier().engine
        form = await desk.form(request, files={"picture"}, texts=set())
        data, limits = form.files["picture"], desk.limits
        return await desk.workers.run(lambda: inspect(engine, data, limits=limits))


def _add_models(router: APIRouter, desk: Desk) -> None:
    guard = Depends(desk.doorkeeper.require(Scope.MODELS))

    @router.get("/models", dependencies=[guard], **route_docs.MODELS)
    async def models_in_use() -> ModelsAnswer:
        engine = desk.verifier().engine
        return ModelsAnswer.of(engine.manifest, contract=engine.contract)


def inspect(engine: Engine, data: bytes, *, limits: Limits) -> InspectAnswer:
    """Find and assess all faces of a picture; raises a PictureError."""
    picture = decode(data, limits=limits)
    faces = engine.find(picture)
    count = prominent(faces)
    assessed = [(face, assess(picture, face, faces=count)) for face in faces]
    pack, contract = engine.manifest.name, engine.contract
    return InspectAnswer.of(picture, assessed, pack=pack, contract=contract)


def _compare(verifier: Verifier, form: Form, policy: Policy, limits: Limits) -> Comparison:
    return verifier.compare(form.files["a"], form.files["b"], policy=policy, limits=limits)


def policy_of(form: Form, verifier: Verifier) -> Policy:
    """Return the policy a form asks for, by rate or by level, or the usual one.

    Raises RequestInvalidError when the form says something else, or both.
    """
    rate, level = form.texts.get("fmr", ""), form.texts.get("level", "")
    if rate and level:
        raise RequestInvalidError("give 'fmr' or 'level', not both")
    fmr = _rate(rate) if rate else _level_rate(level)
    return default_policy(verifier, fmr=fmr)


def _rate(text: str) -> float:
    try:
        fmr = float(text)
    except ValueError:
        fmr = math.nan
    if not 0 < fmr <= WEAKEST_FMR:
        raise RequestInvalidError(f"'fmr' must be a number above 0, at most {WEAKEST_FMR}")
    return fmr


def _level_rate(text: str) -> float | None:
    if not text:
        return None
    if text not in LEVEL_NAMES:
        raise RequestInvalidError(f"'level' must be one of {', '.join(LEVEL_NAMES)}")
    return LEVELS[Assurance(text)]
