"""How often one API key, or one network address, may ask."""

from __future__ import annotations

import ipaddress
import math
import time

import limits
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from menshen.platform.problems import RateLimitedError

IPV6_NETWORK = 64


class RateLimits:
    """Moving windows, in memory: counts are gone with the process, nobody is followed.

    ``key_rate`` and ``address_rate`` are rates as the ``limits`` library writes them.
    """

    def __init__(self, *, key_rate: str, address_rate: str) -> None:
        self._windows = MovingWindowRateLimiter(MemoryStorage())
        self._rates = {"key": limits.parse(key_rate), "address": limits.parse(address_rate)}

    def count_key(self, key_id: str) -> None:
        """Count one request of a key; raises RateLimitedError when it is one too many."""
        self._count("key", key_id)

    def count_address(self, address: str) -> None:
        """Count one request of an address; raises RateLimitedError when it is one too many."""
        self._count("address", neighbourhood(address))

    def _count(self, kind: str, who: str) -> None:
        rate = self._rates[kind]
        if self._windows.hit(rate, kind, who):
            return
        reset = self._windows.get_window_stats(rate, kind, who).reset_time
        wait = max(1, math.ceil(reset - time.time()))
        raise RateLimitedError(
            f"more than {rate} from one {kind}", headers={"Retry-After": str(wait)}
        )


def neighbourhood(address: str) -> str:
    """Return what is counted as one address: an IPv4 address, or an IPv6 /64 network."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        mapped = parsed.ipv4_mapped
        return str(mapped or ipaddress.ip_network((parsed, IPV6_NETWORK), strict=False))
    return str(parsed)
