"""What is counted: requests, problems, decisions, work. Nothing about anybody.

Labels are bounded: routes as the application declares them, methods and statuses of HTTP,
codes of the problem table. No address, no key, no picture, no name.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

CONTENT_TYPE = CONTENT_TYPE_LATEST
OTHER = "other"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Telemetry:
    """The metrics of one application, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "menshen_http_requests",
            "HTTP requests answered.",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "menshen_http_request_seconds",
            "Time to answer, in seconds.",
            ["route"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self._problems = Counter(
            "menshen_problems", "Problems answered.", ["code"], registry=self.registry
        )
        self._decisions = Counter(
            "menshen_decisions", "Comparisons decided.", ["outcome"], registry=self.registry
        )
        self.work = Gauge("menshen_work", "Work running or waiting.", registry=self.registry)

    def count_request(self, *, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answered request; ``route`` is a declared route or empty."""
        verb = method if method in METHODS else OTHER
        self._requests.labels(verb, route or OTHER, str(status)).inc()
        self._seconds.labels(route or OTHER).observe(seconds)

    def count_problem(self, code: str) -> None:
        """Count one problem of the problem table."""
        self._problems.labels(code).inc()

    def count_decision(self, outcome: str) -> None:
        """Count one decision: ``accept``, ``reject`` or ``review``."""
        self._decisions.labels(outcome).inc()

    def text(self) -> bytes:
        """Return all metrics in the Prometheus text format."""
        return generate_latest(self.registry)
