"""Templates of many pictures: on all cores, resumable, no failure lost.

Networks, JPEG decoder and OpenCV let go of the interpreter while they work, but about a third
of the time of a picture is Python: threads stop getting faster at about three. So few pictures
or cores are done by threads of one engine, which start at once and share its memory, and many
by processes of one engine each.
"""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import multiprocessing
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    Executor,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    wait,
)
from functools import partial
from pathlib import Path
from typing import Protocol

from menshen.cli.common import UnreadableFileError, read_picture
from menshen.cli.template_cache import Failure, TemplateCache
from menshen.errors import FaceError, PictureError
from menshen.faces.engine import Engine
from menshen.faces.models.pack import Pack
from menshen.faces.records import Template
from menshen.platform.packs.store import PackStore
from menshen.platform.settings import Settings

MISSING = "picture-missing"
UNREADABLE = UnreadableFileError.code

_AHEAD = 4

MOST_THREADS = 2
FEW = 500


class Sampled(Protocol):
    """What is needed of a sample."""

    @property
    def template(self) -> Template:
        """The template of the one face."""
        ...


class Sampler(Protocol):
    """What is needed of an engine (:class:`menshen.faces.engine.Engine`)."""

    @property
    def contract(self) -> str:
        """The hash of what makes the templates."""
        ...

    def sample(self, data: bytes, *, largest: bool) -> Sampled:
        """Go from a file's bytes to a template; raises PictureError or FaceError."""
        ...


@dataclasses.dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one picture; ``resumed`` when it was known from an earlier run."""

    path: Path
    entry: Template | Failure
    resumed: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Extraction:
    """What came of each picture: a template or a failure. ``resumed`` counts cached ones."""

    templates: dict[Path, Template]
    failures: dict[Path, Failure]
    resumed: int

    @property
    def missing(self) -> int:
        """How many pictures could not be opened at all."""
        return sum(failure.code in (MISSING, UNREADABLE) for failure in self.failures.values())

    @property
    def failure_to_acquire_rate(self) -> float:
        """Share of the pictures that were read, but gave no template (FTA, ISO/IEC 19795-1)."""
        read = len(self.templates) + len(self.failures) - self.missing
        return (len(self.failures) - self.missing) / read if read else 0.0


def extract_with(
    pack: Pack,
    pictures: Sequence[Path],
    *,
    folder: Path,
    jobs: int | None = None,
    advance: Callable[[], object] = lambda: None,
) -> Extraction:
    """Make templates with an installed pack: by threads, or processes (see the module's text).

    The rest is as for ``extract``.
    """
    workers = jobs or cores()
    if workers <= MOST_THREADS or len(set(pictures)) < FEW:
        engine = Engine(pack, threads=workers)
        return extract(engine, pictures, folder=folder, jobs=workers, advance=advance)
    opener = partial(_open, Settings().packs_dir, pack.manifest.name)
    return extract_apart(
        opener, pictures, contract=pack.contract, folder=folder, jobs=workers, advance=advance
    )


def extract(
    engine: Sampler,
    pictures: Sequence[Path],
    *,
    folder: Path,
    jobs: int | None = None,
    advance: Callable[[], object] = lambda: None,
) -> Extraction:
    """Make the template of the one face in each picture, with threads.

    ``folder`` keeps the templates between runs. ``jobs`` threads work at once (default: all
    cores this process may use); make the engine with as many ``threads``. ``advance`` is
    called once for each picture done. A picture listed twice is done once.
    """
    cache = TemplateCache(folder, contract=engine.contract)
    workers = jobs or cores()
    pool = ThreadPoolExecutor(workers)
    return _collect(pool, partial(_one, engine, cache), pictures, _AHEAD * workers, advance)


def extract_apart(
    opener: Callable[[], Sampler],
    pictures: Sequence[Path],
    *,
    contract: str,
    folder: Path,
    jobs: int | None = None,
    advance: Callable[[], object] = lambda: None,
) -> Extraction:
    """Do the same with processes; each calls ``opener`` once for an engine of its own.

    ``opener`` must be picklable, and its engines must have the contract ``contract``.
    """
    TemplateCache(folder, contract=contract)
    workers = jobs or cores()
    pool = ProcessPoolExecutor(
        workers,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_start_worker,
        initargs=(opener, folder),
    )
    return _collect(pool, _one_apart, pictures, _AHEAD * workers, advance)


def _collect(
    pool: Executor,
    work: Callable[[Path], Outcome],
    pictures: Sequence[Path],
    ahead: int,
    advance: Callable[[], object],
) -> Extraction:
    result, resumed = Extraction({}, {}, 0), 0
    with pool:
        try:
            for outcome in _as_done(pool, work, dict.fromkeys(pictures), ahead=ahead):
                _file(result, outcome.path, outcome.entry)
                resumed += outcome.resumed
                advance()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return dataclasses.replace(result, resumed=resumed)


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _file(result: Extraction, path: Path, entry: Template | Failure) -> None:
    if isinstance(entry, Template):
        result.templates[path] = entry
    else:
        result.failures[path] = entry


def _one(engine: Sampler, cache: TemplateCache, path: Path) -> Outcome:
    try:
        data = read_picture(path)
    except PictureError as error:
        return Outcome(path, Failure(error.code, str(error)))
    except UnreadableFileError as error:
        code = UNREADABLE if path.exists() else MISSING
        return Outcome(path, Failure(code, str(error)))
    digest = hashlib.sha256(data).hexdigest()
    known = cache.load(digest)
    if known is not None:
        return Outcome(path, known, resumed=True)
    entry = _fresh(engine, data)
    cache.save(digest, entry)
    return Outcome(path, entry)


def _fresh(engine: Sampler, data: bytes) -> Template | Failure:
    try:
        # A labelled picture is of its main person; a bystander in it is no reason to lose it.
        return engine.sample(data, largest=True).template
    except (PictureError, FaceError) as error:
        return Failure(error.code, str(error))


def _as_done(
    pool: Executor, work: Callable[[Path], Outcome], items: Iterable[Path], *, ahead: int
) -> Iterator[Outcome]:
    """Yield results as they come, with no more than ``ahead`` waiting or running."""
    waiting = iter(items)
    pending = {pool.submit(work, item) for item in itertools.islice(waiting, ahead)}
    while pending:
        done, pending = wait(pending, return_when=FIRST_COMPLETED)
        pending |= {pool.submit(work, item) for item in itertools.islice(waiting, len(done))}
        yield from (future.result() for future in done)


def _open(packs: Path, name: str) -> Engine:
    return Engine(PackStore(packs).load(name))


_worker: list[tuple[Sampler, TemplateCache]] = []
"""In a worker process: its engine and the cache, put there by ``_start_worker``."""


def _start_worker(opener: Callable[[], Sampler], folder: Path) -> None:
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    engine = opener()
    _worker.append((engine, TemplateCache(folder, contract=engine.contract)))


def _leave_with_parent() -> None:
    """End this worker when its parent is gone: a killed parent cannot tell it."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _one_apart(path: Path) -> Outcome:
    engine, cache = _worker[0]
    return _one(engine, cache, path)
