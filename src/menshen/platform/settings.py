"""What an operator may choose; every setting is an environment variable ``MENSHEN_<NAME>``."""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path
from typing import Annotated, Any

import limits
import platformdirs
from pydantic import AfterValidator, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from menshen.errors import MenshenError
from menshen.platform.languages import LANGUAGES, Language

MEBIBYTE = 1024 * 1024


class SettingsError(MenshenError):
    """A setting has a value it cannot have."""

    code = "settings-invalid"
    advice = "Correct the environment variable or option named."


def _is_rate(text: str) -> str:
    limits.parse(text)
    return text


Rate = Annotated[str, AfterValidator(_is_rate)]
"""A number of requests in a time, as the ``limits`` library writes it: ``60/minute``."""


def _packs_dir(settled: dict[str, Any]) -> Path:
    return Path(settled["data_dir"]) / "packs"


class Settings(BaseSettings):
    """All settings, checked once at start."""

    model_config = SettingsConfigDict(env_prefix="MENSHEN_", frozen=True, extra="forbid")

    data_dir: Path = Field(
        default_factory=lambda: platformdirs.user_data_path("menshen"),
        description="Where Menshen keeps what it keeps.",
    )
    packs_dir: Path = Field(default_factory=_packs_dir, description="Where model packs are.")
    pack: str | None = Field(
        default=None, description="The pack that is used. Unset: see `menshen models use`."
    )
    samples_dir: Path | None = Field(
        default=None, description="Folder of PNG pictures the try-it page offers as samples."
    )

    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8765, ge=0, le=65535, description="Port to listen on; 0 takes any.")
    allowed_hosts: tuple[str, ...] = Field(
        default=(),
        description="Host names the server answers to. Empty: on loopback the loopback names "
        "(which defeats DNS rebinding), elsewhere any.",
    )
    trusted_proxies: tuple[str, ...] = Field(
        default=(), description="Addresses whose X-Forwarded-For and -Proto are believed."
    )

    max_request_bytes: int = Field(
        default=32 * MEBIBYTE, ge=1024, le=512 * MEBIBYTE, description="Longest request body."
    )
    max_pixels: int = Field(
        default=50_000_000, ge=64 * 64, description="Most pixels of one picture."
    )
    body_seconds: float = Field(default=30, gt=0, description="Time to send a request body.")
    work_seconds: float = Field(default=20, gt=0, description="Time to answer, queue included.")
    workers: int = Field(
        default_factory=lambda: os.cpu_count() or 1, ge=1, description="Threads that compute."
    )
    queue: int = Field(default=32, ge=0, description="Requests that may wait for a thread.")

    key_rate: Rate = Field(default="600/minute", description="Requests of one API key.")
    address_rate: Rate = Field(default="300/minute", description="Requests of one address.")

    try_it: bool | None = Field(
        default=None, description="The try-it page. Unset: only when listening on loopback."
    )
    languages: tuple[Language, ...] = Field(
        default=LANGUAGES, min_length=1, description="Languages of the pages, the first by default."
    )

    @property
    def on_loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        return is_loopback(self.host)

    @property
    def try_it_page(self) -> bool:
        """Whether the try-it page is served."""
        return self.on_loopback if self.try_it is None else self.try_it

    @property
    def keys_file(self) -> Path:
        """Where the hashes of the API keys are."""
        return self.data_dir / "api-keys.json"


def settle(**chosen: object) -> Settings:
    """Return the settings, those given and not None first; raises SettingsError in one line."""
    given = {name: value for name, value in chosen.items() if value is not None}
    try:
        return Settings.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        name = "_".join(str(part) for part in first["loc"]).upper()
        raise SettingsError(f"MENSHEN_{name}: {first['msg']}") from error


def is_loopback(host: str) -> bool:
    """Whether ``host`` names this machine only; a name other than localhost does not."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"
