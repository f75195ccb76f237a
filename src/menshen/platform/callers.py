"""Who is asking: deny by default, one scope for each operation, limits on both sides of the check.

The address is counted before credentials are looked at, so guessing keys is limited too.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable

from starlette.requests import Request

from menshen.platform.api_keys import KeyStore, Scope
from menshen.platform.problems import KeyInvalidError, KeyMissingError, ScopeMissingError
from menshen.platform.rate_limits import RateLimits

SCHEME = "bearer"
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="menshen"'}


@dataclasses.dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who may do what ``scopes`` say: ``kind`` is ``key`` or ``page``."""

    kind: str
    id: str
    scopes: frozenset[Scope]


PageSession = Callable[[Request], Caller | None]
"""Returns the caller when the request comes from the server's own page, None when it does not
claim to; raises SessionExpiredError when it claims to in vain."""


def no_page(_: Request) -> Caller | None:
    """Answer for a server without pages: nobody comes from one."""
    return None


class Doorkeeper:
    """Decides who may call which operation."""

    def __init__(self, keys: KeyStore, *, limits: RateLimits, page: PageSession = no_page) -> None:
        self._keys = keys
        self._limits = limits
        self._page = page

    def require(self, scope: Scope) -> Callable[[Request], Awaitable[Caller]]:
        """Return a dependency that lets callers with ``scope`` pass, and nobody else."""

        async def dependency(request: Request) -> Caller:
            return self.admit(request, scope=scope)

        return dependency

    def admit(self, request: Request, *, scope: Scope) -> Caller:
        """Return the caller; raises RateLimited-, KeyMissing-, KeyInvalid-, ScopeMissingError."""
        self._limits.count_address(request.client.host if request.client else "")
        caller = self._page(request) or self._key_caller(request)
        if scope not in caller.scopes:
            raise ScopeMissingError(f"the scope {scope.value!r} is needed")
        return caller

    def _key_caller(self, request: Request) -> Caller:
        scheme, _, secret = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != SCHEME or not secret.strip():
            raise KeyMissingError("the request has no bearer key", headers=CHALLENGE)
        key = self._keys.find(secret.strip())
        if key is None:
            raise KeyInvalidError("no key like this exists", headers=CHALLENGE)
        self._limits.count_key(key.id)
        return Caller("key", key.id, frozenset(key.scopes))
