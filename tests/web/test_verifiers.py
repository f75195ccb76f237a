from __future__ import annotations

import threading
import time

import pytest
from tests.fakes import fake_verifier

from menshen.errors import ModelFileError
from menshen.platform.problems import NotReadyError
from menshen.verification.compare import Verifier
from menshen.web.verifiers import VerifierSource


def wait(source: VerifierSource) -> None:
    deadline = time.monotonic() + 10
    while not (source.is_ready or source.failure):
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_it_answers_not_ready_until_loaded() -> None:
    gate, verifier = threading.Event(), fake_verifier()

    def load() -> Verifier:
        gate.wait(10)
        return verifier

    source = VerifierSource(load)
    source.start()
    with pytest.raises(NotReadyError, match="still loading"):
        source.get()
    gate.set()
    wait(source)
    assert source.get() is verifier


def test_it_loads_once() -> None:
    calls: list[int] = []

    def load() -> Verifier:
        calls.append(1)
        return fake_verifier()

    source = VerifierSource(load)
    for _ in range(3):
        source.start()
    wait(source)
    source.start()
    assert calls == [1]


@pytest.mark.parametrize(
    ("error", "code"),
    [(ModelFileError("damaged"), "model-file-invalid"), (ValueError("odd"), "internal-error")],
)
def test_a_failed_load_says_why(error: Exception, code: str) -> None:
    def load() -> Verifier:
        raise error

    source = VerifierSource(load)
    source.start()
    wait(source)
    assert not source.is_ready
    assert source.failure == code
    with pytest.raises(NotReadyError, match=code):
        source.get()


def test_a_ready_one_needs_no_loading() -> None:
    verifier = fake_verifier()

    def load() -> Verifier:
        raise AssertionError

    source = VerifierSource(load, ready=verifier)
    source.start()
    assert source.is_ready
    assert source.get() is verifier
