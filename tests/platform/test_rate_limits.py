from __future__ import annotations

import pytest

from menshen.platform.problems import RateLimitedError
from menshen.platform.rate_limits import RateLimits, neighbourhood


def test_one_too_many_is_refused_with_a_time_to_wait() -> None:
    limits = RateLimits(key_rate="3/minute", address_rate="100/minute")
    for _ in range(3):
        limits.count_key("one")
    with pytest.raises(RateLimitedError) as refused:
        limits.count_key("one")
    assert 1 <= int(refused.value.headers["Retry-After"]) <= 60
    assert "3 per 1 minute" in str(refused.value)


def test_keys_do_not_use_up_each_others_share() -> None:
    limits = RateLimits(key_rate="1/minute", address_rate="100/minute")
    limits.count_key("one")
    limits.count_key("two")
    with pytest.raises(RateLimitedError):
        limits.count_key("two")


def test_keys_and_addresses_are_counted_apart() -> None:
    limits = RateLimits(key_rate="1/minute", address_rate="1/minute")
    limits.count_key("192.0.2.1")
    limits.count_address("192.0.2.1")
    with pytest.raises(RateLimitedError):
        limits.count_address("192.0.2.1")


def test_an_ipv6_network_counts_as_one_address() -> None:
    limits = RateLimits(key_rate="1/minute", address_rate="1/minute")
    limits.count_address("2001:db8::1")
    with pytest.raises(RateLimitedError):
        limits.count_address("2001:db8::ffff:1")
    limits.count_address("2001:db8:0:1::1")


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("", "unknown"),
        ("testclient", "unknown"),
        ("/run/menshen.sock", "unknown"),
    ],
)
def test_what_counts_as_one_address(address: str, counted: str) -> None:
    assert neighbourhood(address) == counted
