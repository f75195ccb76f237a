"""Show what Menshen does, on people who do not exist: `menshen demo`."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.columns import Columns
from rich.panel import Panel
from rich.progress import track
from rich.text import Text

from menshen.cli.common import FAILED, OK, out, reported

if TYPE_CHECKING:
    from menshen.actors import Actor
    from menshen.faces.records import Pixels
    from menshen.platform.settings import Settings
    from menshen.verification.compare import Verifier
    from menshen.verification.records import Comparison, Policy

PEOPLE = 8
COLUMNS = 36
STRANGERS = ("Zola", "Lani")
COLOURS = {"accept": "green", "reject": "red", "review": "yellow"}


@dataclasses.dataclass(frozen=True, slots=True)
class Look:
    """One sample picture of one actor."""

    actor: str
    path: Path
    pixels: Pixels


def demo(
    serve: Annotated[bool, typer.Option(help="Start the server afterwards.")] = True,
    port: Annotated[int | None, typer.Option(help="Port of the server.")] = None,
    people: Annotated[int, typer.Option(min=2, help="How many actors to render.")] = PEOPLE,
) -> None:
    """Render actors, compare a matching and a non-matching pair, start the try-it page."""
    from menshen.platform.settings import Settings
    from menshen.verification.opening import default_policy, open_verifier

    settings = Settings()
    folder = settings.data_dir / "demo"
    with reported():
        verifier = open_verifier(settings=settings)
        looks = _render(folder / "samples", people)
        policy = default_policy(verifier)
        first, second, other = looks[0], looks[1], looks[2]
        right = _show_pair(verifier, policy, (first, second), folder / "same-person.png")
        wrong = _show_pair(verifier, policy, (first, other), folder / "two-people.png")
    if (right, wrong) != ("accept", "reject"):
        out.print("[red]The demonstration did not decide as it should.[/red]")
        raise typer.Exit(FAILED)
    if not serve:
        raise typer.Exit(OK)
    _serve(settings, folder / "samples", port)


def _render(folder: Path, people: int) -> list[Look]:
    """Render two looks of each actor into the folder the try-it page offers samples from."""
    from menshen.actors import Pose, Scene, cast

    looks = (
        (Pose(), Scene(width=480, height=600, distance=0.5)),
        (
            Pose(yaw=9, pitch=3, smile=0.3),
            Scene(width=480, height=600, distance=0.52, exposure=0.9, noise_seed=1),
        ),
    )
    # Two who are clearly different people to every pack come first: they are compared.
    actors = sorted(cast(), key=lambda actor: actor.name not in STRANGERS)[:people]
    folder.mkdir(parents=True, exist_ok=True)
    pictures = [(actor, n, *look) for actor in actors for n, look in enumerate(looks, 1)]
    return [
        _look(folder, actor, n, pose, scene)
        for actor, n, pose, scene in track(
            pictures, description="Rendering people who do not exist", console=out
        )
    ]


def _look(folder: Path, actor: Actor, number: int, pose: object, scene: object) -> Look:
    from menshen.actors.cache import FrameCache

    pixels = FrameCache(folder.parent / "frames").frame(actor, pose=pose, scene=scene)  # type: ignore[arg-type]
    path = folder / f"{actor.name}-{number}.png"
    _write_png(path, pixels)
    return Look(actor.name, path, pixels)


def _write_png(path: Path, pixels: Pixels) -> None:
    from PIL import Image

    Image.fromarray(pixels).save(path, "PNG")


def _show_pair(verifier: Verifier, policy: Policy, pair: tuple[Look, Look], picture: Path) -> str:
    comparison = verifier.compare(*(look.path.read_bytes() for look in pair), policy=policy)
    decision = comparison.decision
    colour = COLOURS[decision.outcome]
    words = [f"[bold {colour}]{decision.outcome.upper()}[/]"]
    words += [reason.text_en for reason in decision.reasons[:1]]
    words += [
        f"similarity {decision.numbers.similarity:.3f}, "
        f"judged at a false-match rate of {policy.fmr:g}"
    ]
    _draw(comparison, picture)
    words += [f"what it looked at: {picture}"]
    title = f"{pair[0].actor} and {pair[1].actor}"
    if out.color_system in ("256", "truecolor"):
        faces = Columns([_thumbnail(look) for look in pair], padding=(0, 2))
        out.print(Panel(faces, title=title, expand=False, border_style=colour))
    else:
        out.print(f"[bold]{title}[/]")
    out.print("\n".join(words), "\n", highlight=False)
    return decision.outcome


def _thumbnail(look: Look) -> Text:
    """Draw a picture with half blocks: two pixels in each character cell."""
    import cv2

    height, width = look.pixels.shape[:2]
    rows = round(COLUMNS * height / width / 2) * 2
    small = cv2.resize(look.pixels, (COLUMNS, rows), interpolation=cv2.INTER_AREA)
    text = Text()
    for upper, lower in zip(small[::2], small[1::2], strict=True):
        for top, bottom in zip(upper, lower, strict=True):
            text.append("▀", style=f"{_rgb(top)} on {_rgb(bottom)}")
        text.append("\n")
    return text


def _rgb(pixel: Sequence[int]) -> str:
    return f"rgb({int(pixel[0])},{int(pixel[1])},{int(pixel[2])})"


def _draw(comparison: Comparison, path: Path) -> None:
    """Write both annotated pictures side by side."""
    import io

    import numpy as np
    from PIL import Image

    from menshen.cli.annotate import annotate
    from menshen.cli.inspect import Assessed

    halves = [
        np.asarray(Image.open(io.BytesIO(annotate(s.picture, [Assessed(s.face, s.quality)]))))
        for s in (comparison.a, comparison.b)
    ]
    height = min(half.shape[0] for half in halves)
    _write_png(path, np.concatenate([half[:height, :, :3] for half in halves], 1))


def _serve(settings: Settings, samples: Path, port: int | None) -> None:
    from menshen.cli.serve import run

    changes: dict[str, object] = {"samples_dir": samples, "host": "127.0.0.1"}
    if port is not None:
        changes["port"] = port
    run(settings.model_copy(update=changes))
