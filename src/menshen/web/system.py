"""How the server is: alive, ready, and in numbers."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from menshen.platform.api_keys import Scope
from menshen.platform.problem_docs import ALWAYS, GUARDED, Responses, problem_responses
from menshen.platform.telemetry import CONTENT_TYPE
from menshen.verification.route_docs import SECURITY
from menshen.verification.routes import Desk
from menshen.web.verifiers import VerifierSource


class HealthAnswer(BaseModel):
    """The process runs and answers."""

    status: str


class ReadyAnswer(BaseModel):
    """The models are loaded."""

    status: str
    pack: str


def system_routes(desk: Desk, source: VerifierSource) -> APIRouter:
    """Return ``/healthz``, ``/readyz`` and ``/metrics``."""
    router = APIRouter(tags=["system"])
    _add_health(router)
    _add_ready(router, source)
    _add_metrics(router, desk)
    return router


def _add_health(router: APIRouter) -> None:
    @router.get(
        "/healthz",
        operation_id="health",
        summary="Is the process alive?",
        responses=_json({"status": "ok"}) | problem_responses(*ALWAYS),
    )
    async def health() -> HealthAnswer:
        return HealthAnswer(status="ok")


def _add_ready(router: APIRouter, source: VerifierSource) -> None:
    @router.get(
        "/readyz",
        operation_id="ready",
        summary="Are the models loaded?",
        responses=_json({"status": "ready", "pack": "standard"})
        | problem_responses("not-ready", *ALWAYS),
    )
    async def ready() -> ReadyAnswer:
        return ReadyAnswer(status="ready", pack=source.get().engine.manifest.name)


def _add_metrics(router: APIRouter, desk: Desk) -> None:
    async def guard(request: Request) -> None:
        # On loopback whoever can ask is already on this machine.
        if not desk.settings.on_loopback:
            desk.doorkeeper.admit(request, scope=Scope.METRICS)

    @router.get(
        "/metrics",
        dependencies=[Depends(guard)],
        operation_id="metrics",
        summary="What has been counted, for Prometheus",
        description="Open on loopback; elsewhere needs the scope `metrics`.",
        response_class=Response,
        openapi_extra={"security": [{}, *SECURITY]},
        responses=_METRICS | problem_responses(*GUARDED, *ALWAYS),
    )
    async def metrics() -> Response:
        desk.telemetry.work.set(desk.workers.busy)
        return Response(desk.telemetry.text(), media_type=CONTENT_TYPE)


_METRICS: Responses = {
    200: {
        "description": "Prometheus text format.",
        "content": {
            "text/plain": {
                "schema": {"type": "string"},
                "example": 'menshen_decisions_total{outcome="accept"} 41.0\n',
            }
        },
    }
}


def _json(example: dict[str, str]) -> Responses:
    content = {"application/json": {"example": example}}
    return {200: {"description": "The answer.", "content": content}}
