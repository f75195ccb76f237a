from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import re
import stat
from pathlib import Path
from unittest import mock

import pytest

from menshen.platform.api_keys import ApiKey, KeyFileError, KeyStore, KeyUnknownError, Scope, digest


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "api-keys.json"


def test_a_key_is_found_again(path: Path) -> None:
    secret, key = KeyStore(path).create("desk", scopes=(Scope.COMPARE,))
    found = KeyStore(path).find(secret)
    assert found == key
    assert found is not None
    assert found.scopes == (Scope.COMPARE,)


def test_a_key_has_256_random_bits(path: Path) -> None:
    store = KeyStore(path)
    secrets = {store.create("x", scopes=())[0] for _ in range(20)}
    assert len(secrets) == 20
    assert all(re.fullmatch(r"menshen_[A-Za-z0-9_-]{43}", secret) for secret in secrets)


def test_the_key_itself_is_nowhere_on_disk(path: Path) -> None:
    secret, key = KeyStore(path).create("desk", scopes=(Scope.COMPARE,))
    for file in path.parent.iterdir():
        assert secret.removeprefix("menshen_") not in file.read_text()
    assert key.digest == hashlib.sha256(secret.encode()).hexdigest() == digest(secret)
    assert key.ending == secret[-4:]


@pytest.mark.parametrize("wrong", ["", "menshen_", "menshen_" + "A" * 43, "ü", "x" * 100_000])
def test_a_wrong_key_is_not_found(path: Path, wrong: str) -> None:
    store = KeyStore(path)
    store.create("desk", scopes=())
    assert store.find(wrong) is None


def test_every_key_is_compared_however_early_one_fits(path: Path) -> None:
    store = KeyStore(path)
    secrets = [store.create(str(i), scopes=())[0] for i in range(5)]
    for secret in [*secrets, "menshen_wrong"]:
        with mock.patch("hmac.compare_digest", return_value=False) as compared:
            store.find(secret)
        assert compared.call_count == 5


def test_without_a_file_there_are_no_keys(path: Path) -> None:
    assert KeyStore(path).keys() == ()
    assert KeyStore(path).find("menshen_x") is None


def test_the_file_is_its_owners_alone(path: Path) -> None:
    KeyStore(path).create("desk", scopes=())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_others_may_read_is_refused(path: Path) -> None:
    store = KeyStore(path)
    store.create("desk", scopes=())
    path.chmod(0o644)
    with pytest.raises(KeyFileError, match="chmod 600"):
        store.keys()


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"keys": [1]}', '{"keys": [{"id": "x"}]}', '{"keys": 7}']
)
def test_a_damaged_file_is_an_error_and_not_an_open_door(path: Path, content: str) -> None:
    path.parent.mkdir()
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(KeyFileError):
        KeyStore(path).keys()


def test_an_unknown_scope_is_not_guessed_at(path: Path) -> None:
    store = KeyStore(path)
    store.create("desk", scopes=(Scope.COMPARE,))
    path.write_text(path.read_text().replace('"compare"', '"everything"'))
    with pytest.raises(KeyFileError):
        KeyStore(path).keys()


def test_revoking_works_at_once_in_another_process_view(path: Path) -> None:
    running, administrator = KeyStore(path), KeyStore(path)
    secret, key = administrator.create("desk", scopes=())
    other, _ = administrator.create("gate", scopes=())
    assert running.find(secret) == key
    assert administrator.revoke(key.id) == key
    assert running.find(secret) is None
    assert running.find(other) is not None


def test_revoking_what_is_not_there(path: Path) -> None:
    store = KeyStore(path)
    _, key = store.create("desk", scopes=())
    with pytest.raises(KeyUnknownError, match="nobody"):
        store.revoke("nobody")
    assert store.keys() == (key,)


def test_a_failed_write_leaves_the_old_file_whole(path: Path) -> None:
    store = KeyStore(path)
    secret, key = store.create("desk", scopes=())
    before = path.read_bytes()
    with (
        mock.patch("os.fsync", side_effect=OSError("disk full")),
        pytest.raises(OSError, match="full"),
    ):
        store.create("gate", scopes=())
    assert path.read_bytes() == before
    assert KeyStore(path).find(secret) == key
    assert sorted(file.name for file in path.parent.iterdir()) == ["api-keys.json", "api-keys.lock"]


def _create(path: Path) -> None:
    for _ in range(5):
        KeyStore(path).create(str(os.getpid()), scopes=())


def test_keys_made_at_the_same_time_are_all_kept(path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    makers = [context.Process(target=_create, args=(path,)) for _ in range(2)]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join(60)
    assert [maker.exitcode for maker in makers] == [0, 0]
    assert len(KeyStore(path).keys()) == 10


def test_the_file_format_is_versioned(path: Path) -> None:
    KeyStore(path).create("desk", scopes=(Scope.METRICS,))
    document = json.loads(path.read_text())
    assert document["version"] == 1
    assert set(document["keys"][0]) == set(ApiKey.__dataclass_fields__)
