"""Logs an operator can read and a data protection officer can sign.

One line for each request: route, status, time taken, request identifier. No query string, no
address, no user agent, no key, no form field. Of an unexpected error, where it happened and its
type; not its words, which may quote what a client sent.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from typing import Any

from menshen.errors import MenshenError

access = logging.getLogger("menshen.access")
faults = logging.getLogger("menshen.faults")
QUIETED = ("uvicorn.access", "multipart", "python_multipart", "python_multipart.multipart")


class JsonLines(logging.Formatter):
    """Each record one JSON object on one line, so no value can forge a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, Any] = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        return json.dumps(line | getattr(record, "facts", {}), ensure_ascii=False)


def configure(*, level: int = logging.INFO) -> None:
    """Send all logs to standard error as JSON lines, and silence libraries that echo requests."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in QUIETED:
        logging.getLogger(name).setLevel(logging.ERROR)


def log_request(*, method: str, route: str, status: int, seconds: float, request: str) -> None:
    """Log one answered request; ``route`` as declared, never as asked for."""
    facts = {
        "method": method,
        "route": route or "other",
        "status": status,
        "ms": round(seconds * 1000, 1),
        "request": request,
    }
    access.info("request", extra={"facts": facts})


def log_failure(error: MenshenError, *, request: str) -> None:
    """Log one of our own errors that only the operator can mend; its words are harmless."""
    facts = {"code": error.code, "detail": str(error), "request": request}
    faults.error("failure", extra={"facts": facts})


def log_fault(error: BaseException, *, request: str) -> None:
    """Log an unexpected error: type and places, without its words."""
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    facts = {"type": type(error).__name__, "places": places, "request": request}
    faults.error("unexpected error", extra={"facts": facts})
