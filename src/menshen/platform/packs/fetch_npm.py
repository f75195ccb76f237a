"""Gets an artifact from the npm registry this machine's npm is configured for."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from menshen.faces.models.manifest import Artifact
from menshen.platform.packs.errors import ClientMissingError, PackFetchError
from menshen.platform.packs.fetching import Report, checked, run_client

_NAME = r"(@[a-z0-9][a-z0-9._~-]*/)?[a-z0-9][a-z0-9._~-]*"
_VERSION = r"[0-9][A-Za-z0-9.+-]*"


class NpmFetcher:
    """Runs ``npm pack name@version``: nothing is installed and no script of it is run."""

    def check(self) -> None:
        """Raise ClientMissingError when there is no npm."""
        _npm()

    def fetch(self, artifact: Artifact, *, to: Path, work: Path, report: Report) -> None:
        """Download to ``to``; raises PackFetchError."""
        name = checked(artifact.package, _NAME, what="package name")
        version = checked(artifact.version, _VERSION, what="version")
        out = work / "out"
        out.mkdir()
        command = [_npm(), "pack", f"{name}@{version}", "--ignore-scripts"]
        command += ["--no-update-notifier", "--loglevel=error", "--pack-destination", str(out)]
        run_client(command, work=work, environment=os.environ, report=report)
        files = list(out.iterdir())
        if len(files) != 1:
            raise PackFetchError(f"npm did not bring {name} as one file")
        files[0].replace(to)


def _npm() -> str:
    found = shutil.which("npm")
    if not found:
        raise ClientMissingError("npm is not on this machine")
    return found
