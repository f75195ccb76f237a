from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tests.fakes import RED, picture

from menshen.platform.problem_table import PROBLEMS
from menshen.web.pages import MOST_SAMPLES, samples
from menshen.web.sessions import COOKIE

Serve = Callable[..., TestClient]
WEB = Path(__file__).parents[2] / "src/menshen/web"
SOURCES = [*WEB.glob("templates/*.html"), *WEB.glob("static/js/*.js")]


def words(language: str) -> dict[str, str]:
    loaded: dict[str, str] = json.loads((WEB / f"translations/{language}.json").read_text("utf-8"))
    return loaded


def token(page: str) -> str:
    found = re.search(r'name="menshen-token" content="([0-9a-f]{64})"', page)
    assert found
    return found[1]


def test_the_page_may_compare_without_a_key(serve: Serve) -> None:
    client = serve(scopes=None)
    page = client.get("/")
    assert COOKIE in page.cookies
    pair = {"a": ("a", picture(RED)), "b": ("b", picture(RED))}
    headers = {"X-Menshen-Page": token(page.text)}
    assert client.post("/v1/compare", files=pair, headers=headers).status_code == 200
    assert client.post("/v1/compare", files=pair).json()["code"] == "key-missing"
    client.cookies.clear()
    refused = client.post("/v1/compare", files=pair, headers=headers)
    assert refused.json()["code"] == "session-expired"


def test_another_site_cannot_use_the_pages_session(serve: Serve) -> None:
    client = serve(scopes=None)
    headers = {"X-Menshen-Page": token(client.get("/").text), "Sec-Fetch-Site": "cross-site"}
    assert client.get("/v1/models", headers=headers).json()["code"] == "session-expired"
    answer = client.options(
        "/v1/compare",
        headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"},
    )
    assert "access-control-allow-origin" not in answer.headers


def test_the_page_is_not_kept_by_any_cache(client: TestClient) -> None:
    assert client.get("/").headers["cache-control"] == "no-store"


def test_switched_off_there_is_neither_page_nor_session(serve: Serve) -> None:
    client = serve(scopes=None, try_it=False)
    page = client.get("/")
    assert page.status_code == 200
    assert "menshen-token" not in page.text
    assert COOKIE not in page.cookies
    answer = client.get("/v1/models", headers={"X-Menshen-Page": "0" * 64})
    assert answer.json()["code"] == "key-missing"
    assert client.get("/samples/a-1.png").status_code == 404


@pytest.mark.parametrize(
    ("query", "header", "html", "text"),
    [
        ("", "en-GB", "en", "Are these the same person?"),
        ("", "zh-CN", "zh-Hans", "这是同一个人吗？"),
        ("?lang=zh", "en-GB", "zh-Hans", "这是同一个人吗？"),
        ("?lang=en", "zh-CN", "en", "Are these the same person?"),
        ("?lang=fr", "zh-CN", "zh-Hans", "这是同一个人吗？"),
        ("?lang=<script>", "", "en", "Are these the same person?"),
    ],
)
def test_the_language_asked_for(
    client: TestClient, query: str, header: str, html: str, text: str
) -> None:
    page = client.get(f"/{query}", headers={"Accept-Language": header})
    assert f'<html lang="{html}">' in page.text
    assert text in page.text
    assert page.headers["content-language"] == html


def test_an_operator_may_offer_one_language_only(serve: Serve) -> None:
    page = serve(languages=("zh",)).get("/?lang=en", headers={"Accept-Language": "en"})
    assert '<html lang="zh-Hans">' in page.text
    assert "data-language" not in page.text


def test_translations_have_the_same_words_and_places() -> None:
    english, chinese = words("en"), words("zh")
    assert list(english) == list(chinese)
    for name, text in english.items():
        places = set(re.findall(r"\{\w+\}", text))
        assert places == set(re.findall(r"\{\w+\}", chinese[name])), name


def test_every_word_that_is_used_exists_and_none_is_idle() -> None:
    source = "\n".join(path.read_text("utf-8") for path in SOURCES)
    english = words("en")
    used = set(re.findall(r'\bwords\.(\w+)|data-w(?:-label)?="(\w+)"', source))
    for name in {first or second for first, second in used}:
        if name not in {"js", "now", "words", "textContent"}:
            assert name in english, name
    families = ("leaf_", "level_", "outcome_", "meaning_", "error_", "n_", "level_name_")
    for name in english:
        assert re.search(rf"\b{re.escape(name)}\b", source) or name.startswith(families), name


def test_pages_load_nothing_from_elsewhere_and_hold_no_inline_code(client: TestClient) -> None:
    for path in ("/", "/problems", "/problems/not-found"):
        page = client.get(path).text
        for address in re.findall(r'(?:src|href|action)="([^"]*)"', page):
            assert address.startswith(("/", "#", "?")), address
            assert not address.startswith("//")
        assert not re.search(r'\sstyle="|\son\w+="', page)
        for script in re.findall(r"<script([^>]*)>", page):
            assert "src=" in script or 'type="application/json"' in script
    for file in WEB.glob("static/**/*.*"):
        text = file.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
        assert "http://" not in text
        assert "https://" not in text


def test_every_static_file_is_served(client: TestClient) -> None:
    for path in WEB.glob("static/**/*.*"):
        answer = client.get(f"/static/{path.relative_to(WEB / 'static')}")
        assert answer.status_code == 200
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert client.get("/static/../app.py").status_code == 404
    assert client.get("/static/%2e%2e/app.py").status_code == 404


@pytest.mark.parametrize("code", PROBLEMS)
def test_every_problem_type_is_a_page(client: TestClient, code: str) -> None:
    for language, words_of in (("en", "en"), ("zh-CN", "zh")):
        page = client.get(f"/problems/{code}", headers={"Accept-Language": language})
        assert page.status_code == 200
        kind = PROBLEMS[code]
        title = kind.title.zh if words_of == "zh" else kind.title.en
        assert title.replace("'", "&#39;") in page.text
        assert f"<code>{code}</code>" in page.text


def test_all_problems_are_on_one_page(client: TestClient) -> None:
    page = client.get("/problems").text
    assert all(f'id="{code}"' in page for code in PROBLEMS)
    assert client.get("/problems/unheard-of").json()["code"] == "not-found"
    assert client.get("/problems/%3Cscript%3E").status_code == 404


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "samples"
    folder.mkdir()
    for name in ("mei-1.png", "mei-2.png", "otto-1.png", "notes.txt", "photo.jpg"):
        (folder / name).write_bytes(picture(RED, kind="PNG"))
    (tmp_path / "secret.png").write_bytes(picture(RED, kind="PNG"))
    return folder


def test_samples_are_offered_by_actor(folder: Path) -> None:
    assert samples(folder) == [
        {"url": "/samples/mei-1.png", "actor": "mei"},
        {"url": "/samples/mei-2.png", "actor": "mei"},
        {"url": "/samples/otto-1.png", "actor": "otto"},
    ]
    assert samples(None) == []
    assert samples(folder / "missing") == []


def test_samples_are_served_and_nothing_else_is(serve: Serve, folder: Path) -> None:
    client = serve(samples_dir=folder)
    answer = client.get("/samples/mei-1.png")
    assert answer.headers["content-type"] == "image/png"
    assert answer.content.startswith(b"\x89PNG")
    assert "samples-same" in client.get("/").text
    for other in ("notes.txt", "photo.jpg", "../secret.png", "%2e%2e%2fsecret.png", "none.png"):
        assert client.get(f"/samples/{other}").status_code == 404


def test_a_sample_may_have_any_name(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "老 王&Co-1.png").write_bytes(picture(RED, kind="PNG"))
    (offer,) = samples(tmp_path)
    assert offer["actor"] == "老 王&Co"
    assert re.fullmatch(r"/samples/[A-Za-z0-9%.-]+", offer["url"])
    assert serve(samples_dir=tmp_path).get(offer["url"]).status_code == 200


def test_without_samples_none_are_offered(client: TestClient) -> None:
    assert "samples-same" not in client.get("/").text


def test_a_crowd_of_samples_is_cut_short(tmp_path: Path) -> None:
    for number in range(MOST_SAMPLES + 5):
        (tmp_path / f"a-{number}.png").touch()
    assert len(samples(tmp_path)) == MOST_SAMPLES
