"""What all tests share: the installed pack, its engine, and pictures of people who do not exist."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from menshen.errors import MenshenError
from menshen.faces.engine import Engine
from menshen.faces.models.pack import Pack
from menshen.platform.packs.store import PackStore
from menshen.platform.settings import Settings

SHARED = Path(os.environ.get("MENSHEN_TEST_SHARED", Path(__file__).resolve().parents[2] / "shared"))

SIDE_LOADED = ("minifasnet", "openmodelzoo")
"""Packs on no package index: side-loaded where their files lie at hand."""


def installed(name: str) -> Pack:
    """Load an installed pack; without it the test is skipped, or fails where it must be there.

    `make test` installs what the machine's package clients can get: `standard` needs npm.
    """
    store = PackStore(Settings().packs_dir)
    try:
        if name in SIDE_LOADED:
            return _side_loaded(store, name)
        return store.load(name)
    except MenshenError as error:
        message = f"pack {name} is not installed ({error}); run `make models`"
        required = name == "basic" or shutil.which("npm") is not None
        if required and os.environ.get("MENSHEN_REQUIRE_MODELS"):
            pytest.fail(message)
        pytest.skip(message)


def _side_loaded(store: PackStore, name: str) -> Pack:
    with contextlib.suppress(MenshenError):
        return store.load(name)
    folder = SHARED / "models" / name
    if not folder.is_dir():
        pytest.skip(f"pack {name} is not installed, and {folder} does not hold it")
    store.add(folder)
    return store.load(name)


@pytest.fixture(scope="session")
def basic_pack() -> Pack:
    return installed("basic")


@pytest.fixture(scope="session")
def standard_pack() -> Pack:
    return installed("standard")


@pytest.fixture(scope="session")
def installed_pack() -> Callable[[str], Pack]:
    """Load any pack by name."""
    return installed


@pytest.fixture(scope="session")
def engine(basic_pack: Pack) -> Engine:
    """The smallest pack's engine: for everything but accuracy it is like the others."""
    return Engine(basic_pack, threads=2)


@pytest.fixture(scope="session")
def shared_material() -> Path:
    """The folder of real pictures kept beside the repository, never in it."""
    if not SHARED.is_dir():
        pytest.skip(f"no shared material at {SHARED}")
    return SHARED
