"""Look at one picture from the command line: `menshen inspect PHOTO`."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from menshen.cli.common import NO, OK, Lang, Language, err, out, problem, read_picture, reported
from menshen.errors import FaceError, MenshenError

if TYPE_CHECKING:
    from menshen.faces.engine import Engine
    from menshen.faces.quality import Component, Quality
    from menshen.faces.records import Face, Picture

WORDS = {
    "en": {
        "face": "Face {number} of {count}",
        "measure": "Measured",
        "overall": "Overall",
        True: "usable",
        False: "not usable",
    },
    "zh": {
        "face": "第 {number} 张人脸，共 {count} 张",
        "measure": "测量值",
        "overall": "总体",
        True: "可以使用",
        False: "不能使用",
    },
}


@dataclasses.dataclass(frozen=True, slots=True)
class Assessed:
    """A face and what its quality is."""

    face: Face
    quality: Quality


class UnwritableFileError(MenshenError):
    """The annotated picture cannot be written where it should be."""

    code = "file-unwritable"
    advice = "Name a file in a folder you may write to."


def inspect(
    photo: Annotated[Path, typer.Argument(help="A picture: JPEG, PNG or WebP.")],
    out_file: Annotated[
        Path | None, typer.Option("--out", help="Write the annotated picture to this PNG file.")
    ] = None,
    pack: Annotated[str | None, typer.Option(help="Model pack. Default: the active one.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    lang: Annotated[Lang, typer.Option(help="Language of the words.")] = Lang.en,
) -> None:
    """Find the faces of a picture and say how good they are, and what would make them better.

    Exit status: 0 usable, 1 refused (with what to do), 2 error. Nothing is stored, unless --out.
    """
    with reported(as_json=as_json):
        data = read_picture(photo)
        engine = _engine(pack)
        picture, faces = assessed_faces(engine, data)
        if out_file:
            _write(out_file, picture, faces)
        refusal = None if faces else _refusal(engine, data)
    if as_json:
        typer.echo(
            json.dumps(as_dict(engine, picture, faces, refusal), ensure_ascii=False, indent=2)
        )
    else:
        _show(faces, refusal, lang=lang.value)
    raise typer.Exit(OK if faces and faces[0].quality.usable else NO)


def _engine(pack: str | None) -> Engine:
    from menshen.faces.engine import Engine
    from menshen.verification.opening import open_pack

    return Engine(open_pack(pack))


def assessed_faces(engine: Engine, data: bytes) -> tuple[Picture, list[Assessed]]:
    """Decode a picture and assess all its faces, largest first; raises a PictureError.

    A face in the background does not count as company, as in a comparison.
    """
    from menshen.faces.decode import decode
    from menshen.faces.engine import prominent
    from menshen.faces.quality import assess

    picture = decode(data)
    faces = engine.find(picture)
    count = prominent(faces)
    return picture, [Assessed(face, assess(picture, face, faces=count)) for face in faces]


def _refusal(engine: Engine, data: bytes) -> FaceError | None:
    """Ask the pipeline why it sees no face: none there, or the picture lies on its side."""
    try:
        engine.sample(data)
    except FaceError as error:
        return error
    return None


def _write(path: Path, picture: Picture, faces: Sequence[Assessed]) -> None:
    from menshen.cli.annotate import annotate

    try:
        path.write_bytes(annotate(picture, faces))
    except OSError as error:
        raise UnwritableFileError(f"{path}: {error.strerror}") from error


def as_dict(
    engine: Engine, picture: Picture, faces: Sequence[Assessed], refusal: FaceError | None
) -> dict[str, Any]:
    """Return what was found as the HTTP operation does, and whether the picture is usable."""
    from menshen.verification.messages import InspectAnswer

    found = [(one.face, one.quality) for one in faces]
    name, contract = engine.manifest.name, engine.contract
    answer = InspectAnswer.of(picture, found, pack=name, contract=contract).model_dump(mode="json")
    usable = bool(faces) and faces[0].quality.usable
    return {"usable": usable, **(problem(refusal) if refusal else {}), **answer}


def _show(faces: Sequence[Assessed], refusal: FaceError | None, *, lang: Language) -> None:
    if refusal:
        err.print(f"[red]{refusal.code}[/red]: {escape(str(refusal))}", highlight=False)
        err.print(refusal.advice, highlight=False)
    for number, assessed in enumerate(faces, start=1):
        title = WORDS[lang]["face"].format(number=number, count=len(faces))
        out.print(_table(assessed, title=title, lang=lang))
        for component in assessed.quality.tips(limit=3):
            out.print(f"[yellow]→[/] {component.tip(lang)}")


def _table(assessed: Assessed, *, title: str, lang: Language) -> Table:
    words, quality = WORDS[lang], assessed.quality
    table = Table("", "0–100", "", words["measure"], title=title, title_justify="left")
    table.columns[1].justify = "right"
    for component in quality.components:
        label = f"[bold]{component.label(lang)}[/]" if component.critical else component.label(lang)
        table.add_row(label, *_graded(component.value), _measured(component, lang))
    table.add_section()
    table.add_row(words["overall"], *_graded(quality.overall), words[quality.usable])
    return table


def _graded(value: int) -> tuple[str, str]:
    from menshen.faces.quality import GOOD, USABLE

    colour = "green" if value >= GOOD else "yellow" if value >= USABLE else "red"
    return f"[{colour}]{value}[/]", f"[{colour}]{'━' * (value // 5)}[/]"


def _measured(component: Component, lang: Language) -> str:
    figure = f"{component.measure:.3g}"
    return figure if lang == "zh" else f"{figure} [dim]{escape(component.unit)}[/]"
