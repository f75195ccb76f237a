from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from menshen.errors import ModelFileError
from menshen.platform.packs import fetching
from menshen.platform.packs.errors import PackFetchError


def run(work: Path, script: str, reports: list[int] | None = None) -> None:
    seen = [] if reports is None else reports
    command = [sys.executable, "-c", script]
    fetching.run_client(command, work=work, environment=os.environ, report=seen.append)


def test_runs_in_the_work_folder_and_reports_the_bytes_there(tmp_path: Path) -> None:
    script = "import time; open('x', 'wb').write(bytes(5000)); time.sleep(0.7)"
    reports: list[int] = []
    run(tmp_path, script, reports)
    assert 5000 in reports
    assert (tmp_path / "x").stat().st_size == 5000


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("one\nERROR: no such host\nbye", "ERROR: no such host"),
        ("one\ntwo", "two"),
        ("", "it said nothing"),
        ("error at https://a:b@host.example/x", "error at https://host.example/x"),
    ],
)
def test_failure_relays_the_last_error_line(tmp_path: Path, said: str, words: str) -> None:
    with pytest.raises(PackFetchError) as caught:
        run(tmp_path, f"print({said!r}); raise SystemExit(3)")
    assert str(caught.value).endswith(f"failed: {words}")


def test_the_client_ends_when_we_are_interrupted(tmp_path: Path) -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    script = "import os, time; open('pid', 'w').write(str(os.getpid())); time.sleep(60)"
    with pytest.raises(KeyboardInterrupt):
        fetching.run_client(
            [sys.executable, "-c", script],
            work=tmp_path,
            environment=os.environ,
            report=lambda n: interrupt(n) if (tmp_path / "pid").exists() else None,
        )
    pid = int((tmp_path / "pid").read_text() or "0")
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_client_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "SECONDS", 0.1)
    started = time.monotonic()
    with pytest.raises(PackFetchError, match="more than an hour"):
        run(tmp_path, "import time; time.sleep(60)")
    assert time.monotonic() > started


def test_a_client_reads_nothing_from_the_terminal(tmp_path: Path) -> None:
    run(tmp_path, "import sys; assert sys.stdin.read() == ''")


@pytest.mark.parametrize("text", ["", "-x", "a b", "a\n"])
def test_checked_refuses(text: str) -> None:
    with pytest.raises(ModelFileError, match="malformed name"):
        fetching.checked(text, r"[a-z]+", what="name")


def test_checked_passes() -> None:
    assert fetching.checked("abc", r"[a-z]+", what="name") == "abc"
