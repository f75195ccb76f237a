"""Files that are whole or not there, whatever happens while they are written."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

PRIVATE, READABLE = 0o600, 0o644


def write_whole(path: Path, data: bytes, *, mode: int = PRIVATE) -> None:
    """Write a file so that after a crash it is the old one or the new one.

    Raises OSError as the system does; then the old file still stands and nothing else is left.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            os.fchmod(handle, mode)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
