"""Turns the latest results into bench/results/README.md, with every bar said plainly.

python -m bench.report [RESULTS.json]
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from bench.journal import FOLDER, load, path
from bench.plot import draw

EXTRA = ("gallery", "actors")
"""Scripts that write a table of their own beside the figures."""

QUICK = "**Tried out with few repetitions (`--quick`): these figures are worth nothing.**"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; all columns but the first are numbers and stand right."""
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join("| " + " | ".join(row) + " |" for row in [list(head), rule, *rows])


def bars(results: dict[str, Any]) -> str:
    """Return every bar with what was measured, the missed ones in bold."""
    rows = []
    for part in results.values():
        for bar in part.get("bars", ()):
            measured = "–" if bar["measured"] is None else f"{bar['measured']:.3g} {bar['unit']}"
            by = f" ({bar['by']})" if bar["by"] else ""
            verdict = "reached" if bar["reached"] else "**not reached**"
            verdict = "**not measured**" if bar["measured"] is None else verdict
            rows.append([bar["bar"] + by, measured, verdict])
    return table(["bar", "measured", ""], rows)


def machine(part: dict[str, Any]) -> str:
    """Name the machine and what it can do."""
    told = part["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in told["packages"].items())
    cache = ", ".join(f"{level} {size}" for level, size in told["caches"].items())
    kind = "virtual machine" if told["virtual"] else "machine"
    words = (
        f"{told['cpu']}, {told['cores']} cores ({kind}), {told['memory_gib']} GiB; caches {cache}; "
        f"{', '.join(told['flags'])}; {told['kernel']}, Python {told['python']}; {versions}. "
        f"Load when the run began: {told['load_before']}. Every process is bound to one core and "
        "told to use one thread."
    )
    rows = [
        [
            name,
            f"{rate['best']:.1f}",
            f"{rate['median']:.1f}",
            f"{part['share_of_peak'][name]:.0f} %" if name in part["share_of_peak"] else "",
        ]
        for name, rate in part["gflops"].items()
    ]
    head = ["one thread, float32", "GFLOP/s, fastest", "median", "of the peak"]
    return f"{words}\n\n{table(head, rows)}"


def verification(part: dict[str, Any]) -> str:
    """Return one table for each pair of pictures."""
    texts = []
    for name, title in part["pictures"].items():
        rows = [row for entry in part["contenders"].values() if (row := _compared(entry, name))]
        head = [
            "",
            "warm, median ms",
            "middle half",
            "repetitions",
            "× Menshen",
            "says same person",
        ]
        texts.append(f"### {title[0].upper()}{title[1:]}\n\n{table(head, rows)}")
    return "\n\n".join(texts)


def _compared(entry: dict[str, Any], name: str) -> list[str] | None:
    found = entry["warm"].get(name)
    if found is None:
        reason = entry.get("error", "left out: more than half a minute each")
        return [entry["title"], f"({reason})", "", "", "", ""]
    if "error" in found:
        return [entry["title"], f"({found['error']})", "", "", "", ""]
    ms = found["ms"]
    half = f"{ms['quartile_1']:.1f} to {ms['quartile_3']:.1f}"
    slower = f"{found['slower']:.1f}" if "slower" in found else ""
    same = "yes" if found["same"] else "no"
    return [entry["title"], f"{ms['median']:.1f}", half, str(ms["count"]), slower, same]


def cold(part: dict[str, Any]) -> str:
    rows = [
        [
            entry["title"],
            f"{entry['cold_s']['median']:.2f}",
            f"{entry['cold_s']['least']:.2f} to {entry['cold_s']['most']:.2f}",
        ]
        for entry in part["contenders"].values()
        if "cold_s" in entry
    ]
    return table(["start of a process to its first decision, 640 × 480", "median s", "range"], rows)


def memory(part: dict[str, Any]) -> str:
    """Return whole processes, then servers."""
    rows = []
    for title, by_picture in part["processes"].items():
        for name, figures in by_picture.items():
            if "error" in figures:
                rows.append([title, name, f"({figures['error']})", "", ""])
                continue
            numbers = [figures[key]["median"] for key in ("wall_s", "cpu_s", "peak_mb")]
            wall, cpu, peak = numbers
            rows.append([title, name, f"{wall:.2f}", f"{cpu:.2f}", f"{peak:,.0f}"])
    text = table(["whole process", "pictures", "wall s", "CPU s", "peak MB"], rows)
    rows = [
        [
            f"menshen serve, pack {pack}",
            *(f"{figures[key]['median']:.2f}" for key in ("ready_s", "first_decision_s")),
        ]
        for pack, figures in part["server"].items()
        if "error" not in figures
    ]
    return f"{text}\n\n{table(['server', 'ready, s', 'first decision, s'], rows)}"


def stages(part: dict[str, Any]) -> str:
    texts = []
    for pack, by_picture in part["stages_ms"].items():
        names = list(next(iter(by_picture.values())))
        rows = [[n, *(f"{taken.get(n, 0):.2f}" for taken in by_picture.values())] for n in names]
        texts.append(table([f"pack {pack}, ms a picture", *by_picture], rows))
    return "\n\n".join(texts)


def runtimes(part: dict[str, Any]) -> str:
    rows = []
    for network, by_runtime in part["runtimes"].items():
        for runtime, found in by_runtime.items():
            if "error" in found:
                rows.append([network, f"{runtime}: {found['error']}", "", "", "", ""])
                continue
            ms = found["ms"]
            off = [
                f"{found[k]:.1e}" if k in found else "" for k in ("most_difference", "cosine_error")
            ]
            rows.append([network, runtime, f"{ms['least']:.2f}", f"{ms['median']:.2f}", *off])
    head = ["network", "runtime", "fastest ms", "median ms", "largest difference", "cosine error"]
    return table(head, rows)


def scaling(part: dict[str, Any]) -> str:
    rows = [
        [str(row["streams"]), str(row["threads"]), f"{row['templates_per_second']:.1f}"]
        for row in part["rows"]
    ]
    head = ["inference streams of the engine", "threads using it", "templates a second"]
    return f"Pack `{part['pack']}`, 640 × 480, {part['cores']} cores.\n\n{table(head, rows)}"


def report(results: dict[str, Any], file: Path) -> str:
    """Return the whole page; a part that was not measured is missing from it."""
    parts = {
        "The machine": ("machine", machine),
        "Two JPEG files to a decision": ("verification", verification),
        "Cold": ("verification", cold),
        "Memory, and the start of the server": ("memory", memory),
        "Where the time goes": ("stages", stages),
        "Runtimes": ("stages", runtimes),
        "Several threads": ("scaling", scaling),
    }
    texts = [
        "# Measurements",
        f"Written by `make bench`; the figures are in [`{file.name}`]({file.name}), how they were "
        "taken in [docs/benchmarks.md](../../docs/benchmarks.md). Peers compare with the same "
        "pictures and the same weights as pack `basic`; the other packs use other networks.",
        "![Menshen and its peers](verification.png)",
        *([QUICK] if any(part.get("quick") for part in results.values()) else []),
        f"## Bars\n\n{bars(results)}",
    ]
    texts += [f"## {t}\n\n{write(results[p])}" for t, (p, write) in parts.items() if p in results]
    for name in EXTRA:
        extra = file.with_name(f"{file.stem}-{name}.md")
        if extra.exists():
            texts.append(f"## {name.capitalize()}\n\n{_as_markdown(extra.read_text().strip())}")
    return "\n\n".join(texts) + "\n"


def _as_markdown(text: str) -> str:
    return text if text.startswith("|") else f"```text\n{text}\n```"


def main() -> None:
    file = Path(sys.argv[1]) if len(sys.argv) > 1 else path()
    results = load(file)
    if "verification" in results:
        draw(results, FOLDER / "verification")
    (FOLDER / "README.md").write_text(report(results, file))
    print(bars(results))


if __name__ == "__main__":
    main()
