"""What Menshen is not: promises of the README that the code itself must keep."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "menshen"
MODULES = sorted(SOURCE.rglob("*.py"))

NEVER = re.compile(
    r"(^|_)(ethnicit\w*|race|nationality|emotions?|mood|trustworth\w*|honesty|gender|predict_age"
    r"|estimate_age|attractive\w*|watch_?lists?|black_?lists?|suspects_list|debts?|debtors?"
    r"|track_person|follow_person|reverse_search|find_strangers?)($|_)",
    re.IGNORECASE,
)
# Drawing is what these are for: a named file the user asked for, or people who do not exist.
MAY_WRITE_PICTURES = {
    "cli/annotate.py",
    "cli/demo.py",
    "cli/det_plot.py",
    "cli/extraction.py",  # its save keeps templates, for as long as an evaluation runs
    "actors/cache.py",
}
WRITERS = {"imwrite", "imencode", "savefig", "print_png", "save"}
REGISTRIES = ("python" + "hosted", "py" + "pi.org", "npm" + "js.", "deb.deb" + "ian")


def parsed() -> Iterator[tuple[str, ast.Module]]:
    for path in MODULES:
        yield str(path.relative_to(SOURCE)), ast.parse(path.read_text("utf-8"))


def names(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from (argument.arg for argument in node.args.args + node.args.kwonlyargs)
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id


def test_the_pattern_would_catch_what_it_is_for() -> None:
    for name in ("guess_ethnicity", "emotion", "watchlist", "add_to_watch_list", "debt", "gender"):
        assert NEVER.search(name), name
    for name in ("embrace", "page", "image", "trace", "engender", "watch", "list_packs"):
        assert not NEVER.search(name), name


def test_nothing_guesses_what_a_person_is_like_or_hunts_for_strangers() -> None:
    found = [(module, n) for module, tree in parsed() for n in names(tree) if NEVER.search(n)]
    assert found == []


def test_the_interface_offers_comparison_and_inspection_and_nothing_else() -> None:
    document = json.loads((ROOT / "tests" / "web" / "openapi.json").read_text("utf-8"))
    operations = {path for path in document["paths"] if path.startswith("/v1/")}
    assert operations == {"/v1/compare", "/v1/inspect", "/v1/models"}
    assert not NEVER.search(json.dumps(document).replace('"', "_").replace(" ", "_"))


def test_only_drawing_modules_can_write_a_picture() -> None:
    found = {
        module
        for module, tree in parsed()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in WRITERS
    }
    assert found - MAY_WRITE_PICTURES == set()


def test_no_registry_is_named_anywhere() -> None:
    ignored = {".git", ".venv", ".venv-bench", ".mypy_cache", ".ruff_cache", ".hypothesis"}
    for path in ROOT.rglob("*"):
        if not path.is_file() or ignored & set(path.relative_to(ROOT).parts):
            continue
        if path.suffix in {".npz", ".png", ".webp", ".jpg", ".dat", ".pyc", ".bin"}:
            continue
        text = path.read_text("utf-8", errors="ignore")
        assert not [host for host in REGISTRIES if host in text], path


@pytest.mark.parametrize("path", [p for p in MODULES if "faces" in p.parts], ids=lambda p: p.stem)
def test_faces_open_no_files_and_read_no_clock(path: Path) -> None:
    called = {
        node.func.id
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert not called & {"open", "exec", "eval", "compile", "__import__", "input", "print"}


def test_no_person_in_the_repository_is_real() -> None:
    """Pictures under version control are drawings: pages of our own, plots and actors."""
    kinds = {".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"}
    ignored = {".git", ".venv", ".venv-bench"}
    pictures = {
        str(path.relative_to(ROOT).parent)
        for path in ROOT.rglob("*")
        if path.suffix.lower() in kinds and not ignored & set(path.relative_to(ROOT).parts)
    }
    assert pictures <= {"docs/images", "bench/results", "tests/corpus/pictures"}
