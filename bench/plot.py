"""The picture of the comparison: bars on a logarithmic scale, each with its ratio."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

OURS, OURS_OTHER, PEER, GRID, INK = "#b3261e", "#e2a29d", "#5b6b7b", "#d9dee3", "#1f2933"
REFERENCE = "Menshen, pack basic"


def draw(results: dict[str, Any], target: Path) -> None:
    """Write TARGET.png and TARGET.svg."""
    part = results["verification"]
    order = _order(part)
    names = list(part["pictures"])
    figure = Figure(figsize=(4.6 * len(names) + 2.2, 0.42 * len(order) + 2.2))
    axes = figure.subplots(1, len(names), sharey=True, squeeze=False)[0]
    for axis, name in zip(axes, names, strict=True):
        _panel(axis, part, order, name)
    axes[0].set_yticks(range(len(order)), [part["contenders"][k]["title"] for k in order])
    axes[0].invert_yaxis()
    figure.suptitle(
        "Two JPEG files to a decision: same pictures, one core, warm (median; line: middle half)",
        x=0.01,
        ha="left",
        fontsize=14,
        fontweight="bold",
        color=INK,
    )
    cpu = results.get("machine", {}).get("machine", {}).get("cpu", "")
    figure.text(
        0.01,
        0.01,
        "Red: Menshen; pale: its other packs, settings and paths. "
        "Grey: peers, with the weights of pack basic. "
        f"× means times slower than pack basic. {cpu}",
        fontsize=9,
        color=PEER,
    )
    figure.tight_layout(rect=(0, 0.03, 1, 0.97))
    figure.savefig(target.with_suffix(".png"), dpi=130, metadata={"Software": None})
    with mpl.rc_context({"svg.hashsalt": "menshen"}):
        figure.savefig(target.with_suffix(".svg"), metadata={"Date": None})


def _order(part: dict[str, Any]) -> list[str]:
    """Order the contenders: ours first, then the peers, each from fast to slow."""
    first = next(iter(part["pictures"]))
    contenders = part["contenders"]
    shown = [k for k, entry in contenders.items() if any("ms" in w for w in entry["warm"].values())]
    return sorted(shown, key=lambda k: (contenders[k]["peer"] != "", _slower(contenders[k], first)))


def _slower(entry: dict[str, Any], name: str) -> float:
    return float(entry["warm"].get(name, {}).get("slower", "inf"))


def _panel(axis: Any, part: dict[str, Any], order: list[str], name: str) -> None:
    found = {k: part["contenders"][k]["warm"].get(name, {}) for k in order}
    medians = [f["ms"]["median"] for f in found.values() if "ms" in f]
    least, most = min(medians), max(medians)
    for row, key in enumerate(order):
        _bar(axis, row, part["contenders"][key], found[key])
    axis.set_xscale("log")
    axis.set_xlim(least / 2.5, most * 8)
    axis.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axis.xaxis.set_minor_formatter("")
    axis.set_title(part["pictures"][name], fontsize=11, color=INK, loc="left")
    axis.set_xlabel("milliseconds, logarithmic", fontsize=9, color=PEER)
    axis.grid(axis="x", which="major", color=GRID)
    axis.set_axisbelow(True)
    axis.tick_params(colors=INK, length=0)
    for side in ("top", "right", "left"):
        axis.spines[side].set_visible(False)


def _bar(axis: Any, row: int, entry: dict[str, Any], found: dict[str, Any]) -> None:
    if "ms" not in found:
        words = "could not: see the table" if "error" in found else "left out: slow"
        axis.text(
            0.02,
            row,
            words,
            transform=axis.get_yaxis_transform(),
            va="center",
            fontsize=9,
            color=PEER,
            style="italic",
        )
        return
    ms, slower = found["ms"], found.get("slower")
    own = OURS if entry["title"] == REFERENCE else OURS_OTHER
    axis.barh(row, ms["median"], color=PEER if entry["peer"] else own, height=0.66)
    axis.plot([ms["quartile_1"], ms["quartile_3"]], [row, row], color=INK, linewidth=1.2)
    ratio = "" if entry["title"] == REFERENCE or slower is None else f"   {slower:.3g} ×"
    place = (max(ms["median"], ms["quartile_3"]) * 1.12, row)
    axis.text(*place, f"{ms['median']:,.0f} ms{ratio}", va="center", fontsize=9, color=INK)
