from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from menshen.platform.settings import Settings, SettingsError, is_loopback, settle


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATA_DIR", "PACKS_DIR", "PACK", "HOST", "PORT", "TRY_IT", "LANGUAGES"):
        monkeypatch.delenv(f"MENSHEN_{name}", raising=False)


def test_defaults_listen_on_this_machine_only() -> None:
    settings = Settings()
    assert (settings.host, settings.port) == ("127.0.0.1", 8765)
    assert settings.on_loopback
    assert settings.try_it_page
    assert settings.languages == ("en", "zh")
    assert settings.workers >= 1


def test_folders_follow_the_data_folder(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    assert settings.packs_dir == tmp_path / "packs"
    assert settings.keys_file == tmp_path / "api-keys.json"
    assert Settings(data_dir=tmp_path, packs_dir=Path("/elsewhere")).packs_dir == Path("/elsewhere")


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MENSHEN_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("MENSHEN_PORT", "9000")
    monkeypatch.setenv("MENSHEN_LANGUAGES", '["zh"]')
    settings = Settings()
    assert settings.packs_dir == tmp_path / "packs"
    assert settings.port == 9000
    assert settings.languages == ("zh",)


@pytest.mark.parametrize(
    ("host", "try_it", "shown"),
    [
        ("127.0.0.1", None, True),
        ("0.0.0.0", None, False),  # noqa: S104
        ("0.0.0.0", True, True),  # noqa: S104
        ("127.0.0.1", False, False),
    ],
)
def test_the_try_it_page_is_for_loopback_unless_told(
    host: str, try_it: bool | None, shown: bool
) -> None:
    assert Settings(host=host, try_it=try_it).try_it_page is shown


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.8.9.1", "::1", "[::1]", "localhost", "LOCALHOST"]
)
def test_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host",
    ["0.0.0.0", "::", "192.168.1.2", "example.org", "", "localhost.evil"],  # noqa: S104
)
def test_not_loopback(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize(
    "wrong",
    [
        {"port": 70_000},
        {"max_request_bytes": 0},
        {"workers": 0},
        {"queue": -1},
        {"key_rate": "often"},
        {"address_rate": ""},
        {"languages": ()},
        {"languages": ("fr",)},
        {"unknown": 1},
    ],
)
def test_nonsense_stops_the_start(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Settings.model_validate(wrong)


def test_settings_do_not_change() -> None:
    settings = Settings()
    with pytest.raises(ValidationError):
        settings.port = 1


def test_what_is_not_given_is_left_to_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MENSHEN_PORT", "9000")
    assert settle(host="::1", port=None).port == 9000
    assert settle(port=1).port == 1


def test_a_wrong_setting_is_named_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MENSHEN_PORT", "secret-number")
    with pytest.raises(SettingsError, match=r"^MENSHEN_PORT: ") as refused:
        settle()
    assert "\n" not in str(refused.value)
    assert "secret" not in str(refused.value)
