"""The verifier, loaded beside the server: it answers at once, and is ready a little later."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from menshen.errors import MenshenError
from menshen.platform.logs import log_fault
from menshen.platform.problems import NotReadyError
from menshen.verification.compare import Verifier

log = logging.getLogger("menshen.models")


class VerifierSource:
    """Gives the verifier once ``load`` has made it; a failed load stays failed."""

    def __init__(self, load: Callable[[], Verifier], *, ready: Verifier | None = None) -> None:
        self._load = load
        self._verifier = ready
        self._failure = ""
        self._thread: threading.Thread | None = None

    @property
    def is_ready(self) -> bool:
        """Whether a request would be served."""
        return self._verifier is not None

    @property
    def failure(self) -> str:
        """The code of what went wrong, empty while nothing has."""
        return self._failure

    def start(self) -> None:
        """Begin to load, unless that has been done."""
        if self._verifier is None and self._thread is None:
            self._thread = threading.Thread(target=self._run, name="menshen-load", daemon=True)
            self._thread.start()

    def get(self) -> Verifier:
        """Return the verifier; raises NotReadyError."""
        if self._verifier is None:
            words = f"loading failed: {self._failure}" if self._failure else "still loading"
            raise NotReadyError(words, headers={"Retry-After": "2"})
        return self._verifier

    def _run(self) -> None:
        try:
            self._verifier = self._load()
            log.info("models loaded")
        except MenshenError as error:
            self._failure = error.code
            log.error("models not loaded: %s (%s)", error, error.code)  # noqa: TRY400 - no trace
        except Exception as error:  # a thread has nobody above it to tell
            self._failure = "internal-error"
            log_fault(error, request="")
