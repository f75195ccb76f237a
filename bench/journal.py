"""Where measured figures go: one JSON file for a machine and a day, one part for a script."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent / "results"


def cpu_model(cpuinfo: str = "/proc/cpuinfo") -> str:
    """Return the processor's name; a virtual machine may hide all but the family."""
    fields = _first_processor(Path(cpuinfo).read_text())
    name = fields.get("model name", "unknown processor")
    family, model = fields.get("cpu family"), fields.get("model")
    return f"{name} (family {family}, model {model})" if family and model else name


def _first_processor(text: str) -> dict[str, str]:
    pairs = (line.split(":", 1) for line in text.split("\n\n", 1)[0].splitlines() if ":" in line)
    return {key.strip(): value.strip() for key, value in pairs}


def slug(text: str) -> str:
    """Make a name that is good in a file name."""
    return re.sub(r"[^a-z0-9]+", "-", re.sub(r"\(.*?\)", "", text).lower()).strip("-")


def path(folder: Path = FOLDER) -> Path:
    """Return this run's file; ``BENCH_DATE`` holds a run together over midnight."""
    today = dt.datetime.now(tz=dt.UTC).date().isoformat()
    return folder / f"{os.environ.get('BENCH_DATE', today)}-{slug(cpu_model())}.json"


def load(file: Path) -> dict[str, Any]:
    """Return what the file holds so far."""
    if not file.exists():
        return {}
    content: dict[str, Any] = json.loads(file.read_text())
    return content


def record(part: str, figures: Any, *, folder: Path = FOLDER) -> Path:
    """Put one script's figures into this run's file; the other parts stay as they are."""
    file = path(folder)
    file.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({**load(file), part: figures}, indent=1, ensure_ascii=False)
    file.write_text(text + "\n")
    return file


def bar(
    text: str, measured: float | None, unit: str, *, reached: bool, by: str = ""
) -> dict[str, Any]:
    """Return one bar of DESIGN section 7 with what was measured; ``by`` names who set it."""
    return {"bar": text, "measured": measured, "unit": unit, "reached": reached, "by": by}
