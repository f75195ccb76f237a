"""What all tests share: the installed pack, its engine, and pictures of people who do not exist."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from menshen.errors import MenshenError
from menshen.faces.engine import Engine
from menshen.faces.models.pack import Pack
from menshen.platform.packs.store import PackStore
from menshen.platform.settings import Settings


def installed(name: str) -> Pack:
    """Load an installed pack; without it the test is skipped, or fails where packs are required."""
    try:
        return PackStore(Settings().packs_dir).load(name)
    except MenshenError as error:
        message = f"pack {name} is not installed ({error}); run `make models`"
        if os.environ.get("MENSHEN_REQUIRE_MODELS"):
            pytest.fail(message)
        pytest.skip(message)


@pytest.fixture(scope="session")
def basic_pack() -> Pack:
    return installed("basic")


@pytest.fixture(scope="session")
def engine(basic_pack: Pack) -> Engine:
    """The smallest pack's engine: for everything but accuracy it is like the others."""
    return Engine(basic_pack, threads=2)


@pytest.fixture(scope="session")
def shared_material() -> Path:
    """The folder of real pictures kept beside the repository, never in it."""
    beside = Path(__file__).resolve().parents[2] / "shared"
    folder = Path(os.environ.get("MENSHEN_TEST_SHARED", beside))
    if not folder.is_dir():
        pytest.skip(f"no shared material at {folder}")
    return folder
