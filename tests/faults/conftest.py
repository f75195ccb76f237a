"""The same server as the tests of the web floor have."""

from tests.web.conftest import client, serve, verifier

__all__ = ["client", "serve", "verifier"]
