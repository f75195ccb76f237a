"""Exact search over 1e3 to 1e6 templates: Menshen's gallery against plain float32 and FAISS.

    python bench/gallery.py [--sizes 1000,10000,100000] [--pack basic,standard,openmodelzoo]

One thread. Synthetic unit vectors, always the same: every person is a draw around a common
direction, so that strangers are as similar as the pack's calibration table says they are, and
probes are near copies of enrolled people. Thresholds are the pack's own at a false-match rate
of 1.5e-6, the strictest its table supports. Every method must find the same person.
"""

from __future__ import annotations

import argparse
import dataclasses
import multiprocessing
import os
import time
from collections.abc import Callable, Sequence
from importlib import resources
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import faiss
import numpy as np

from menshen.faces.calibration import CalibrationTable
from menshen.faces.gallery import Gallery
from menshen.faces.records import Floats, Template

CONTRACT = "0" * 64
FMR = 1.5e-6
PROBES = 32


Timing = tuple[str, float, float]


@dataclasses.dataclass(frozen=True)
class Shape:
    """A pack as far as search is concerned.

    ``parts`` holds each part's features, the mean cosine of two strangers, and how fast the
    variance of people falls with the dimension (a power law): chosen so that the similarities
    of strangers have the mean and the spread of the pack's calibration table.
    """

    table: str
    parts: tuple[tuple[int, float, float], ...]
    weights: tuple[float, ...]


PACKS = {
    "basic": Shape("basic-cosine.csv", ((128, 0.839, 0.95),), (1.0,)),
    "standard": Shape(
        "standard-fused.csv",
        ((128, 0.839, 0.95), (1024, 0.39, 0.9), (1024, 0.39, 0.9)),
        (0.8, 0.1, 0.1),
    ),
    "openmodelzoo": Shape("openmodelzoo-0095-cosine.csv", ((256, 0.007, 0.6),), (1.0,)),
}


def unit_rows(rows: Floats) -> Floats:
    return np.asarray(rows / np.sqrt(np.einsum("ij,ij->i", rows, rows))[:, None])


def people(rng: np.random.Generator, count: int, width: int, common: float, decay: float) -> Floats:
    """Return unit vectors whose pairwise cosines scatter around ``common``; an eighth are twins."""
    turn = np.linalg.qr(np.random.default_rng(width).standard_normal((width, width)))[0]
    lengths = np.arange(1, width + 1) ** np.float32(-decay / 2)
    own = unit_rows(rng.standard_normal((count, width), dtype=np.float32) * lengths)
    twins = own[7::8]
    own[6::8][: len(twins)] = unit_rows(twins + np.float32(0.6) * unit_rows(_noise(rng, twins)))
    shared = turn[:, 0].astype(np.float32)
    spread = np.asarray(own @ turn.T, np.float32)
    return unit_rows(np.float32(common**0.5) * shared + np.float32((1 - common) ** 0.5) * spread)


def _noise(rng: np.random.Generator, like: Floats) -> Floats:
    return rng.standard_normal(like.shape, dtype=np.float32)


def near(rng: np.random.Generator, rows: Floats) -> Floats:
    return unit_rows(rows + np.float32(0.2) * unit_rows(_noise(rng, rows)))


def pack_threshold(shape: Shape) -> float:
    home = resources.files("menshen.faces.models.packs")
    return CalibrationTable.parse((home / shape.table).read_text("utf-8")).threshold(FMR)


def wide_table(threshold: float) -> CalibrationTable:
    """Return a table that answers with this threshold whatever the size of the gallery."""
    columns = np.array([[-1.0, 10**15, 10**15, 0, 1], [threshold, 0, 10**15, 0, 1]])
    return CalibrationTable.of(columns)


def milliseconds(search: Callable[[int], object], rounds: int) -> tuple[float, float]:
    """Return the median and the worst over the probes of each probe's fastest search.

    The fastest of several, because the machine may be shared; the worst, because some probes
    are harder than others.
    """
    taken = np.empty((rounds, PROBES))
    for row in taken:
        for i in range(PROBES):
            start = time.perf_counter()
            search(i)
            row[i] = 1e3 * (time.perf_counter() - start)
    fastest = taken.min(axis=0)
    return float(np.median(fastest)), float(fastest.max())


def resident() -> float:
    """Memory of this process in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def build_gallery(shape: Shape, parts: Sequence[Floats], threshold: float) -> Gallery:
    gallery = Gallery(CONTRACT, weights=shape.weights, table=wide_table(threshold))
    for row in range(len(parts[0])):
        gallery.add(str(row), Template(CONTRACT, tuple(part[row] for part in parts)))
    return gallery


def joined(shape: Shape, parts: Sequence[Floats]) -> Floats:
    scaled = (p * np.float32(np.sqrt(w)) for p, w in zip(parts, shape.weights, strict=True))
    return np.concatenate(list(scaled), axis=1)


def measure(name: str, count: int) -> list[str]:
    shape = PACKS[name]
    rng = np.random.default_rng(count)
    parts = [people(rng, count, *kind) for kind in shape.parts]
    enrolled = rng.integers(0, count, PROBES)
    probe_parts = [near(rng, part[enrolled]) for part in parts]
    stranger_parts = [people(rng, PROBES, *kind) for kind in shape.parts]
    threshold, rounds = pack_threshold(shape), 3 if count > 10_000 else 20
    ours, found, memory = gallery_rows(
        shape, parts, [probe_parts, stranger_parts], threshold=threshold, rounds=rounds
    )
    vectors, queries = joined(shape, parts), joined(shape, probe_parts)
    del parts
    best = [int(np.argmax(vectors @ query)) for query in queries]
    exact = [float(vectors[b] @ q) for b, q in zip(best, queries, strict=True)]
    expected = [str(b) if e >= threshold else "" for b, e in zip(best, exact, strict=True)]
    agreed = sum(a == b for a, b in zip(found, expected, strict=True))
    note = f"{memory:,.0f} MB; {agreed} of {PROBES} decided as brute force does"
    rows = ours + plain_rows(vectors, queries, rounds)
    return [
        f"| {name} | {count:,} | {label} | {median:.3f} | {late:.3f} | {note if not i else ''} |"
        for i, (label, median, late) in enumerate(rows)
    ]


def gallery_rows(
    shape: Shape,
    parts: Sequence[Floats],
    probes: Sequence[Sequence[Floats]],
    *,
    threshold: float,
    rounds: int,
) -> tuple[list[Timing], list[str], float]:
    before = resident()
    gallery = build_gallery(shape, parts, threshold)
    memory = resident() - before
    members, strangers = (
        [Template(CONTRACT, tuple(p[i] for p in of)) for i in range(PROBES)] for of in probes
    )
    matches = [gallery.search(member, fmr=0.5) for member in members]
    timings = [
        ("Menshen, a member", *milliseconds(lambda i: gallery.search(members[i], fmr=0.5), rounds)),
        (
            "Menshen, a stranger",
            *milliseconds(lambda i: gallery.search(strangers[i], fmr=0.5), rounds),
        ),
    ]
    return timings, [match.person if match else "" for match in matches], memory


def plain_rows(vectors: Floats, queries: Floats, rounds: int) -> list[Timing]:
    faiss.omp_set_num_threads(1)
    width = vectors.shape[1]
    flat = faiss.IndexFlatIP(width)
    coded = faiss.IndexScalarQuantizer(
        width, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT
    )

    def again(i: int) -> int:
        _, rows = coded.search(queries[i : i + 1], 20)
        return int(rows[0][np.argmax(vectors[rows[0]] @ queries[i])])

    timings = [("numpy float32", *milliseconds(lambda i: np.argmax(vectors @ queries[i]), rounds))]
    flat.add(vectors)
    one = milliseconds(lambda i: flat.search(queries[i : i + 1], 1), rounds)
    flat.reset()
    coded.train(vectors[:100_000])
    coded.add(vectors)
    unproven = milliseconds(again, rounds)
    return [*timings, ("faiss FlatIP", *one), ("faiss SQ8, best 20 again (unproven)", *unproven)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--sizes", default="1000,10000,100000,1000000")
    parser.add_argument("--pack", default="basic,openmodelzoo,standard")
    parser.add_argument("--widest", type=float, default=6.0, help="GB of vectors, at most")
    options = parser.parse_args()
    print("| pack | templates | method | ms, median probe | ms, worst probe | memory; checked |")
    print("|---|---|---|---|---|---|")
    for name in options.pack.split(","):
        for size in map(int, options.sizes.split(",")):
            if size * sum(part[0] for part in PACKS[name].parts) * 4 > options.widest * 1e9:
                print(f"| {name} | {size:,} | more memory than --widest allows | | | |")
                continue
            with multiprocessing.get_context("spawn").Pool(1) as fresh:  # memory starts at nothing
                print("\n".join(fresh.apply(measure, (name, size))), flush=True)


if __name__ == "__main__":
    main()
