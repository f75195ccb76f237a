"""The try-it page as a person uses it: mouse, keyboard, camera, phone, either language."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.fakes import BLACK, BLUE, CRIMSON, RED, picture

Open = Callable[..., Page]
SCHEMES = ["light", "dark"]
LANGUAGES = ["en-GB", "zh-CN"]

TOO_FAINT = (Path(__file__).parent / "too_faint.js").read_text("utf-8")
TOO_SMALL = (Path(__file__).parent / "too_small.js").read_text("utf-8")
WIDER_THAN_THE_SCREEN = "() => document.documentElement.scrollWidth > innerWidth"


def leaf(page: Page, side: str) -> Locator:
    return page.locator(f"menshen-leaf[data-side={side}]")


def give(page: Page, side: str, data: bytes) -> None:
    upload: Any = {"name": "face.jpg", "mimeType": "image/jpeg", "buffer": data}
    leaf(page, side).locator("input[type=file]").set_input_files(upload)
    expect(leaf(page, side).locator(".findings > *").first).to_be_visible()


def compare(page: Page, a: bytes, b: bytes) -> Locator:
    give(page, "a", a)
    give(page, "b", b)
    page.locator("#go").click()
    verdict = page.locator("#verdict")
    expect(verdict).to_be_visible()
    return verdict


def test_one_person(open_page: Open) -> None:
    page = open_page()
    verdict = compare(page, picture(RED), picture(CRIMSON))
    expect(verdict.get_by_role("heading", level=2)).to_have_text("The same person")
    expect(verdict).to_contain_text("strangers would look this alike")
    expect(verdict).to_be_focused()
    assert page.locator("#doors").get_attribute("data-outcome") == "accept"


def test_two_people(open_page: Open) -> None:
    verdict = compare(open_page(), picture(RED), picture(BLUE))
    expect(verdict.get_by_role("heading", level=2)).to_have_text("Not the same person")
    expect(verdict.get_by_role("img")).to_have_attribute(
        "aria-label", "this pair: half of all. your bound: 1 in 1,000."
    )


def test_faces_are_drawn_and_described(open_page: Open) -> None:
    page = open_page()
    give(page, "a", picture(RED))
    canvas = leaf(page, "a").locator("canvas")
    expect(canvas).to_have_attribute("aria-label", "Your picture; 1 face(s) found and outlined")
    gold = canvas.evaluate(
        """(c) => {
          const data = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
          const golden = (i) => data[i] > 220 && data[i + 1] > 180;
          return data.filter((_, i) => i % 4 === 0 && golden(i)).length;
        }"""
    )
    assert gold > 50


def test_tips_and_all_measurements(open_page: Open) -> None:
    page = open_page()
    give(page, "a", picture(RED))
    findings = leaf(page, "a").locator(".findings")
    expect(findings.locator("meter")).to_have_attribute("max", "100")
    findings.get_by_text("All measurements").click()
    expect(findings.get_by_role("rowheader", name="Sharpness")).to_be_visible()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (picture(BLACK), "No face was found"),
        (picture(RED, size=(400, 160)), "2 faces were found"),
        (b"<svg/>", "Send a JPEG, PNG or WebP picture."),
        (b"", "The picture is empty"),
        (picture(RED)[:900], "damaged or incomplete"),
    ],
    ids=["no face", "two faces", "no picture", "empty", "truncated"],
)
def test_a_bad_picture_gets_advice(open_page: Open, data: bytes, words: str) -> None:
    page = open_page()
    give(page, "a", data)
    expect(leaf(page, "a").locator(".trouble").first).to_contain_text(words)


def test_the_picture_at_fault_is_named(open_page: Open) -> None:
    verdict = compare(open_page(), picture(RED), picture(BLACK))
    expect(verdict).to_contain_text("Second picture: No face was found")
    assert verdict.get_attribute("data-outcome") == "error"


def test_switching_the_language_keeps_everything(open_page: Open) -> None:
    page = open_page()
    verdict = compare(page, picture(RED), picture(CRIMSON))
    page.get_by_role("link", name="简体中文").click()
    expect(verdict.get_by_role("heading", level=2)).to_have_text("是同一个人")
    expect(page.get_by_role("heading", level=1)).to_have_text("这是同一个人吗？")
    expect(leaf(page, "a").locator("canvas")).to_be_visible()
    assert page.locator("html").get_attribute("lang") == "zh-Hans"
    assert page.title().startswith("门神")
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("这是同一个人吗？")


def test_no_english_is_left_on_the_chinese_page(open_page: Open) -> None:
    page = open_page(locale="zh-CN")
    compare(page, picture(RED), picture(BLUE))
    text = page.locator("main").inner_text()
    for word in ("picture", "strangers", "Compare", "face", "undefined", "{"):
        assert word not in text


def test_with_the_keyboard_alone(open_page: Open) -> None:
    page = open_page()
    upload: Any = {"name": "f.jpg", "mimeType": "image/jpeg", "buffer": picture(RED)}
    # Listening before any key is pressed: the browser must know by then who takes the files.
    page.on("filechooser", lambda chooser: chooser.set_files(upload))
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    choose = leaf(page, "a").locator("[data-part=choose]")
    expect(choose).to_be_focused()
    outline = choose.evaluate("(e) => getComputedStyle(e).outlineStyle")
    assert outline == "solid"
    for side in ("a", "b"):
        leaf(page, side).locator("[data-part=choose]").focus()
        page.keyboard.press("Enter")
        expect(leaf(page, side).locator(".findings > *").first).to_be_visible()
    page.locator("#go").focus()
    page.keyboard.press("Space")
    expect(page.locator("#verdict")).to_be_focused()


def test_compare_waits_for_two_pictures(open_page: Open) -> None:
    page = open_page()
    go = page.locator("#go")
    expect(go).to_have_attribute("aria-disabled", "true")
    go.click(force=True)
    expect(page.locator("#verdict")).to_be_hidden()
    give(page, "a", picture(RED))
    expect(page.get_by_role("status").first).to_have_text("Add two pictures to compare them.")
    give(page, "b", picture(RED))
    expect(go).to_have_attribute("aria-disabled", "false")
    leaf(page, "b").get_by_role("button", name="Remove").click()
    expect(go).to_have_attribute("aria-disabled", "true")
    expect(leaf(page, "b").locator("canvas")).to_be_hidden()


def test_a_picture_can_be_dropped(open_page: Open) -> None:
    page = open_page()
    transfer = page.evaluate_handle(
        """async (bytes) => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([new Uint8Array(bytes)], "p.png", { type: "image/png" }));
          return transfer;
        }""",
        list(picture(RED, kind="PNG", size=(80, 80))),
    )
    leaf(page, "b").dispatch_event("drop", {"dataTransfer": transfer})
    expect(leaf(page, "b").locator("canvas")).to_be_visible()
    page.locator("footer").dispatch_event("drop", {"dataTransfer": transfer})
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def test_a_picture_can_be_taken(open_page: Open) -> None:
    page = open_page()
    leaf(page, "a").get_by_role("button", name="Use the camera").click()
    dialog = page.get_by_role("dialog", name="Take a picture")
    take = dialog.get_by_role("button", name="Take the picture")
    expect(take).to_be_enabled()
    expect(take).to_be_focused()
    expect(dialog).to_contain_text("Look straight into the camera")
    take.click()
    expect(dialog).to_be_hidden()
    expect(leaf(page, "a").locator("canvas")).to_be_visible()
    expect(leaf(page, "a").get_by_role("button", name="Use the camera")).to_be_focused()
    assert page.evaluate("() => document.querySelector('video').srcObject === null")


def test_the_camera_can_be_cancelled(open_page: Open) -> None:
    page = open_page()
    leaf(page, "a").get_by_role("button", name="Use the camera").click()
    expect(page.get_by_role("button", name="Take the picture")).to_be_enabled()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(leaf(page, "a").locator("canvas")).to_be_hidden()
    assert page.evaluate("() => document.querySelector('video').srcObject === null")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("NotAllowedError", "did not allow the camera"),
        ("NotFoundError", "No camera was found"),
        ("NotReadableError", "in use by another program"),
    ],
)
def test_a_refused_camera_is_explained(open_page: Open, name: str, words: str) -> None:
    page = open_page()
    page.evaluate(
        """(name) => {
          navigator.mediaDevices.getUserMedia = async () => { throw new DOMException("", name); };
        }""",
        name,
    )
    leaf(page, "a").get_by_role("button", name="Use the camera").click()
    expect(page.get_by_role("dialog").get_by_role("status")).to_contain_text(words)
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_without_permission_the_page_says_so(open_page: Open) -> None:
    page = open_page(permissions=[])
    leaf(page, "a").get_by_role("button", name="Use the camera").click()
    expect(page.get_by_role("dialog").get_by_role("status")).to_contain_text("did not allow")


def test_an_old_page_renews_its_session(open_page: Open) -> None:
    page = open_page()
    page.context.clear_cookies()
    verdict = compare(page, picture(RED), picture(RED))
    expect(verdict).to_contain_text("The same person")


def test_a_server_that_is_gone(open_page: Open) -> None:
    page = open_page()
    page.route("**/v1/*", lambda route: route.abort())
    give(page, "a", picture(RED))
    expect(leaf(page, "a").locator(".trouble")).to_contain_text("The server did not answer")


def test_models_that_still_load_are_waited_for(open_page: Open) -> None:
    page = open_page(path="/problems")
    answers = iter([503])

    def hold(route: Any) -> None:
        if next(answers, None):
            body = '{"code": "not-ready", "title": "x", "advice": "y"}'
            route.fulfill(status=503, body=body, content_type="application/problem+json")
        else:
            route.continue_()

    page.route("**/v1/models", hold)
    page.goto("/")
    expect(page.locator("#state")).to_have_text(
        "The models are still loading. This takes a few seconds."
    )
    expect(page.locator("#pack-line")).to_have_text(
        "Model pack standard, assurance level: counter."
    )


def test_levels_above_the_pack_are_not_offered(open_page: Open) -> None:
    page = open_page()
    expect(page.locator("#pack-line")).not_to_be_empty()
    disabled = page.locator("#level option:disabled").evaluate_all(
        "(all) => all.map((o) => o.value)"
    )
    assert disabled == ["remote", "sign-in"]
    page.locator("#level").select_option("convenience")
    verdict = compare(page, picture(RED), picture(RED))
    expect(verdict).to_contain_text("You asked for at most 1 in 100.")


def test_samples(open_page: Open) -> None:
    page = open_page()
    page.get_by_role("button", name="Two different actors").click()
    expect(page.locator("#go")).to_have_attribute("aria-disabled", "false")
    page.get_by_role("button", name="Actor otto").click()
    expect(leaf(page, "b").locator(".findings > *").first).to_be_visible()


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("locale", LANGUAGES)
@pytest.mark.parametrize("width", [360, 390, 768, 1280])
def test_it_fits_and_can_be_read(open_page: Open, width: int, locale: str, scheme: str) -> None:
    page = open_page(width=width, locale=locale, color_scheme=scheme, reduced_motion="reduce")
    assert page.evaluate(TOO_FAINT) == []
    compare(page, picture(RED), picture(BLUE))
    page.locator("details").evaluate_all("(all) => all.forEach((d) => (d.open = true))")
    assert not page.evaluate(WIDER_THAN_THE_SCREEN)
    assert page.evaluate(TOO_FAINT) == []
    assert page.evaluate(TOO_SMALL) == []


@pytest.mark.parametrize("path", ["/problems", "/problems/face-not-found"])
def test_problem_pages_fit_and_can_be_read(open_page: Open, path: str) -> None:
    for scheme in SCHEMES:
        page = open_page(width=360, path=path, color_scheme=scheme)
        assert not page.evaluate(WIDER_THAN_THE_SCREEN)
        assert page.evaluate(TOO_FAINT) == []


def test_text_may_be_twice_as_large(open_page: Open) -> None:
    page = open_page(width=640)
    page.evaluate("() => (document.documentElement.style.fontSize = '200%')")
    assert not page.evaluate(WIDER_THAN_THE_SCREEN)


def test_who_wants_no_motion_gets_none(open_page: Open) -> None:
    page = open_page(reduced_motion="reduce")
    compare(page, picture(RED), picture(RED))
    moving = "(all) => all.filter((e) => getComputedStyle(e).transitionDuration !== '0s').length"
    assert page.locator("*").evaluate_all(moving) == 0


def test_everything_has_a_name(open_page: Open) -> None:
    page = open_page()
    tree = page.locator("body").aria_snapshot()
    for named in (
        'heading "Are these the same person?" [level=1]',
        'button "Choose a file"',
        'button "Use the camera"',
        'combobox "How many strangers may pass?"',
        'button "Compare"',
        'navigation "Language"',
        'link "Menshen, start page"',
    ):
        assert named in tree, named
