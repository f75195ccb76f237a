"""Templates of many pictures: on all cores, resumable, no failure lost.

Threads, not processes: the networks, the JPEG decoder and OpenCV let go of the interpreter
while they work, and one engine is shared (docs/decisions/0004-gallery.md has the figures).
"""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Protocol, TypeVar

from menshen.cli.common import UnreadableFileError, read_picture
from menshen.cli.template_cache import Failure, TemplateCache
from menshen.errors import FaceError, PictureError
from menshen.faces.records import Template

MISSING = "picture-missing"
UNREADABLE = UnreadableFileError.code

_AHEAD = 4

Item = TypeVar("Item")
Result = TypeVar("Result")


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

    def sample(self, data: bytes) -> Sampled:
        """Go from a file's bytes to a template; raises PictureError or FaceError."""
        ...


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


def extract(
    engine: Sampler,
    pictures: Sequence[Path],
    *,
    folder: Path,
    jobs: int | None = None,
    advance: Callable[[], object] = lambda: None,
) -> Extraction:
    """Make the template of the one face in each picture.

    ``folder`` keeps the templates between runs. ``jobs`` threads work at once (default: all
    cores this process may use); make the engine with as many ``threads``. ``advance`` is
    called once for each picture done. A picture listed twice is done once.
    """
    cache = TemplateCache(folder, contract=engine.contract)
    unique = list(dict.fromkeys(pictures))
    result = Extraction({}, {}, 0)
    resumed = 0
    with ThreadPoolExecutor(jobs or cores()) as pool:

        def submit(path: Path) -> Future[tuple[Path, Template | Failure, bool]]:
            return pool.submit(_one, engine, cache, path)

        try:
            for path, entry, known in _as_done(submit, unique, ahead=_AHEAD * (jobs or cores())):
                _file(result, path, entry)
                resumed += known
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


def _one(
    engine: Sampler, cache: TemplateCache, path: Path
) -> tuple[Path, Template | Failure, bool]:
    try:
        data = read_picture(path)
    except PictureError as error:
        return path, Failure(error.code, str(error)), False
    except UnreadableFileError as error:
        code = UNREADABLE if path.exists() else MISSING
        return path, Failure(code, str(error)), False
    digest = hashlib.sha256(data).hexdigest()
    known = cache.load(digest)
    if known is not None:
        return path, known, True
    entry = _fresh(engine, data)
    cache.save(digest, entry)
    return path, entry, False


def _fresh(engine: Sampler, data: bytes) -> Template | Failure:
    try:
        return engine.sample(data).template
    except (PictureError, FaceError) as error:
        return Failure(error.code, str(error))


def _as_done(
    submit: Callable[[Item], Future[Result]], items: Iterable[Item], *, ahead: int
) -> Iterator[Result]:
    """Yield results as they come, with no more than ``ahead`` waiting or running."""
    waiting = iter(items)
    pending = {submit(item) for item in itertools.islice(waiting, ahead)}
    while pending:
        done, pending = wait(pending, return_when=FIRST_COMPLETED)
        pending |= {submit(item) for item in itertools.islice(waiting, len(done))}
        yield from (future.result() for future in done)
