from __future__ import annotations

from pathlib import Path

import pytest
from starlette.requests import Request

from menshen.platform.api_keys import KeyStore, Scope
from menshen.platform.callers import Caller, Doorkeeper, no_page
from menshen.platform.problems import (
    KeyInvalidError,
    KeyMissingError,
    RateLimitedError,
    ScopeMissingError,
)
from menshen.platform.rate_limits import RateLimits


def request(authorization: str | None = None, *, address: str = "192.0.2.1") -> Request:
    headers = [(b"authorization", authorization.encode())] if authorization is not None else []
    return Request({"type": "http", "headers": headers, "client": (address, 1)})


@pytest.fixture
def keys(tmp_path: Path) -> KeyStore:
    return KeyStore(tmp_path / "api-keys.json")


def doorkeeper(keys: KeyStore, *, key_rate: str = "9/minute", rate: str = "9/minute") -> Doorkeeper:
    return Doorkeeper(keys, limits=RateLimits(key_rate=key_rate, address_rate=rate))


def test_a_key_with_the_scope_passes(keys: KeyStore) -> None:
    secret, key = keys.create("desk", scopes=(Scope.COMPARE,))
    for scheme in ("Bearer", "bearer", "BEARER"):
        caller = doorkeeper(keys).admit(request(f"{scheme} {secret}"), scope=Scope.COMPARE)
        assert caller == Caller("key", key.id, frozenset({Scope.COMPARE}))


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic eDp5", "menshen_x"])
def test_no_key(keys: KeyStore, header: str | None) -> None:
    with pytest.raises(KeyMissingError) as refused:
        doorkeeper(keys).admit(request(header), scope=Scope.COMPARE)
    assert refused.value.headers["WWW-Authenticate"]


def test_a_wrong_key(keys: KeyStore) -> None:
    keys.create("desk", scopes=(Scope.COMPARE,))
    with pytest.raises(KeyInvalidError):
        doorkeeper(keys).admit(request("Bearer menshen_wrong"), scope=Scope.COMPARE)


def test_a_scope_that_was_not_given(keys: KeyStore) -> None:
    secret, _ = keys.create("desk", scopes=(Scope.MODELS,))
    with pytest.raises(ScopeMissingError, match="compare"):
        doorkeeper(keys).admit(request(f"Bearer {secret}"), scope=Scope.COMPARE)


def test_guessing_keys_is_limited_by_address(keys: KeyStore) -> None:
    door = doorkeeper(keys, rate="3/minute")
    for _ in range(3):
        with pytest.raises(KeyInvalidError):
            door.admit(request("Bearer guess"), scope=Scope.COMPARE)
    with pytest.raises(RateLimitedError):
        door.admit(request("Bearer guess"), scope=Scope.COMPARE)
    with pytest.raises(KeyInvalidError):
        door.admit(request("Bearer guess", address="192.0.2.2"), scope=Scope.COMPARE)


def test_a_key_is_limited_wherever_it_comes_from(keys: KeyStore) -> None:
    secret, _ = keys.create("desk", scopes=(Scope.COMPARE,))
    door = doorkeeper(keys, key_rate="2/minute")
    for i in range(2):
        door.admit(request(f"Bearer {secret}", address=f"192.0.2.{i}"), scope=Scope.COMPARE)
    with pytest.raises(RateLimitedError):
        door.admit(request(f"Bearer {secret}", address="192.0.2.9"), scope=Scope.COMPARE)


def test_a_page_session_passes_without_a_key(keys: KeyStore) -> None:
    page = Caller("page", "page", frozenset({Scope.INSPECT}))
    limits = RateLimits(key_rate="1/minute", address_rate="9/minute")
    door = Doorkeeper(keys, limits=limits, page=lambda _: page)
    assert door.admit(request(), scope=Scope.INSPECT) is page
    with pytest.raises(ScopeMissingError):
        door.admit(request(), scope=Scope.METRICS)


def test_a_server_without_pages_knows_no_page() -> None:
    assert no_page(request()) is None
