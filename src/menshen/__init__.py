"""Menshen: consent-first face verification and access."""

__version__ = "0.1.0"
